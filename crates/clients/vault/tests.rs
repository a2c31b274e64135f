//! Tests of the client: faults on the fake, everything else on a real Vault.

mod copies;
mod fake;
mod faults;
mod logins;
mod policies;
mod real;
mod server;
mod subtrees;
