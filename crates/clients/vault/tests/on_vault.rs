//! Tests on a real Vault. `make unit` skips this module, because it builds no server.

mod copies;
mod logins;
mod policies;
mod real;
mod server;
mod subtrees;
