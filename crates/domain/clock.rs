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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tier::{Tier, Tiers};

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }

    fn clock(last: i64, end: Option<i64>) -> Clock {
        Clock { last_activity_at: at(last), expires_at: end.map(at) }
    }

    const NOTHING: ClockChange = ClockChange { head_sha: false, extension: false, ttl: false };
    const COMMIT: ClockChange = ClockChange { head_sha: true, ..NOTHING };
    const EXTENSION: ClockChange = ClockChange { extension: true, ..NOTHING };
    const TTL: ClockChange = ClockChange { ttl: true, ..NOTHING };

    #[test]
    fn changes_per_tier() {
        let ttl = |hours| Some(Ttl::hours(hours));
        // Now is hour 10; the live clock began at hour 0.
        for (tier, change, ttl, live, expected) in [
            (Tier::Full, NOTHING, ttl(24), clock(0, Some(24)), clock(0, Some(24))),
            (Tier::Full, COMMIT, ttl(24), clock(0, Some(24)), clock(10, Some(34))),
            (Tier::Lightweight, COMMIT, ttl(4), clock(0, Some(4)), clock(10, Some(14))),
            (Tier::Full, COMMIT, ttl(24), clock(0, Some(60)), clock(10, Some(60))),
            (Tier::Full, COMMIT, ttl(24), clock(12, Some(36)), clock(12, Some(36))),
            (Tier::Full, EXTENSION, ttl(24), clock(0, Some(24)), clock(10, Some(34))),
            (Tier::Full, TTL, ttl(48), clock(0, Some(24)), clock(0, Some(48))),
            (Tier::Full, TTL, ttl(2), clock(0, Some(24)), clock(0, Some(2))),
            (Tier::Full, ClockChange { ttl: true, ..COMMIT }, ttl(2), clock(0, Some(24)), clock(10, Some(12))),
            (Tier::Compliance, COMMIT, ttl(48), clock(0, Some(48)), clock(0, Some(48))),
            (Tier::Compliance, EXTENSION, ttl(48), clock(0, Some(48)), clock(10, Some(58))),
            (Tier::Compliance, TTL, ttl(72), clock(0, Some(48)), clock(0, Some(72))),
            (Tier::Staging, COMMIT, None, clock(0, None), clock(0, None)),
            (Tier::Staging, EXTENSION, None, clock(0, None), clock(0, None)),
            (Tier::Staging, TTL, None, clock(0, Some(24)), clock(0, None)),
            (Tier::Full, TTL, ttl(24), clock(0, None), clock(10, Some(34))),
        ] {
            let tiers = Tiers::default();
            let next = next_clock(&live, change, tiers.get(tier), ttl, at(10));
            assert_eq!(next, expected, "{tier} {change:?} {live:?}");
        }
    }

    #[test]
    fn the_later_of_two() {
        assert_eq!(clock(1, Some(5)).later(clock(2, Some(4))), clock(2, Some(5)));
        assert_eq!(clock(1, None).later(clock(0, Some(4))), clock(1, Some(4)));
        assert_eq!(Clock::start(at(3), Some(Ttl::hours(4))), clock(3, Some(7)));
        assert_eq!(Clock::start(at(3), None), clock(3, None));
    }

    proptest! {
        #[test]
        fn only_another_ttl_takes_time_away(head_sha: bool, extension: bool, last in -50_i64..50, end in -50_i64..90) {
            let live = clock(last, Some(end));
            let tiers = Tiers::default();
            for tier in [Tier::Lightweight, Tier::Full, Tier::Compliance] {
                let settings = tiers.get(tier);
                let change = ClockChange { head_sha, extension, ttl: false };
                let next = next_clock(&live, change, settings, settings.ttl, at(10));
                prop_assert!(next.expires_at >= live.expires_at && next.last_activity_at >= live.last_activity_at);
                prop_assert_eq!(next_clock(&next, change, settings, settings.ttl, at(10)), next);
            }
        }
    }
}
