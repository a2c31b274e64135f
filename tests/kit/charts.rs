//! Servers of chart repositories on loopback, over HTTPS with a certificate of their own: a repository with an index, and
//! the token server of an OCI registry.

mod repository;
mod server;
mod tokens;

pub use self::{repository::ChartRepository, server::pem, tokens::TokenServer};
