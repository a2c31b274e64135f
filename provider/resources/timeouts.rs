//! Argument `timeouts` of all managed resources.

use std::time::Duration;

use eod_domain::HumanDuration;
use tfplugin::{Model, Text};

/// Maximum durations of operations, such as `90s`, `5m` or `1h`.
#[derive(Clone, Model)]
pub(crate) struct TimeoutsArgs {
    /// Maximum duration of a create. Default `5m`.
    pub create: Option<Text<HumanDuration>>,
    /// Maximum duration of a read. Default `1m`.
    pub read: Option<Text<HumanDuration>>,
    /// Maximum duration of an update. Default `5m`.
    pub update: Option<Text<HumanDuration>>,
    /// Maximum duration of a delete, with the wait until everything is gone. Default `10m`.
    pub delete: Option<Text<HumanDuration>>,
}

/// Operation with a timeout.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Create,
    Read,
    Update,
    Delete,
}

impl TimeoutsArgs {
    /// Timeout of an operation, or its default.
    pub(crate) fn of_or_default(timeouts: Option<&Self>, operation: Operation) -> Duration {
        let (given, default) = match operation {
            Operation::Create => (timeouts.and_then(|each| each.create), 300),
            Operation::Read => (timeouts.and_then(|each| each.read), 60),
            Operation::Update => (timeouts.and_then(|each| each.update), 300),
            Operation::Delete => (timeouts.and_then(|each| each.delete), 600),
        };
        given.map_or(Duration::from_secs(default), |timeout| Duration::from_secs(timeout.seconds().into()))
    }
}
