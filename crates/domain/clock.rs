//! The two times on a namespace: the last activity, and the end that follows from it.
//!
//! Several tools write them (this provider, `eod touch`, `eod extend`), so a writer takes the later of what it finds
//! and what it wants: nobody takes time away from an environment without meaning to.

use jiff::Timestamp;

use crate::tier::TierSettings;
use crate::ttl::Ttl;

/// The times of an environment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Clock {
    /// The last activity.
    pub last_activity_at: Timestamp,
    /// The end; none for a permanent environment.
    pub expires_at: Option<Timestamp>,
}

/// What an update changes that concerns the clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClockChange {
    /// The head SHA is another one: a commit.
    pub head_sha: bool,
    /// The extension text is another one, and not empty: a person asks for time.
    pub extension: bool,
    /// The TTL is another one, for itself or because the tier is.
    pub ttl: bool,
}

impl Clock {
    /// The clock of an environment that begins, or begins again, at `now`.
    pub fn start(now: Timestamp, ttl: Option<Ttl>) -> Self {
        Self { last_activity_at: now, expires_at: ttl.map(|ttl| ttl.from(now)) }
    }

    /// For each time the later one of the two clocks. An end that one of them does not have is the other's.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        Self {
            last_activity_at: self.last_activity_at.max(other.last_activity_at),
            expires_at: self.expires_at.max(other.expires_at),
        }
    }
}

/// The clock after an update.
///
/// `live` is what stands on the namespace now, `settings` and `ttl` are those after the update.
///
/// - An extension restarts the clock in every tier that has one.
/// - A commit restarts it where the tier's activity does; in `compliance` and `staging` it moves nothing.
/// - Another TTL counts from the last activity, and so may bring the end nearer; where there was no end before, as in
///   `staging`, it counts from `now`, because an environment must not expire by joining a tier.
/// - Without a TTL there is no end.
/// - With nothing of this the clock stays as it is.
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
