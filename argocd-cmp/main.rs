//! The Argo CD plugin `eod-cmp`: the server in the sidecar and the local commands.

use std::process::ExitCode;

/// A quarter of a small render is allocation. With musl's own allocator, which serializes threads, a render in the image
/// would take twice as long.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    eod_cmp_server::run(std::env::args_os().skip(1))
}
