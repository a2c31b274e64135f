//! Logs as Terraform reads them: one JSON object per line on stderr, in the form of HashiCorp's hclog.
//!
//! The layer promises, for every event whatever its fields are: one line of valid JSON below 64 KiB, in which `@level`,
//! `@message`, `@timestamp` and `@module` are strings. Terraform itself panics when one of the first three is not, even
//! with its own log off. All other values are JSON scalars.
//!
//! Without `TF_LOG`, `TF_LOG_PROVIDER` or `TF_LOG_PROVIDER_<NAME>` no event is built. The author of an event is responsible
//! for its contents: values of attributes are never logged.

mod layer;
mod levels;
mod line;
mod panic;

use std::time::SystemTime;

use tracing_subscriber::layer::SubscriberExt as _;

use crate::process_environment::ProcessEnvironment;

/// Installs the log and the panic hook of the process. `name` is the provider's, and the log targets `silent` are left out.
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
    // An error means that there is a subscriber already, which is the caller's choice.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
