//! The service on a real socket, asked as repo-server asks.

pub(crate) mod kit;
mod life;
mod replies;
mod rules;
