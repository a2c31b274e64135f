//! The service on a real socket, called like repo-server calls it.

mod hostile;
pub(crate) mod kit;
mod life;
mod replies;
mod rules;
