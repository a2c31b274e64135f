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
fn the_clock_changes_by_tier() {
    let ttl = |hours| Some(Ttl::from_hours(hours));
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
fn the_later_times_are_kept() {
    assert_eq!(clock(1, Some(5)).later(clock(2, Some(4))), clock(2, Some(5)));
    assert_eq!(clock(1, None).later(clock(0, Some(4))), clock(1, Some(4)));
    assert_eq!(Clock::start(at(3), Some(Ttl::from_hours(4))), clock(3, Some(7)));
    assert_eq!(Clock::start(at(3), None), clock(3, None));
}

proptest! {
    #[test]
    fn only_another_ttl_makes_the_end_earlier(head_sha: bool, extension: bool, last in -50_i64..50, end in -50_i64..90) {
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
