use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    format!("2026-03-{text}:00Z").parse().unwrap()
}

/// A full environment: 24 h, warning 2 h, last activity on the 1st at noon.
fn full() -> Facts {
    Facts {
        exists: true,
        provisioned: true,
        deployed: true,
        failed: false,
        tier: Tier::Full,
        ttl: Some(Ttl::from_hours(24)),
        warning: Some(Ttl::from_hours(2)),
        last_activity_at: Some(at("01T12:00")),
        expires_at: Some(at("02T12:00")),
    }
}

#[test]
fn statuses_are_read_as_written() {
    for status in Status::ALL {
        assert_eq!(status.as_str().parse(), Ok(*status));
    }
    assert!("Ready".parse::<Status>().is_err());
}

#[test]
fn the_status_follows_the_clock() {
    for (now, expected) in [
        ("01T12:00", Status::Active),
        ("01T23:59", Status::Active),
        ("02T00:00", Status::Idle),
        ("02T09:59", Status::Idle),
        ("02T10:00", Status::Expiring),
        ("02T12:00", Status::Expiring),
        ("30T12:00", Status::Expiring),
        ("01T11:00", Status::Active),
    ] {
        assert_eq!(status(&full(), at(now)), expected, "{now}");
    }
}

#[test]
fn conditions_change_the_status() {
    let noon = at("01T12:00");
    for (facts, now, expected) in [
        (Facts { exists: false, ..full() }, noon, Status::Destroyed),
        (Facts { provisioned: false, ..full() }, noon, Status::Pending),
        (Facts { provisioned: false, failed: true, ..full() }, noon, Status::Failed),
        (Facts { failed: true, ..full() }, noon, Status::Failed),
        (Facts { failed: true, ..full() }, at("02T11:00"), Status::Expiring),
        (Facts { deployed: false, ..full() }, noon, Status::Ready),
        (Facts { deployed: false, ..full() }, at("02T00:00"), Status::Idle),
        (Facts { tier: Tier::Compliance, ..full() }, at("02T11:00"), Status::Expiring),
        (Facts { tier: Tier::Compliance, ..full() }, at("02T12:00"), Status::AwaitingApproval),
        (Facts { warning: None, ..full() }, at("02T11:59"), Status::Idle),
        (Facts { expires_at: None, last_activity_at: None, ..full() }, at("30T12:00"), Status::Active),
        (
            Facts { tier: Tier::Staging, ttl: None, warning: None, expires_at: None, ..full() },
            at("30T12:00"),
            Status::Active,
        ),
    ] {
        assert_eq!(status(&facts, now), expected, "{facts:?} {now}");
    }
}

#[test]
fn a_short_ttl_shortens_the_warning() {
    let short = Facts { ttl: Some(Ttl::from_minutes(20)), expires_at: Some(at("01T12:20")), ..full() };
    assert_eq!(status(&short, at("01T12:00")), Status::Active);
    assert_eq!(status(&short, at("01T12:09")), Status::Active);
    assert_eq!(status(&short, at("01T12:10")), Status::Expiring);
}

proptest! {
    /// The result of activity is always an active environment, with the end moved by the clock.
    #[test]
    fn activity_leads_back_to_active(ttl in 1_u32..=7_776_000, warning in 1_u32..=7_776_000, now in 0_i64..4_000_000_000) {
        let now = Timestamp::from_second(now).unwrap();
        let ttl: Ttl = format!("{ttl}s").parse().unwrap();
        let warning: Ttl = format!("{warning}s").parse().unwrap();
        let facts = Facts {
            ttl: Some(ttl),
            warning: Some(warning),
            last_activity_at: Some(now),
            expires_at: Some(ttl.from(now)),
            ..full()
        };
        prop_assert_eq!(status(&facts, now), Status::Active);
    }

    /// Without activity the status never goes back.
    #[test]
    fn time_never_leads_back(a in 0_i64..400_000, b in 0_i64..400_000) {
        let start = at("01T12:00");
        let at = |seconds: i64| start.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        prop_assert!(status(&full(), at(a.min(b))) <= status(&full(), at(a.max(b))));
    }
}
