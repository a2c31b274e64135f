use proptest::prelude::*;
use strum::IntoEnumIterator as _;

use super::*;

fn bytes(codec: ValueCodec, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    codec.encode(text, &mut out).unwrap_or_else(|error| panic!("{text}: {error}"));
    out
}

fn text(codec: ValueCodec, bytes: &[u8]) -> String {
    codec.decode(bytes).unwrap().into_owned()
}

#[test]
fn texts_are_equal_after_both_ways() {
    use ValueCodec::*;
    for (codec, texts) in [
        (Text, &["", "größe", "a\nb"][..]),
        (Jsonb, &["{\"a\": 1}"]),
        (Bytes, &["\\x", "\\x00ff10"]),
        (Boolean, &["t", "f"]),
        (Int2, &["0", "-32768", "32767"]),
        (Int4, &["-2147483648"]),
        (Int8, &["9223372036854775807"]),
        (
            Numeric,
            &[
                "0",
                "0.00",
                "1",
                "-1",
                "10000",
                "9999",
                "12345678.901",
                "0.0001",
                "0.00001",
                "-0.10",
                "100000000",
                "123456789012345678901234567890.123456789",
                "NaN",
                "Infinity",
                "-Infinity",
            ],
        ),
        (Float4, &["0", "1.5", "-3.25", "0.1", "Infinity", "-Infinity", "NaN"]),
        (Float8, &["0", "1e300", "0.1", "123456.789"]),
        (Date, &["2000-01-01", "1999-12-31", "2024-02-29", "0001-01-01", "9999-12-31", "1900-03-01", "infinity"]),
        (Timestamp, &["2000-01-01 00:00:00", "1999-12-31 23:59:59.999999", "1582-10-15 01:02:03.5", "-infinity"]),
        (TimestampTz, &["2024-02-29 12:00:00+00", "1969-07-20 20:17:40.1+00"]),
        (Uuid, &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
        (Inet, &["192.0.2.1", "192.0.2.1/24", "2001:db8::1", "2001:db8::/32"]),
        (Cidr, &["192.0.2.0/24", "2001:db8::/32", "192.0.2.1/32"]),
        (Mac, &["08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05"]),
    ] {
        for &expected in texts {
            let found = text(codec, &bytes(codec, expected));
            if codec == Float8 && expected.contains('e') {
                assert_eq!(found.parse::<f64>(), expected.parse::<f64>());
            } else {
                assert_eq!(found, expected, "{codec:?}");
            }
        }
    }
}

#[test]
fn years_that_masking_does_not_give_have_a_text() {
    assert_eq!(text(ValueCodec::Date, &(-730_119_i32).to_be_bytes()), "0001-01-01");
    assert_eq!(text(ValueCodec::Date, &(-730_119 - 366_i32).to_be_bytes()), "0001-01-01 BC");
    assert_eq!(text(ValueCodec::Date, &3_000_000_i32.to_be_bytes()), "10213-09-21");
    assert_eq!(text(ValueCodec::Date, &i32::MIN.to_be_bytes()), "-infinity");
    assert_eq!(text(ValueCodec::TimestampTz, &i64::MAX.to_be_bytes()), "infinity");
}

#[test]
fn times_with_a_zone_are_converted() {
    let micros = |text| bytes(ValueCodec::TimestampTz, text);
    assert_eq!(micros("2024-01-01 02:00:00+02"), micros("2024-01-01 00:00:00+00"));
    assert_eq!(micros("2023-12-31 18:30:00-05:30"), micros("2024-01-01"));
    assert_eq!(micros("2024-01-01T00:00:00Z"), micros("2024-01-01"));
}

#[test]
fn texts_of_other_types_are_refused() {
    use ValueCodec::*;
    for (codec, text) in [
        (Int2, "32768"),
        (Int4, "x"),
        (Numeric, "1e5"),
        (Numeric, "."),
        (Numeric, "--1"),
        (Boolean, "yes"),
        (Bytes, "00"),
        (Bytes, "\\x0"),
        (Date, "2024-02-30"),
        (Date, "2024-02-01 00:00:00"),
        (Timestamp, "2024-02-01 1:00"),
        (Timestamp, "2024-02-01 01:00:00.1234567"),
        (Uuid, "a0eebc99"),
        (Inet, "192.0.2.1/33"),
        (Mac, "zz"),
        (Scalar, "x"),
    ] {
        let mut out = vec![7];
        assert_eq!(codec.encode(text, &mut out), Err(ValueError::Text(codec)), "{text}");
        assert_eq!(out, [7], "nothing is written for an invalid text");
    }
}

#[test]
fn items_of_arrays_are_rewritten() {
    // Two dimensions of 1 and 3 items, with a NULL.
    let item = |text: &str| [&i32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
    let header = [2_i32, 1, 25, 1, 1, 3, 1].map(i32::to_be_bytes).concat();
    let array = [header.clone(), item("a"), (-1_i32).to_be_bytes().to_vec(), item("bb")].concat();
    let rewrite = |bytes: &[u8]| {
        let mut out = b"before".to_vec();
        rewrite_array(bytes, &mut out, |value, out| {
            out.extend_from_slice(value);
            out.push(b'!');
            Ok(value != b"a")
        })
        .map(|()| out[6..].to_vec())
    };
    let null = (-1_i32).to_be_bytes().to_vec();
    assert_eq!(rewrite(&array).unwrap(), [header, null.clone(), null, item("bb!")].concat());
    let empty = [0_i32, 0, 25].map(i32::to_be_bytes).concat();
    assert_eq!(rewrite(&empty).unwrap(), empty);
    // An item that becomes NULL sets the flag.
    let one = [[1_i32, 0, 25, 1, 1].map(i32::to_be_bytes).concat(), item("a")].concat();
    assert_eq!(rewrite(&one).unwrap()[4..8], 1_i32.to_be_bytes());
    for cut in 0..array.len() {
        assert!(rewrite(&array[..cut]).is_err(), "{cut}");
    }
    assert!(rewrite(&[array.as_slice(), b"x"].concat()).is_err());
}

proptest! {
    #[test]
    fn hostile_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for codec in ValueCodec::iter() {
            let _result = codec.decode(&bytes);
        }
        let _result = rewrite_array(&bytes, &mut Vec::new(), |_, _| Ok(true));
    }

    #[test]
    fn hostile_texts_cause_no_panic(text in "\\PC{0,30}") {
        for codec in ValueCodec::iter() {
            let _result = codec.encode(&text, &mut Vec::new());
        }
    }

    #[test]
    fn all_dates_and_times_are_equal_after_both_ways(days in -730_119_i32..2_921_939, micros in any::<u32>()) {
        let date = text(ValueCodec::Date, &days.to_be_bytes());
        prop_assert_eq!(bytes(ValueCodec::Date, &date), days.to_be_bytes());
        let time = i64::from(days) * 86_400_000_000 + i64::from(micros);
        let found = text(ValueCodec::TimestampTz, &time.to_be_bytes());
        prop_assert_eq!(bytes(ValueCodec::TimestampTz, &found), time.to_be_bytes());
    }

    #[test]
    fn all_numbers_are_equal_after_both_ways(number in "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?", float in any::<f32>()) {
        prop_assert_eq!(text(ValueCodec::Numeric, &bytes(ValueCodec::Numeric, &number)), number);
        if !float.is_nan() {
            let found = text(ValueCodec::Float4, &float.to_be_bytes());
            prop_assert_eq!(bytes(ValueCodec::Float4, &found), float.to_be_bytes());
        }
    }
}
