//! Fuzz target for the function `message` in `bodies.rs`.
#![no_main]

use eod_cmp_server::{AppDirectory, ArchiveLimits, DeclaredArchive, Unpacked, unpack};

#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "each target calls one of the bodies, which report by panics"
)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::message(data));
