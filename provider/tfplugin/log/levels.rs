//! Which events are wanted.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use crate::process_environment::ProcessEnvironment;

/// Libraries whose lower levels are either noise (every HTTP/2 frame) or risky: kube's client builder logs requests, and
/// requests may carry secrets.
const QUIET: [&str; 7] =
    ["h2", "hyper", "hyper_util", "kube_client::client::builder", "rustls", "tokio_rustls", "tower"];

/// The level that the environment asks for. The most specific variable wins, as Terraform's own documentation has it:
/// `TF_LOG_PROVIDER_<NAME>`, then `TF_LOG_PROVIDER`, then `TF_LOG`.
pub(crate) fn requested(name: &str, environment: &ProcessEnvironment) -> LevelFilter {
    let own = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|variable| environment.get(variable))
        .map_or(LevelFilter::OFF, |value| level(&value.to_string_lossy()))
}

/// Reads a level the way Terraform does: in any case, and a value it does not know means everything.
fn level(text: &str) -> LevelFilter {
    match text.trim().to_ascii_lowercase().as_str() {
        "off" | "none" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        // "trace" and "json", the latter being TRACE with another format on Terraform's side.
        _ => LevelFilter::TRACE,
    }
}

/// Lets `level` through, only warnings of the quiet libraries, and nothing of the `silent` ones.
pub(crate) fn filter(level: LevelFilter, silent: &[&'static str]) -> Targets {
    let capped = level.min(LevelFilter::WARN);
    Targets::new()
        .with_default(level)
        .with_targets(QUIET.map(|target| (target, capped)))
        .with_targets(silent.iter().map(|target| (*target, LevelFilter::OFF)))
}

#[cfg(test)]
mod tests;
