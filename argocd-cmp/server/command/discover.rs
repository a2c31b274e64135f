//! `discover`: under the stock server, a word on stdout says that an Application without a plugin's name is ours.
//!
//! A directory does not say whether it is to be a preview. The parameters do.

use super::{Ended, print};

/// Parameters that no other plugin has for its own.
const OURS: [&str; 2] = ["environment", "pull-request"];

pub(super) fn run() -> Ended {
    let parameters = std::env::var("ARGOCD_APP_PARAMETERS").unwrap_or_default();
    if is_ours(&parameters) { print("eod\n") } else { Ended::Done }
}

fn is_ours(parameters: &str) -> bool {
    let parameters = eod_render::parse_raw_parameters(parameters).unwrap_or_default();
    parameters.iter().any(|parameter| OURS.contains(&parameter.name.as_str()))
}

#[cfg(test)]
mod tests;
