//! Log levels from the environment.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use crate::process_environment::ProcessEnvironment;

/// Libraries with lower levels that are not useful (every HTTP/2 frame) or not safe: the client builder of kube logs
/// requests, and requests may contain secrets.
const QUIET: [&str; 7] =
    ["h2", "hyper", "hyper_util", "kube_client::client::builder", "rustls", "tokio_rustls", "tower"];

/// Log level from the environment. The most specific variable is used, as in Terraform's documentation:
/// `TF_LOG_PROVIDER_<NAME>`, then `TF_LOG_PROVIDER`, then `TF_LOG`.
pub(crate) fn requested(name: &str, environment: &ProcessEnvironment) -> LevelFilter {
    let own = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|variable| environment.get(variable))
        .map_or(LevelFilter::OFF, |value| level(&value.to_string_lossy()))
}

/// Parses a level as Terraform does: case-insensitive, and an unsupported value means TRACE.
fn level(text: &str) -> LevelFilter {
    match text.trim().to_ascii_lowercase().as_str() {
        "off" | "none" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        // "trace" and "json"; for Terraform "json" is TRACE in another format.
        _ => LevelFilter::TRACE,
    }
}

/// Filter for `level`, with at most warnings of the `QUIET` libraries and no events of the `silent` targets.
pub(crate) fn filter(level: LevelFilter, silent: &[&'static str]) -> Targets {
    let capped = level.min(LevelFilter::WARN);
    Targets::new()
        .with_default(level)
        .with_targets(QUIET.map(|target| (target, capped)))
        .with_targets(silent.iter().map(|target| (*target, LevelFilter::OFF)))
}

#[cfg(test)]
mod tests;
