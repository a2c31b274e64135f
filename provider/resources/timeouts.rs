//! The argument `timeouts`, which every managed resource has.

use std::time::Duration;

use eod_domain::Ttl;
use tfplugin::{Model, Text};

/// How long operations may take, as `90s`, `5m` or `1h`.
#[derive(Clone, Model)]
pub(crate) struct TimeoutsArgs {
    /// `5m` where it is not given.
    pub create: Option<Text<Ttl>>,
    /// `1m` where it is not given.
    pub read: Option<Text<Ttl>>,
    /// `5m` where it is not given.
    pub update: Option<Text<Ttl>>,
    /// `10m` where it is not given. It covers the wait until everything is gone.
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
    /// How long an operation may take.
    pub(crate) fn of(timeouts: Option<&Self>, operation: Operation) -> Duration {
        let (given, default) = match operation {
            Operation::Create => (timeouts.and_then(|each| each.create), 300),
            Operation::Read => (timeouts.and_then(|each| each.read), 60),
            Operation::Update => (timeouts.and_then(|each| each.update), 300),
            Operation::Delete => (timeouts.and_then(|each| each.delete), 600),
        };
        given.map_or(Duration::from_secs(default), |ttl| Duration::from_secs(ttl.seconds().into()))
    }
}
