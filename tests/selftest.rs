//! Tests of the test kit.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code reports by panics; clippy permits them only inside of #[test]"
)]

mod argocd;
mod cluster;
mod fault;
mod terraform;
mod testbed;
mod vault;
