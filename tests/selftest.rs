//! The kit tested on itself: what the other tests take for granted is true.

mod argocd;
mod cluster;
mod fault;
mod terraform;
mod testbed;
mod vault;
