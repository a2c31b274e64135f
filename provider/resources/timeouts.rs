//! The argument `timeouts` of all managed resources.

use std::time::Duration;

use eod_domain::Ttl;
use tfplugin::{Model, Text};

/// Maximum durations of operations, such as `90s`, `5m` or `1h`.
#[derive(Clone, Model)]
pub(crate) struct TimeoutsArgs {
    /// Default: `5m`.
    pub create: Option<Text<Ttl>>,
    /// Default: `1m`.
    pub read: Option<Text<Ttl>>,
    /// Default: `5m`.
    pub update: Option<Text<Ttl>>,
    /// Default: `10m`. It includes the wait until everything is deleted.
    pub delete: Option<Text<Ttl>>,
}

/// An operation that has a timeout.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Create,
    Read,
    Update,
    Delete,
}

impl TimeoutsArgs {
    /// Maximum duration of an operation, or its default.
    pub(crate) fn limit_or_default(timeouts: Option<&Self>, operation: Operation) -> Duration {
        let (given, default) = match operation {
            Operation::Create => (timeouts.and_then(|each| each.create), 300),
            Operation::Read => (timeouts.and_then(|each| each.read), 60),
            Operation::Update => (timeouts.and_then(|each| each.update), 300),
            Operation::Delete => (timeouts.and_then(|each| each.delete), 600),
        };
        given.map_or(Duration::from_secs(default), |ttl| Duration::from_secs(ttl.seconds().into()))
    }
}
