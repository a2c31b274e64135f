//! Logs as Terraform reads them: one JSON object per line on stderr, in the form of HashiCorp's hclog.
//!
//! The layer promises, for every event whatever its fields are: one line of valid JSON below 64 KiB, in which `@level`,
//! `@message`, `@timestamp` and `@module` are strings. Terraform itself panics when one of the first three is not, even
//! with its own log off. All other values are JSON scalars.
//!
//! Nothing is produced that nobody asked for: without `TF_LOG`, `TF_LOG_PROVIDER` or `TF_LOG_PROVIDER_<NAME>` no event is
//! even built. What an event may contain is its author's duty: values of attributes are never logged.

mod layer;
mod levels;
mod line;
mod panic;

use std::time::SystemTime;

use tracing_subscriber::layer::SubscriberExt as _;

use crate::host::{Environment, Meta};

/// Makes this the log of the process and lets panics be seen as such by Terraform. The first call wins: a process that
/// has a subscriber already, such as a test, keeps it.
pub fn install(meta: &Meta, environment: &Environment) {
    panic::install();
    let level = levels::requested(meta.name, environment);
    if level == tracing::level_filters::LevelFilter::OFF {
        return;
    }
    let layer = layer::Hclog::new(meta.name, std::io::stderr, SystemTime::now);
    let subscriber = tracing_subscriber::registry().with(levels::filter(level, meta.silent)).with(layer);
    // An error says that there is a subscriber already, which is the caller's choice.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
