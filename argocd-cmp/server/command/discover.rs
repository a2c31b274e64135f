//! `discover`: prints `eod` if an Application that names no plugin belongs to this plugin, for `argocd-cmp-server`.
//!
//! The parameters of the Application decide, not its directory.

use super::{CommandResult, print};

/// Parameters that identify an Application of this plugin.
const OWN_PARAMETERS: [&str; 2] = ["environment", "pull-request"];

pub(super) fn run() -> CommandResult {
    let parameters = std::env::var("ARGOCD_APP_PARAMETERS").unwrap_or_default();
    if has_own_parameters(&parameters) { print("eod\n") } else { CommandResult::Done }
}

fn has_own_parameters(parameters: &str) -> bool {
    let parameters = eod_render::parse_raw_parameters(parameters).unwrap_or_default();
    parameters.iter().any(|parameter| OWN_PARAMETERS.contains(&parameter.name.as_str()))
}

#[cfg(test)]
mod tests;
