//! The service on a real socket, asked as repo-server asks.

mod hostile;
pub(crate) mod kit;
mod life;
mod replies;
mod rules;
