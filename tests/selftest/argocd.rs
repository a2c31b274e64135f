//! Tests of the kit's Argo CD servers.

mod authority;
mod controllers;
mod forge;
mod lifecycle;
mod plugin;
mod repo_server;
mod repository;
