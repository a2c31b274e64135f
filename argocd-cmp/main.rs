//! The Argo CD plugin `eod-cmp`: the server in the sidecar and the local commands.

use std::process::ExitCode;

/// A render allocates many small values on several threads. musl's allocator, in the binary of the image, serializes threads
/// and doubles the time of a small render.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    eod_cmp_server::run(std::env::args_os().skip(1))
}
