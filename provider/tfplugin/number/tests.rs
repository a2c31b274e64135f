use super::*;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn text_is_shortest_and_exact() {
    for (text, expected) in [
        ("1.0", "1"),
        ("-0", "0"),
        ("0e99999999999999999999", "0"),
        ("+007.500", "7.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("1500e-5", "0.015"),
        ("12.5E1", "125"),
        ("-0.05", "-0.05"),
        (
            "123456789012345678901234567890.000000000000000000001",
            "123456789012345678901234567890.000000000000000000001",
        ),
    ] {
        assert_eq!(number(text).to_string(), expected, "{text}");
    }
    assert_eq!(number("1e300").to_string().len(), 301);
}

#[test]
fn other_text_is_refused() {
    for text in ["", "-", ".", "e5", "1e", "1e+", "1_000", "0x10", " 1", "1 ", "1.2.3", "--1", "inf", "NaN", "١"] {
        assert_eq!(Number::parse(text), Err(NumberError::Syntax), "{text}");
    }
}

#[test]
fn size_is_bounded_at_both_ends() {
    assert_eq!(number("1e9999").to_string().len(), 10_000);
    assert_eq!(number("1e-10000").to_string().len(), 10_002);
    for text in ["1e10000", "1e-10001", "1e999999999999999999999", "1e-999999999999999999999"] {
        assert_eq!(Number::parse(text), Err(NumberError::TooLarge), "{text}");
    }
    assert_eq!(Number::parse(&"0".repeat(65_537)), Err(NumberError::TooLarge));
}

#[test]
fn integers_convert_exactly() {
    for value in [0, 1, -1, 10, i64::MAX, i64::MIN] {
        assert_eq!(Number::from_i64(value).as_i64(), Some(value));
        assert_eq!(Number::from_i64(value).to_string(), value.to_string());
    }
    assert_eq!(Number::from_u64(u64::MAX).as_u64(), Some(u64::MAX));
    assert_eq!(Number::from_u64(u64::MAX).as_i64(), None);
    assert_eq!(number("18446744073709551616").as_u64(), None);
    assert_eq!(number("-1").as_u64(), None);
    assert_eq!(number("0.5").as_i64(), None);
    assert_eq!(number("1e9999").as_i64(), None);
}

#[test]
fn floats_convert_as_terraform_compares_them() {
    assert_eq!(Number::from_f64(0.1), Ok(number("0.1")));
    assert_eq!(Number::from_f64(-0.0), Ok(number("0")));
    assert_eq!(Number::from_f64(1e300), Ok(number("1e300")));
    assert_eq!(Number::from_f64(1_152_921_504_606_846_976.0), Ok(number("1152921504606846976")));
    assert_eq!(Number::from_f64(f64::NAN), Err(NumberError::NotANumber));
    for float in [f64::MAX, f64::MIN_POSITIVE, 5e-324, -2.5, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Number::from_f64(float).unwrap().as_f64(), Some(float));
    }
    assert_eq!(number("1e400").as_f64(), None);
}

#[test]
fn only_exact_floats_are_exact() {
    for (text, exact) in [("0.5", true), ("-2.75", true), ("0.1", false), ("1e300", false), ("1e-400", false)] {
        assert_eq!(number(text).as_exact_f64().is_some(), exact, "{text}");
    }
}

#[test]
fn order_follows_the_value() {
    let infinity = Number::from_f64(f64::INFINITY).unwrap();
    let negative = Number::from_f64(f64::NEG_INFINITY).unwrap();
    let sorted = [
        negative,
        number("-1e50"),
        number("-2"),
        number("-0.001"),
        number("0"),
        number("1e-50"),
        number("0.099"),
        number("0.1"),
        number("0.12"),
        number("9"),
        number("10"),
        infinity,
    ];
    assert!(sorted.is_sorted());
    assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]));
}
