//! The Argo CD plugin: the process in the sidecar, and the same renderer for a person.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The image's binary is linked to musl, whose own allocator makes threads wait for each other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    eod_cmp_server::run(std::env::args_os().skip(1))
}
