//! Operations of EoD: the commands of `eod`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Variables that are not UTF-8 are none of EoD's.
    let variables = std::env::vars_os();
    let variables = variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    eod_ops::run(std::env::args_os(), variables.collect())
}
