//! Operations of EoD: the commands of `eod`.

use std::process::ExitCode;

fn main() -> ExitCode {
    eod_ops::run(std::env::args_os(), std::env::vars().collect())
}
