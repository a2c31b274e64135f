//! Tests of the test kit.

mod argocd;
mod cluster;
mod fault;
mod terraform;
mod testbed;
mod vault;
