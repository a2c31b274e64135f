//! The kit tested on itself: what the other tests take for granted is true.

mod cluster;
mod fault;
mod terraform;
mod testbed;
