//! Metrics for Prometheus.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use eod_render::{Narrowed, Refusals};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::archive::ArchiveStats;
use crate::cache::CacheLookup;

/// Labels of a metric with one label.
type OneLabel = [(&'static str, &'static str); 1];
/// Labels of a metric with two labels.
type TwoLabels = [(&'static str, &'static str); 2];

/// Metrics of the process.
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<TwoLabels, Counter>,
    refusals: Family<OneLabel, Counter>,
    narrowed: Family<OneLabel, Counter>,
    seconds: Family<OneLabel, Histogram>,
    bytes: Family<OneLabel, Counter>,
    kept_files: Counter,
    cache: Family<OneLabel, Counter>,
    cache_bytes: Gauge<i64, AtomicI64>,
    cache_entries: Gauge<i64, AtomicI64>,
    running: Gauge<i64, AtomicI64>,
    deadline_left: Gauge<f64, AtomicU64>,
    policy_refused: Gauge<i64, AtomicI64>,
    tool_retries: Counter,
}

/// Outcome of a call, a label of the metric `calls`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CallOutcome {
    /// The call succeeded.
    Answered,
    /// The archive, the repository, the parameters or the policy were refused.
    Refused,
    /// The deadline expired.
    Late,
    /// Too many calls were running.
    Busy,
    /// The user is not allowed to call.
    Denied,
    /// A bug in eod-cmp.
    Bug,
    /// The caller disconnected.
    Gone,
}

impl CallOutcome {
    /// Value of the label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Late => "late",
            Self::Busy => "busy",
            Self::Denied => "denied",
            Self::Bug => "bug",
            Self::Gone => "gone",
        }
    }
}

/// Buckets in seconds, from 0.1 ms to one minute.
const BUCKETS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0];

impl Metrics {
    /// Registers every metric.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("eod_cmp");
        let info = [("version", env!("CARGO_PKG_VERSION"))];
        let build = Family::<OneLabel, Gauge>::default();
        build.get_or_create(&info).set(1);
        registry.register("build", "Version of eod-cmp", build);
        Self {
            calls: register(&mut registry, "calls", "Calls by method and outcome", Family::default()),
            refusals: register(&mut registry, "refusals", "Refusals by rule", Family::default()),
            narrowed: register(
                &mut registry,
                "narrowed",
                "Requests that were removed from a source, by class",
                Family::default(),
            ),
            seconds: {
                let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
                let help = "Time per part of a call: archive_queue, queue, unpack, render, tool_queue, tool, share (from the last \
                     byte received to the response)";
                registry.register_with_unit("part", help, Unit::Seconds, Family::clone(&seconds));
                seconds
            },
            bytes: register(&mut registry, "archive_bytes", "Bytes received, unpacked and kept", Family::default()),
            kept_files: register(&mut registry, "kept_files", "Files and links kept", Counter::default()),
            cache: register(&mut registry, "cache", "Cache lookups by result", Family::default()),
            cache_bytes: register(&mut registry, "cache_bytes", "Bytes in the cache", Gauge::default()),
            cache_entries: register(&mut registry, "cache_entries", "Entries in the cache", Gauge::default()),
            running: register(&mut registry, "running", "Running calls", Gauge::default()),
            deadline_left: register(
                &mut registry,
                "deadline_left_seconds",
                "Time left until the caller's deadline at the end of the last call",
                Gauge::default(),
            ),
            policy_refused: register(
                &mut registry,
                "policy_refused",
                "1 if the policy file is invalid and an older policy is active",
                Gauge::default(),
            ),
            tool_retries: register(
                &mut registry,
                "tool_retries",
                "Tools started again after a temporary failure",
                Counter::default(),
            ),
            registry,
        }
    }

    /// Counts a call.
    pub(crate) fn count_call(&self, method: &'static str, outcome: CallOutcome) {
        self.calls.get_or_create(&[("method", method), ("outcome", outcome.as_str())]).inc();
    }

    /// Counts every refusal by its rule.
    pub(crate) fn count_refusals(&self, refusals: &Refusals) {
        for refusal in refusals.as_slice() {
            self.refusals.get_or_create(&[("rule", refusal.rule.as_str())]).inc();
        }
    }

    /// Counts everything that was removed from a source, by its class.
    pub(crate) fn count_narrowed(&self, narrowed: &[Narrowed]) {
        for one in narrowed {
            self.narrowed.get_or_create(&[("class", one.class.as_str())]).inc();
        }
    }

    /// Records an unpacked archive of `received` compressed bytes.
    pub(crate) fn observe_archive(&self, stats: &ArchiveStats, received: u64, took: Duration) {
        for (what, bytes) in [("received", received), ("unpacked", stats.unpacked_bytes), ("kept", stats.kept_bytes)] {
            self.bytes.get_or_create(&[("what", what)]).inc_by(bytes);
        }
        self.kept_files.inc_by(stats.kept_files as u64);
        self.observe_seconds("unpack", took);
    }

    /// Records the duration of one part of a call.
    pub(crate) fn observe_seconds(&self, part: &'static str, took: Duration) {
        self.seconds.get_or_create(&[("part", part)]).observe(took.as_secs_f64());
    }

    /// Counts a cache lookup.
    pub(crate) fn count_cache_lookup(&self, lookup: CacheLookup) {
        let result = match lookup {
            CacheLookup::Hit => "hit",
            CacheLookup::Miss => "miss",
        };
        self.cache.get_or_create(&[("result", result)]).inc();
    }

    /// Sets the size of the cache in bytes and entries.
    pub(crate) fn set_cache_size(&self, (bytes, entries): (usize, usize)) {
        self.cache_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.cache_entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
    }

    /// Sets the number of running calls.
    pub(crate) fn set_running(&self, running: usize) {
        self.running.set(i64::try_from(running).unwrap_or(i64::MAX));
    }

    /// Sets the time that the last call left until its deadline.
    pub(crate) fn set_deadline_left(&self, left: Duration) {
        self.deadline_left.set(left.as_secs_f64());
    }

    /// Records if the policy file is invalid.
    pub(crate) fn set_policy_refused(&self, is_refused: bool) {
        self.policy_refused.set(i64::from(is_refused));
    }

    /// Counts a tool that is started again.
    pub(crate) fn count_tool_retry(&self) {
        self.tool_retries.inc();
    }

    /// All metrics in the OpenMetrics text format.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

fn register<M: prometheus_client::registry::Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    metric: M,
) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
