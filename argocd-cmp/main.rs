//! The Argo CD plugin: the process in the sidecar, and the same renderer for a person.

use std::process::ExitCode;

/// The image's binary is linked to musl, whose own allocator makes threads wait for each other: with it a small render
/// takes twice as long.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    eod_cmp_server::run(std::env::args_os().skip(1))
}
