use proptest::prelude::*;

use super::*;

#[test]
fn reads_and_prints() {
    for (text, seconds, canonical) in [
        ("1s", 1, "1s"),
        ("90m", 5400, "1h30m"),
        ("4h", 14_400, "4h"),
        ("24h", 86_400, "24h"),
        ("1d", 86_400, "24h"),
        ("1d12h", 129_600, "36h"),
        ("48h", 172_800, "48h"),
        ("2d1s", 172_801, "2d1s"),
        ("72h", 259_200, "3d"),
        ("7d", 604_800, "7d"),
        ("1w", 604_800, "7d"),
        ("1w1d1h1m1s", 694_861, "8d1h1m1s"),
        ("090m", 5400, "1h30m"),
        ("90d", 7_776_000, "90d"),
        ("7776000s", 7_776_000, "90d"),
    ] {
        let ttl: Ttl = text.parse().expect(text);
        assert_eq!(ttl.seconds(), seconds, "{text}");
        assert_eq!(ttl.to_string(), canonical, "{text}");
    }
}

#[test]
fn refuses_with_a_reason() {
    for (text, part) in [
        ("", "must not be empty"),
        ("-4h", "must not have a sign"),
        ("+4h", "must not have a sign"),
        ("4", "no unit after 4"),
        ("1h30", "no unit after 30"),
        ("h", "'h' where a number should be"),
        ("1hh", "'h' where a number should be"),
        (" 4h", "' ' where a number should be"),
        ("4h ", "' ' where a number should be"),
        ("4 h", "the unit ' '"),
        ("1.5h", "the unit '.'"),
        ("4H", "the unit 'H'"),
        ("4h4h", "gives the unit `h` twice"),
        ("30m1h", "`h` after a smaller unit"),
        ("1m1h1m", "`h` after a smaller unit"),
        ("0h", "is zero"),
        ("0d0h", "is zero"),
        ("91d", "longer than 90d"),
        ("90d1s", "longer than 90d"),
        ("18446744073709551615w", "longer than 90d"),
        ("99999999999999999999999h", "longer than 90d"),
        ("4٣h", "the unit '٣'"),
    ] {
        let error = text.parse::<Ttl>().expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn ends_after_its_length() {
    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let ttl: Ttl = "1d12h".parse().unwrap();
    assert_eq!(ttl.from(now).to_string(), "2026-03-03T00:00:00Z");
    assert_eq!(ttl.half(), SignedDuration::from_hours(18));
    assert_eq!(ttl.from(Timestamp::MAX), Timestamp::MAX);
}

proptest! {
    #[test]
    fn canonical_text_round_trips(seconds in 1_u32..=7_776_000) {
        let ttl = Ttl { seconds };
        prop_assert_eq!(ttl.to_string().parse::<Ttl>(), Ok(ttl));
    }

    #[test]
    fn order_is_the_order_of_seconds(a in 1_u32..=7_776_000, b in 1_u32..=7_776_000) {
        let (x, y): (Ttl, Ttl) = (format!("{a}s").parse().unwrap(), format!("{b}s").parse().unwrap());
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
    }

    #[test]
    fn never_panics(text in "[0-9smhdw+ .-]{0,24}|\\PC{0,12}") {
        let _ = text.parse::<Ttl>();
    }
}
