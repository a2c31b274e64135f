//! Settings of an installation's reaper, and options of one run.

use std::collections::BTreeSet;

use eod_domain::{EnvironmentName, Installation, Prices, ReapPolicy, Tiers};
use jiff::SignedDuration;

/// Settings of an installation's reaper.
#[derive(Clone, Debug)]
pub struct ReaperSettings {
    /// Installation that owns the environments.
    pub installation: Installation,
    /// Tiers with their overrides.
    pub tiers: Tiers,
    /// Prices of CPU, memory and storage.
    pub prices: Prices,
    /// Time for a hand-over, and tiers that sleep.
    pub policy: ReapPolicy,
    /// True if a push to an open pull request sets a trigger label again that the reaper removed for expiry.
    pub revive_on_push: bool,
    /// True if the copies in Vault outlive the expiry of an environment, until its pull request is closed.
    pub keep_vault_until_closed: bool,
    /// Maximum number of expected ends that begin in one run; the oldest first.
    pub ends_per_run: usize,
    /// Limits on ends without a warning.
    pub breakers: Breakers,
    /// Maximum number of namespaces that are being deleted at the same time.
    pub in_deletion: usize,
    /// Time between two searches for orphans.
    pub sweep_every: SignedDuration,
    /// Time after which the ledger of an ended environment is deleted.
    pub retention: SignedDuration,
    /// Duration of the lease; none to run without one.
    pub lease: Option<SignedDuration>,
    /// Maximum time that a run waits for namespaces in deletion.
    pub deletion_wait: SignedDuration,
    /// Maximum number of calls for sealing ledgers in one run.
    pub seal_calls_per_run: usize,
}

/// Limits on ends without a warning in one run: of closed pull requests, of deleted branches, and of orphans.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Breakers {
    /// Maximum number.
    pub count: usize,
    /// Maximum percentage of all environments.
    pub percent: usize,
    /// Minimum number of ends for the percentage limit.
    pub minimum: usize,
}

/// Options of one run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Id of the run, unique among all runs.
    pub holder: String,
    /// True if the run only decides: it calls no method that writes.
    pub dry_run: bool,
    /// Environments to act on; all if empty.
    pub only: BTreeSet<EnvironmentName>,
    /// Number of ends without a warning that a person has accepted for this run.
    pub accept: Option<usize>,
    /// True if the run does not search for orphans.
    pub no_sweep: bool,
    /// Maximum time to wait for another run that holds the lease. It is never longer than twice the duration of the lease,
    /// which is also the time if it is not set.
    pub lease_wait: Option<SignedDuration>,
}

impl ReaperSettings {
    /// Settings of an installation without configuration.
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            tiers: Tiers::default(),
            prices: Prices::default(),
            policy: ReapPolicy::default(),
            revive_on_push: true,
            keep_vault_until_closed: true,
            ends_per_run: 20,
            breakers: Breakers::default(),
            in_deletion: 10,
            sweep_every: SignedDuration::from_hours(1),
            retention: SignedDuration::from_hours(30 * 24),
            lease: Some(SignedDuration::from_mins(1)),
            deletion_wait: SignedDuration::from_mins(2),
            seal_calls_per_run: 200,
        }
    }

    /// Minimum time to wait for the lease of a run that was killed: its duration, and one look. Zero without a lease.
    pub fn takeover_wait(&self) -> SignedDuration {
        self.lease.map_or(SignedDuration::ZERO, |duration| duration.saturating_add(look_every(duration)))
    }
}

/// Time between two looks at a lease with this duration.
pub(crate) fn look_every(duration: SignedDuration) -> SignedDuration {
    duration / 6
}

impl Default for Breakers {
    /// Ten ends, or 20 percent of the environments if more than five end.
    fn default() -> Self {
        Self { count: 10, percent: 20, minimum: 5 }
    }
}

impl Breakers {
    /// Maximum number of ends without a warning among `environments`. A person may accept more.
    pub fn limit(&self, environments: usize, accepted: Option<usize>) -> usize {
        let percentage = environments.saturating_mul(self.percent) / 100;
        self.count.min(percentage.max(self.minimum)).max(accepted.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
