//! Fuzz target for the function `yaml` in `bodies.rs`.
#![no_main]

use eod_cmp_server::{AppDirectory, ArchiveLimits, DeclaredArchive, Unpacked, unpack};

#[allow(dead_code, reason = "each target calls one of the bodies")]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::yaml(data));
