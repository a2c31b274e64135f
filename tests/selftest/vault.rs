//! Tests of the kit's Vault servers.

mod audit;
mod faults;
mod login;
mod server;
mod versions;
