use proptest::prelude::*;

use super::*;

#[test]
fn ttls_up_to_90_days_are_valid() {
    for (text, canonical) in [("90m", "1h30m"), ("1d12h", "36h"), ("1w", "7d"), ("90d", "90d")] {
        assert_eq!(text.parse::<Ttl>().expect(text).to_string(), canonical);
    }
}

#[test]
fn invalid_ttls_are_refused_with_a_reason() {
    for (text, message) in [
        ("0h", "duration must be at least 1s, got 0h"),
        ("91d", "TTL must be at most 90d, got 91d"),
        ("90d1s", "TTL must be at most 90d, got 90d1s"),
        ("3651d", "duration must be at most 3650d, got 3651d"),
    ] {
        assert_eq!(text.parse::<Ttl>().expect_err(text).to_string(), message);
    }
}

#[test]
fn the_end_is_the_start_plus_the_ttl() {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let ttl: Ttl = "1d12h".parse().unwrap();
    assert_eq!(ttl.from(start).to_string(), "2026-03-03T00:00:00Z");
    assert_eq!(ttl.half(), SignedDuration::from_hours(18));
    assert_eq!(ttl.from(Timestamp::MAX), Timestamp::MAX);
}

proptest! {
    #[test]
    fn ttl_is_valid_exactly_up_to_its_maximum(seconds in 1_u32..=20_000_000) {
        let parsed = format!("{seconds}s").parse::<Ttl>();
        prop_assert_eq!(parsed.is_ok(), seconds <= Ttl::MAX.seconds());
    }
}
