//! Lease of the run. It is taken over only after its record was seen unchanged for its whole duration, so that clocks are
//! never compared.

use jiff::SignedDuration;

use crate::mutation::mutated;
use crate::ports::{CallError, ClockPort, LeasePort, LeaseRecord, ObjectVersion, Ports, StoredLease};
use crate::run::Run;
use crate::settings::look_every;

/// Result of an attempt to take the lease.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Taken {
    /// The run holds the lease; none if the installation uses none.
    Held(Option<StoredLease>),
    /// Another run holds the lease.
    Busy(BusyLease),
}

/// Lease that another run holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BusyLease {
    /// Id of the other run.
    pub(crate) holder: String,
    /// Problem if the other run did not renew its lease during the wait: it may have been killed.
    pub(crate) problem: Option<String>,
}

impl<P: Ports> Run<'_, P> {
    /// Takes the lease. Waits for another run for at most twice the duration of the lease, and not longer than the options
    /// allow, then leaves.
    pub(crate) async fn take_lease(&self) -> Result<Taken, CallError> {
        let Some(duration) = self.settings.lease.filter(|_| !self.options.dry_run) else {
            return Ok(Taken::Held(None));
        };
        let clock = self.ports.clock();
        let start = clock.read().await?.elapsed;
        let longest = duration.saturating_mul(2);
        let wait = self.options.lease_wait.map_or(longest, |wait| wait.min(longest));
        let mut watched: Option<(StoredLease, SignedDuration)> = None;
        let mut is_renewed = false;
        loop {
            let found = self.ports.lease().read().await?;
            let now = clock.read().await?;
            let Some(current) = found else {
                match self.write_lease(None, 0).await? {
                    Some(lease) => return Ok(Taken::Held(Some(lease))),
                    None => continue,
                }
            };
            let holder = current.record.holder.clone().unwrap_or_default();
            let is_free = holder.is_empty() || holder == self.options.holder;
            is_renewed |= watched.as_ref().is_some_and(|(lease, _)| *lease != current);
            let since = watched.take().filter(|(lease, _)| *lease == current).map_or(now.elapsed, |(_, since)| since);
            let is_abandoned = now.elapsed.saturating_sub(since) >= current.record.duration
                || (mutated!(LeaseByClock)
                    && now.local.duration_since(current.record.renewed_at) >= current.record.duration);
            if (is_free || is_abandoned)
                && let Some(lease) =
                    self.write_lease(Some(&current.version), current.record.transitions.saturating_add(1)).await?
            {
                return Ok(Taken::Held(Some(lease)));
            }
            let left = wait.saturating_sub(now.elapsed.saturating_sub(start));
            if left <= SignedDuration::ZERO {
                let problem = (!is_renewed).then(|| not_renewed(&holder, wait, current.record.duration));
                return Ok(Taken::Busy(BusyLease { holder, problem }));
            }
            watched = Some((current, since));
            clock.sleep(left.min(look_every(duration))).await;
        }
    }

    /// Renews the lease; none if another run has taken it.
    pub(crate) async fn renew_lease(&self, lease: &StoredLease) -> Result<Option<StoredLease>, CallError> {
        self.write_lease(Some(&lease.version), lease.record.transitions).await
    }

    /// Releases the lease. A failure costs only time.
    pub(crate) async fn release_lease(&self, lease: &StoredLease) {
        let record = LeaseRecord { holder: None, ..lease.record.clone() };
        let _ = self.ports.lease().write(Some(&lease.version), &record).await;
    }

    /// Writes the lease; none if another run was faster.
    async fn write_lease(
        &self,
        version: Option<&ObjectVersion>,
        transitions: u64,
    ) -> Result<Option<StoredLease>, CallError> {
        let Some(duration) = self.settings.lease else { return Ok(None) };
        let renewed_at = self.ports.clock().read().await?.local;
        let record = LeaseRecord { holder: Some(self.options.holder.clone()), renewed_at, duration, transitions };
        match self.ports.lease().write(version, &record).await {
            Ok(lease) => Ok(Some(lease)),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Problem of a lease that was not renewed during a wait that is too short for a takeover.
fn not_renewed(holder: &str, waited: SignedDuration, duration: SignedDuration) -> String {
    format!(
        "run `{holder}` holds the lease and did not renew it within {} s, so it may have been killed; its lease can be taken over \
         only after {} s without a renewal: set a longer time limit",
        waited.as_secs(),
        duration.as_secs()
    )
}
