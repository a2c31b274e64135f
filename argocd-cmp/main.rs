//! The Argo CD plugin: the process in the sidecar, and the same renderer for a person.

use std::process::ExitCode;

fn main() -> ExitCode {
    eod_cmp_server::run(std::env::args_os().skip(1))
}
