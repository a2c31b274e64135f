//! Fuzz target, see the function of the same name in `bodies.rs`.
#![no_main]

use eod_cmp_server::{ArchiveLimits, DeclaredArchive, Unpacked, AppDirectory, unpack};

#[allow(dead_code, reason = "each target calls one of the bodies")]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::policy(data));
