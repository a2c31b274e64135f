//! Policy of the reaper in the configuration file.

use std::collections::BTreeSet;

use eod_domain::{HumanDuration, Tier};
use serde::Deserialize;

/// Policy of the reaper.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReapConfig {
    /// Time for Argo CD or the pipeline before the reaper acts itself.
    pub(crate) handover: HumanDuration,
    /// Return of an expired environment after a push.
    pub(crate) revive: RevivePolicy,
    /// Copies in Vault after an expiry.
    pub(crate) keep_vault: KeepVaultPolicy,
    /// Tiers with environments that sleep when they are idle.
    pub(crate) sleep_when_idle: BTreeSet<Tier>,
    /// Maximum number of expected ends in one run.
    pub(crate) ends_per_run: u32,
    /// Limits for ends without a warning.
    pub(crate) breakers: BreakersConfig,
    /// Maximum number of namespaces in deletion at once.
    pub(crate) in_deletion: u32,
    /// Time between two searches for orphans.
    pub(crate) sweep_every: HumanDuration,
    /// Time that a ledger is kept after the end.
    pub(crate) retention: HumanDuration,
}

/// Return of an expired environment after a push.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevivePolicy {
    /// A push puts the trigger label back.
    Push,
    /// No return.
    Never,
}

/// Copies in Vault after an expiry.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeepVaultPolicy {
    /// Kept until the pull request is closed.
    UntilClosed,
    /// Removed with the environment.
    Never,
}

/// Limits for ends without a warning in one run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BreakersConfig {
    /// Maximum number.
    pub(crate) count: u32,
    /// Maximum percentage of all environments.
    pub(crate) percent: u32,
    /// Minimum number of ends for the percentage limit.
    pub(crate) minimum: u32,
}

impl Default for ReapConfig {
    fn default() -> Self {
        let duration = |text: &str| text.parse().expect("the defaults are durations");
        Self {
            handover: duration("15m"),
            revive: RevivePolicy::Push,
            keep_vault: KeepVaultPolicy::UntilClosed,
            sleep_when_idle: BTreeSet::new(),
            ends_per_run: 20,
            breakers: BreakersConfig::default(),
            in_deletion: 10,
            sweep_every: duration("1h"),
            retention: duration("30d"),
        }
    }
}

impl Default for BreakersConfig {
    fn default() -> Self {
        Self { count: 10, percent: 20, minimum: 5 }
    }
}

impl ReapConfig {
    /// First mistake in the policy.
    pub(super) fn mistake(&self) -> Option<String> {
        if self.breakers.percent > 100 {
            return Some(format!("`reap.breakers.percent` must be at most 100, got {}", self.breakers.percent));
        }
        let zero = [("ends_per_run", self.ends_per_run), ("in_deletion", self.in_deletion)];
        let (key, _) = zero.into_iter().find(|(_, value)| *value == 0)?;
        Some(format!("`reap.{key}` must be at least 1, got 0"))
    }
}
