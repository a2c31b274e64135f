use proptest::prelude::*;

use super::*;

fn quantity(text: &str) -> Quantity {
    text.parse().expect(text)
}

#[test]
fn quantities_have_a_canonical_form() {
    for (text, canonical) in [
        ("0", "0"),
        ("-0", "0"),
        ("0Gi", "0"),
        ("1", "1"),
        ("+1", "1"),
        ("1000m", "1"),
        ("1.5", "1500m"),
        (".5", "500m"),
        ("5.", "5"),
        ("0.250", "250m"),
        ("100u", "100u"),
        ("1000u", "1m"),
        ("1n", "1n"),
        ("1k", "1k"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("4Gi", "4Gi"),
        ("0.5Ki", "512"),
        ("1Ki", "1Ki"),
        ("1025Mi", "1025Mi"),
        ("0.1Ki", "102400m"),
        ("1e3", "1e3"),
        ("1E3", "1e3"),
        ("1e0", "1"),
        ("1e-3", "1e-3"),
        ("12e2", "1200"),
        ("1E", "1E"),
        ("7Ei", "7Ei"),
        ("9223372036854775807", "9223372036854775807"),
    ] {
        assert_eq!(quantity(text).canonical(), canonical, "{text}");
        assert_eq!(quantity(text).to_string(), text, "the written text is kept");
    }
}

#[test]
fn quantities_are_equal_by_value() {
    for (a, b) in [("1", "1000m"), ("1Gi", "1024Mi"), ("1073741824", "1Gi"), ("1e3", "1k"), ("0.1", "100m")] {
        assert_eq!(quantity(a), quantity(b));
    }
    assert_ne!(quantity("1G"), quantity("1Gi"));
    assert!(quantity("1G") < quantity("1Gi"));
    assert!(quantity("999m") < quantity("1"));
}

#[test]
fn double_has_twice_the_value() {
    for (one, two) in [("2", "4"), ("250m", "500m"), ("4Gi", "8Gi"), ("512Mi", "1Gi"), ("1.5", "3"), ("0", "0")] {
        assert_eq!(quantity(one).double().to_string(), two);
    }
}

#[test]
fn invalid_quantities_are_refused_with_a_reason() {
    for (text, part) in [
        ("", "must not be empty"),
        ("-1", "must be zero or more"),
        ("Gi", "must begin with a number"),
        (".", "must begin with a number"),
        ("1.2.3", "must begin with a number"),
        ("--1", "must begin with a number"),
        ("1GB", "unsupported suffix `GB`"),
        ("1 Gi", "unsupported suffix ` Gi`"),
        ("1K", "unsupported suffix `K`"),
        ("1gi", "unsupported suffix `gi`"),
        ("1e", "unsupported suffix `e`"),
        ("1e+", "unsupported suffix `e+`"),
        ("1e1.5", "unsupported suffix `e1.5`"),
        ("0.1n", "multiple of one billionth"),
        ("1e-10", "multiple of one billionth"),
        ("1e-99999999999", "multiple of one billionth"),
        ("8Ei", "at most 9223372036854775807"),
        ("10E", "at most 9223372036854775807"),
        ("1e99", "at most 9223372036854775807"),
        ("1e99999999999", "at most 9223372036854775807"),
        ("9223372036854775808", "at most 9223372036854775807"),
        ("999999999999999999999999999999999999999999", "at most 9223372036854775807"),
    ] {
        let error = text.parse::<Quantity>().expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn canonical_text_has_the_same_value(number in 0_u64..=8_000_000, suffix in "|n|u|m|k|M|G|T|Ki|Mi|Gi|Ti|e3|e-3") {
        let quantity = quantity(&format!("{number}{suffix}"));
        let again: Quantity = quantity.canonical().parse().unwrap();
        prop_assert_eq!(&again, &quantity);
        prop_assert_eq!(again.canonical(), quantity.canonical());
    }

    #[test]
    fn order_is_the_order_of_values(a in 0_u32.., b in 0_u32..) {
        let (x, y) = (quantity(&format!("{a}m")), quantity(&format!("{b}e-3")));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
    }

    #[test]
    fn parsing_never_panics(text in "[0-9]{0,30}[.]?[0-9]{0,20}[eEniKM+-]{0,3}[0-9]{0,12}|\\PC{0,12}") {
        let _ = text.parse::<Quantity>();
    }
}
