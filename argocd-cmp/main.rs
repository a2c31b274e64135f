//! The Argo CD plugin `eod-cmp`: the server in the sidecar and the local commands.

use std::process::ExitCode;

/// The binary of the image is linked to musl. With musl's allocator, which serializes threads, a small render takes twice
/// as long.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    eod_cmp_server::run(std::env::args_os().skip(1))
}
