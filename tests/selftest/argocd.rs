//! The servers do what the stories need real ones for.

mod authority;
mod controllers;
mod lifecycle;
mod plugin;
mod repo_server;
mod repository;
