use proptest::prelude::*;

use super::*;

#[test]
fn durations_round_trip_in_canonical_form() {
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
        ("3650d", 315_360_000, "3650d"),
    ] {
        let duration: HumanDuration = text.parse().expect(text);
        assert_eq!(duration.seconds(), seconds, "{text}");
        assert_eq!(duration.to_string(), canonical, "{text}");
    }
}

#[test]
fn invalid_durations_are_refused_with_a_reason() {
    for (text, part) in [
        ("", "must not be empty"),
        ("-4h", "must not have a sign"),
        ("+4h", "must not have a sign"),
        ("4", "no unit after 4"),
        ("1h30", "no unit after 30"),
        ("h", "'h' in place of a number"),
        ("1hh", "'h' in place of a number"),
        (" 4h", "' ' in place of a number"),
        ("4h ", "' ' in place of a number"),
        ("4 h", "unsupported unit ' '"),
        ("1.5h", "unsupported unit '.'"),
        ("4H", "unsupported unit 'H'"),
        ("4h4h", "has the unit `h` twice"),
        ("30m1h", "`h` after a smaller unit"),
        ("1m1h1m", "`h` after a smaller unit"),
        ("0h", "duration must be at least 1s, got 0h"),
        ("0d0h", "duration must be at least 1s, got 0d0h"),
        ("3651d", "duration must be at most 3650d, got 3651d"),
        ("18446744073709551615w", "at most 3650d"),
        ("99999999999999999999999h", "at most 3650d"),
        ("4٣h", "unsupported unit '٣'"),
    ] {
        let error = text.parse::<HumanDuration>().expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn canonical_text_round_trips(seconds in 1_u32..=HumanDuration::MAX.seconds()) {
        let duration = HumanDuration { seconds };
        prop_assert_eq!(duration.to_string().parse::<HumanDuration>(), Ok(duration));
    }

    #[test]
    fn order_is_the_order_of_seconds(a in 1_u32..=7_776_000, b in 1_u32..=7_776_000) {
        let (x, y): (HumanDuration, HumanDuration) = (format!("{a}s").parse().unwrap(), format!("{b}s").parse().unwrap());
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
    }

    #[test]
    fn parsing_never_panics(text in "[0-9smhdw+ .-]{0,24}|\\PC{0,12}") {
        let _ = text.parse::<HumanDuration>();
    }
}
