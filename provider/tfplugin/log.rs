//! Log in the format of Terraform: one JSON object per line on stderr, as HashiCorp's hclog writes it.
//!
//! Guarantees for every event with any fields: one line of valid JSON below 64 KiB, in which `@level`, `@message`,
//! `@timestamp` and `@module` are strings. Terraform panics if one of the first three is not a string, even if its log
//! is off. All other values are JSON scalars.
//!
//! No event is created if none of `TF_LOG`, `TF_LOG_PROVIDER` and `TF_LOG_PROVIDER_<NAME>` is set. An event must not
//! contain values of attributes; the code that creates the event is responsible for that.

mod layer;
mod levels;
mod line;
mod panic;

use std::time::SystemTime;

use tracing_subscriber::layer::SubscriberExt as _;

use crate::process_environment::ProcessEnvironment;

/// Installs the log and the panic hook of the process. `name` is the provider's name; events of the `silent` targets
/// are dropped.
///
/// A process that already has a tracing subscriber, such as a test, keeps it.
pub fn install(name: &str, silent: &[&'static str], environment: &ProcessEnvironment) {
    panic::install();
    let level = levels::requested(name, environment);
    if level == tracing::level_filters::LevelFilter::OFF {
        return;
    }
    let layer = layer::Hclog::new(name, std::io::stderr, SystemTime::now);
    let subscriber = tracing_subscriber::registry().with(levels::filter(level, silent)).with(layer);
    // An error means that a subscriber is already installed. It stays, as documented above.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
