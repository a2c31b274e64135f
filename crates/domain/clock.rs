//! Clock of an environment: its last activity and its end.
//!
//! Several tools write the clock (the provider, the reaper, `eod touch`, `eod extend`), so a writer always stores the
//! later of the current and its own times. An end never becomes earlier by accident.

use jiff::Timestamp;

use crate::tier::TierSettings;
use crate::ttl::Ttl;

/// Times of an environment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Clock {
    /// Last activity.
    pub last_activity_at: Timestamp,
    /// End; none for a permanent environment.
    pub expires_at: Option<Timestamp>,
}

/// Changes of an update with an effect on the clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClockChange {
    /// The head SHA changes: a commit.
    pub head_sha: bool,
    /// The extension text changes and is not empty: a person requests more time.
    pub extension: bool,
    /// The TTL changes, by itself or with the tier.
    pub ttl: bool,
}

impl Clock {
    /// Starts the clock of a life that begins at `now`.
    pub fn start(now: Timestamp, ttl: Option<Ttl>) -> Self {
        Self { last_activity_at: now, expires_at: ttl.map(|ttl| ttl.from(now)) }
    }

    /// Combines two clocks: the later of both times. If only one has an end, it is used.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        Self {
            last_activity_at: self.last_activity_at.max(other.last_activity_at),
            expires_at: self.expires_at.max(other.expires_at),
        }
    }
}

/// Computes the clock after an update.
///
/// `live` is the current clock of the namespace. `settings` and `ttl` are those after the update.
///
/// - An extension restarts the clock in every tier with a TTL.
/// - A commit restarts the clock if activity restarts it in this tier. In `compliance` and `staging` it has no effect.
/// - Another TTL counts from the last activity, so the end can become earlier. If there was no end before, as in
///   `staging`, the TTL counts from `now`: a change of tier never ends an environment at once.
/// - Without a TTL there is no end.
/// - Without any of these changes the clock does not change.
pub fn next_clock(
    live: &Clock,
    change: ClockChange,
    settings: &TierSettings,
    ttl: Option<Ttl>,
    now: Timestamp,
) -> Clock {
    let Some(ttl) = ttl else {
        return Clock { last_activity_at: live.last_activity_at, expires_at: None };
    };
    let restarted = change.extension || (change.head_sha && settings.activity_resets_clock);
    let last_activity_at = if restarted { live.last_activity_at.max(now) } else { live.last_activity_at };
    let expires_at = match (live.expires_at, restarted, change.ttl) {
        (None, _, _) => {
            return Clock { last_activity_at: live.last_activity_at.max(now), expires_at: Some(ttl.from(now)) };
        }
        (Some(_), _, true) => ttl.from(last_activity_at),
        (Some(end), true, false) => end.max(ttl.from(last_activity_at)),
        (Some(end), false, false) => end,
    };
    Clock { last_activity_at, expires_at: Some(expires_at) }
}

#[cfg(test)]
mod tests;
