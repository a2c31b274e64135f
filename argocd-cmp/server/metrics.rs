//! Numbers for Prometheus.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use eod_render::Refusals;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::archive::Count;

/// One label.
type Label = [(&'static str, &'static str); 1];
/// Two of them.
type Labels = [(&'static str, &'static str); 2];

/// All numbers of the process.
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<Labels, Counter>,
    refusals: Family<Label, Counter>,
    seconds: Family<Label, Histogram>,
    bytes: Family<Label, Counter>,
    kept_files: Counter,
    cache: Family<Label, Counter>,
    cache_bytes: Gauge<i64, AtomicI64>,
    cache_entries: Gauge<i64, AtomicI64>,
    running: Gauge<i64, AtomicI64>,
    deadline_left: Gauge<f64, AtomicU64>,
    policy_refused: Gauge<i64, AtomicI64>,
    tool_retries: Counter,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Answered,
    Refused,
    Late,
    Busy,
    Denied,
    Bug,
    Gone,
}

impl Outcome {
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

/// From a tenth of a millisecond to a minute.
const BUCKETS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("eod_cmp");
        let info = [("version", env!("CARGO_PKG_VERSION"))];
        let build = Family::<Label, Gauge>::default();
        build.get_or_create(&info).set(1);
        registry.register("build", "The version that runs", build);
        Self {
            calls: register(&mut registry, "calls", "Calls by method and outcome", Family::default()),
            refusals: register(&mut registry, "refusals", "Refusals by rule", Family::default()),
            seconds: {
                let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
                let help =
                    "Time per part: queue, unpack, render, tool_queue, tool, share (from the last byte to the answer)";
                registry.register_with_unit("part", help, Unit::Seconds, Family::clone(&seconds));
                seconds
            },
            bytes: register(&mut registry, "archive_bytes", "Bytes received, unpacked and kept", Family::default()),
            kept_files: register(&mut registry, "kept_files", "Files and links kept", Counter::default()),
            cache: register(&mut registry, "cache", "Looks into the cache by result", Family::default()),
            cache_bytes: register(&mut registry, "cache_bytes", "Bytes held by the cache", Gauge::default()),
            cache_entries: register(&mut registry, "cache_entries", "Answers held by the cache", Gauge::default()),
            running: register(&mut registry, "running", "Calls that are being answered", Gauge::default()),
            deadline_left: register(
                &mut registry,
                "deadline_left_seconds",
                "What the last answer left of the caller's deadline",
                Gauge::default(),
            ),
            policy_refused: register(
                &mut registry,
                "policy_refused",
                "1 while the policy's file cannot be read and an older one is in force",
                Gauge::default(),
            ),
            tool_retries: register(
                &mut registry,
                "tool_retries",
                "Tools started again after a failure that may pass",
                Counter::default(),
            ),
            registry,
        }
    }

    pub(crate) fn call(&self, method: &'static str, outcome: Outcome) {
        self.calls.get_or_create(&[("method", method), ("outcome", outcome.as_str())]).inc();
    }

    pub(crate) fn refused(&self, refusals: &Refusals) {
        for refusal in refusals.as_slice() {
            self.refusals.get_or_create(&[("rule", refusal.rule.as_str())]).inc();
        }
    }

    pub(crate) fn unpacked(&self, count: &Count, received: u64, took: Duration) {
        for (what, bytes) in [("received", received), ("unpacked", count.unpacked_bytes), ("kept", count.kept_bytes)] {
            self.bytes.get_or_create(&[("what", what)]).inc_by(bytes);
        }
        self.kept_files.inc_by(count.kept_files as u64);
        self.took("unpack", took);
    }

    pub(crate) fn rendered(&self, took: Duration) {
        self.took("render", took);
    }

    pub(crate) fn took(&self, part: &'static str, took: Duration) {
        self.seconds.get_or_create(&[("part", part)]).observe(took.as_secs_f64());
    }

    pub(crate) fn cache(&self, hit: bool) {
        self.cache.get_or_create(&[("result", if hit { "hit" } else { "miss" })]).inc();
    }

    pub(crate) fn cache_size(&self, (bytes, entries): (usize, usize)) {
        self.cache_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.cache_entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
    }

    pub(crate) fn running(&self, running: usize) {
        self.running.set(i64::try_from(running).unwrap_or(i64::MAX));
    }

    pub(crate) fn deadline_left(&self, left: Duration) {
        self.deadline_left.set(left.as_secs_f64());
    }

    pub(crate) fn policy_refused(&self, is_refused: bool) {
        self.policy_refused.set(i64::from(is_refused));
    }

    pub(crate) fn tool_retry(&self) {
        self.tool_retries.inc();
    }

    /// All numbers in OpenMetrics.
    pub(crate) fn text(&self) -> String {
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
