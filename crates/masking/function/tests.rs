use std::collections::BTreeSet;

use proptest::prelude::*;
use strum::IntoEnumIterator as _;

use super::*;
use crate::key::MaskingKey;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const OTHER_SECRET: &[u8] = b"fedcba9876543210fedcba9876543210";

fn key(secret: &[u8]) -> DomainKey {
    MaskingKey::from_secret(secret).unwrap().domain("customers")
}

fn masker_in(function: MaskFunction, room: Room, form: ValueForm) -> Masker {
    Masker::new(function, key(SECRET), room, form).unwrap_or_else(|error| panic!("{error}"))
}

fn masker(function: MaskFunction) -> Masker {
    masker_in(function, Room::default(), ValueForm::default())
}

fn text_of(function: MaskFunction, value: &str) -> String {
    masker(function).mask(TypeClass::Text, value).unwrap()
}

/// One function of each kind with its defaults, and variants with settings.
fn functions() -> Vec<MaskFunction> {
    use MaskFunction::*;
    let mut found: Vec<_> = MaskKind::iter().map(MaskFunction::with_defaults).collect();
    // A multiple of 1 is every number, and an empty constant has no length.
    found.retain(|function| !matches!(function, Round { .. } | Constant(_)));
    found.extend([Phone { keep_country: true }, Postcode { keep: 2 }, Round { to: 10 }, Constant("x".to_owned())]);
    for locale in Locale::iter().filter(|locale| *locale != Locale::default()) {
        found.extend([
            FullName(locale),
            FirstName(locale),
            LastName(locale),
            Street(locale),
            City(locale),
            Company(locale),
        ]);
    }
    found
}

/// An ordinary value of a function.
fn ordinary(kind: MaskKind) -> &'static str {
    match kind {
        MaskKind::Email => "Anna.Berger@web.example",
        MaskKind::FullName => "Anna Berger",
        MaskKind::FirstName => "Anna",
        MaskKind::LastName => "Berger",
        MaskKind::Username => "aberger",
        MaskKind::Phone => "+49 30 1234567",
        MaskKind::Street => "Hauptstraße 12",
        MaskKind::City => "Berlin",
        MaskKind::Postcode => "10115",
        MaskKind::Country => "DE",
        MaskKind::Company => "Berger GmbH",
        MaskKind::Iban => "DE89 3704 0044 0532 0130 00",
        MaskKind::Card => "4111 1111 1111 1111",
        MaskKind::NationalId => "85 010112 B 013",
        MaskKind::Ip => "10.1.2.3",
        MaskKind::Mac => "08:00:2b:01:02:03",
        MaskKind::Url => "https://shop.example/u/7",
        MaskKind::UserAgent => "curl/8.0",
        MaskKind::Uuid => "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        MaskKind::Digits => "ORD-000123",
        MaskKind::DateShift => "1984-05-03",
        MaskKind::Year => "1984-05-03",
        MaskKind::NumberNoise => "1234.56",
        MaskKind::Round => "1234.56",
        MaskKind::Text | MaskKind::Hash | MaskKind::Constant | MaskKind::Null => "Called Anna twice.",
    }
}

fn class_of(function: &MaskFunction) -> TypeClass {
    TypeClass::iter().find(|class| function.accepts(*class)).unwrap()
}

#[test]
fn ordinary_values_change_with_the_value_the_key_and_the_domain() {
    for function in functions() {
        let (class, kind) = (class_of(&function), function.kind());
        let value = ordinary(kind);
        let mask = |key: DomainKey| {
            Masker::new(function.clone(), key, Room::default(), ValueForm::default()).unwrap().mask(class, value)
        };
        let found = mask(key(SECRET));
        assert_eq!(found, mask(key(SECRET)), "{function:?}");
        assert_ne!(found.as_deref(), Some(value), "{function:?}");
        assert_eq!(
            masker(function.clone()).mask(class, ""),
            (kind != MaskKind::Null).then(String::new),
            "{function:?}"
        );
        // Some functions have few outputs, so one pair of keys proves nothing.
        let is_keyed = !matches!(kind, MaskKind::Year | MaskKind::Round | MaskKind::Constant | MaskKind::Null);
        let domains = (0..20).map(|number| mask(MaskingKey::from_secret(SECRET).unwrap().domain(&number.to_string())));
        assert_eq!(domains.collect::<BTreeSet<_>>().len() > 1, is_keyed, "{function:?}");
        if !matches!(function.uniqueness(Room::default()), Uniqueness::None) {
            assert_ne!(found, mask(key(OTHER_SECRET)), "{function:?}");
        }
    }
}

#[test]
fn outputs_have_the_form_of_their_kind() {
    use MaskFunction::*;
    let email = text_of(Email, "a@b.c");
    assert!(email.len() <= 50 && email.ends_with("@example.com"), "{email}");
    assert!(email.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".@".contains(&byte)));
    assert!(text_of(Phone { keep_country: true }, "+49 30 1234567").starts_with("+49 "));
    assert!(text_of(Phone { keep_country: true }, "0049301234567").starts_with("0049"));
    assert!(text_of(Phone { keep_country: true }, "+1 (212) 555-0100").starts_with("+1 ("));
    assert!(text_of(Phone { keep_country: true }, "+353 1 234").starts_with("+353 "));
    assert!(text_of(Postcode { keep: 2 }, "10115").starts_with("10"));
    assert_ne!(text_of(Postcode { keep: 8 }, "10115"), "10115");
    assert_eq!(text_of(Country, "de").to_ascii_lowercase(), text_of(Country, "de"));
    assert_eq!((text_of(Country, "DE").len(), text_of(Country, "DEU").len()), (2, 3));
    assert!(text_of(Country, "Germany").len() > 3);
    let card = text_of(Card, "4111 1111 1111 1111");
    assert!(card.starts_with("41") && card.len() == 19, "{card}");
    assert!(text_of(Ip, "2001:470::1").starts_with("2001:db8:"));
    assert!(text_of(Ip, "10.0.0.0/8").ends_with("/8"));
    assert!(text_of(Ip, "192.168.7.0/24").ends_with(".0/24"));
    let uuid = text_of(Uuid, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11");
    assert_eq!((uuid.get(14..15), uuid.get(19..20), uuid.len()), (Some("4"), Some("b"), 36), "{uuid}");
    assert_eq!(uuid, text_of(Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
    assert!(text_of(Digits, "ORD-000123").starts_with("ORD-"));
    assert_ne!(text_of(Digits, "none"), "none");
    assert_eq!(text_of(Year, "1984-05-03"), "1984-01-01");
    let mask = |function, class, value: &str| masker(function).mask(class, value).unwrap();
    assert_eq!(mask(Year, TypeClass::Timestamp, "1984-05-03 10:11:12.5+02"), "1984-01-01 00:00:00.0+02");
    assert_eq!(mask(Year, TypeClass::Timestamp, "infinity"), "infinity");
    let shifted = mask(DateShift { days: 30 }, TypeClass::Timestamp, "1984-05-03 10:11:12.345+00");
    assert_eq!((shifted.len(), shifted.get(19..20), shifted.ends_with("+00")), (26, Some("."), true), "{shifted}");
    assert_eq!(mask(DateShift { days: 1 }, TypeClass::Date, "0044-03-15 BC").len(), 10);
    assert_eq!(mask(Round { to: 100 }, TypeClass::Numeric, "1250.00"), "1300");
    assert_eq!(mask(Round { to: 100 }, TypeClass::Integer, "32767"), "32700");
    assert_eq!(mask(Round { to: 100 }, TypeClass::Integer, "-149"), "-100");
    assert_eq!(mask(Round { to: 5 }, TypeClass::Float, "12.6"), "15");
    assert_eq!(mask(NumberNoise { percent: 10 }, TypeClass::Numeric, "NaN"), "NaN");
    assert_eq!(mask(Hash { length: 4 }, TypeClass::Bytes, "\\xff").len(), 6);
    assert_eq!(masker(Null).mask(TypeClass::Text, "x"), None);
    assert!(text_of(Url, "ftp://x").starts_with("https://example.com/"));
}

#[test]
fn valid_numbers_stay_valid_and_invalid_ones_invalid() {
    let iban = masker(MaskFunction::Iban);
    let mut outputs = BTreeSet::new();
    for account in 0..3000 {
        let rest: Vec<char> = format!("DE00370400440532{account:06}").chars().collect();
        let valid = format!("DE{}370400440532{account:06}", bank::check_digits(&rest));
        let masked = iban.mask(TypeClass::Text, &valid).unwrap();
        assert!(bank::is_iban(&masked) && masked.starts_with("DE"), "{valid} {masked}");
        outputs.insert(masked);
        let invalid = iban.mask(TypeClass::Text, &format!("DE00370400440532{account:06}")).unwrap();
        assert!(!bank::is_iban(&invalid), "{invalid}");
        outputs.insert(invalid);
    }
    assert_eq!(outputs.len(), 6000);
    let card = masker(MaskFunction::Card);
    let mut outputs = BTreeSet::new();
    for number in 0..5000 {
        let text = format!("41111111{number:08}");
        let masked = card.mask(TypeClass::Text, &text).unwrap();
        assert_eq!(bank::is_card(&text), bank::is_card(&masked), "{text} {masked}");
        outputs.insert(masked);
    }
    assert_eq!(outputs.len(), 5000);
}

#[test]
fn text_with_json_stays_json() {
    let value = r#"{"name":"Anna","age":41,"tags":["a\nb",""],"on":true}"#;
    let masked = text_of(MaskFunction::Text, value);
    let document: serde_json::Value = serde_json::from_str(&masked).unwrap();
    assert!(!masked.contains("Anna") && document["on"] == true && document["tags"][1] == "", "{masked}");
    assert_ne!(document["age"], 41);
    assert_eq!(text_of(MaskFunction::Text, "{Anna}").len(), 6);
}

#[test]
fn equal_values_of_a_column_have_equal_outputs() {
    let mask = |form: ValueForm, class, value: &str| {
        masker_in(MaskFunction::Email, Room::default(), form).mask(class, value).unwrap()
    };
    let plain = ValueForm::default();
    let fold = ValueForm { fold_case: true, ..plain };
    assert_eq!(mask(fold, TypeClass::Text, "Anna@X.de"), mask(fold, TypeClass::Text, "anna@x.DE"));
    assert_ne!(mask(plain, TypeClass::Text, "Anna@X.de"), mask(plain, TypeClass::Text, "anna@x.DE"));
    assert_eq!(mask(fold, TypeClass::Text, "ÄRA"), mask(fold, TypeClass::Text, "ära"));
    let padded = ValueForm { trim_end: true, ..plain };
    assert_eq!(mask(padded, TypeClass::Text, "a   "), mask(plain, TypeClass::Text, "a"));
    let noise = masker(MaskFunction::NumberNoise { percent: 50 });
    let number = |class, text: &str| noise.mask(class, text).unwrap().parse::<f64>().unwrap();
    assert_eq!(number(TypeClass::Numeric, "1.50"), number(TypeClass::Numeric, "1.5"));
    assert_eq!(number(TypeClass::Numeric, "-0.00"), 0.0);
    assert_eq!(number(TypeClass::Float, "1.5"), number(TypeClass::Float, "1.50"));
    let digits = masker(MaskFunction::Digits);
    assert_eq!(digits.mask(TypeClass::Integer, "7"), digits.mask(TypeClass::Integer, "7"));
}

#[test]
fn short_and_unique_columns_get_what_fits() {
    use MaskFunction::*;
    let error = |function: MaskFunction, limit, unique| {
        function.check_room(Room { limit, unique }).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(error(Email, Some(10), false), "`email` needs at least 13 characters, the column has 10");
    assert_eq!(error(Email, Some(27), true), "`email` needs at least 28 characters, the column has 27");
    assert_eq!(error(Email, Some(28), true), "");
    assert_eq!(error(City(Locale::De), Some(15), true), "`city` needs at least 16 characters, the column has 15");
    assert!(error(UserAgent, None, true).starts_with("`user_agent` gives equal outputs"));
    assert!(error(Hash { length: 8 }, None, true).contains("must be unique"));
    assert_eq!(error(Null, None, true), "");
    assert_eq!(Email.effective_limit(Room { limit: Some(255), unique: false }), None);
    assert_eq!(Email.effective_limit(Room { limit: Some(20), unique: false }), Some(20));
    assert_eq!(Digits.effective_limit(Room { limit: Some(2), unique: false }), None);
    for function in functions() {
        for unique in [false, true] {
            let rooms = (1..60).map(|limit| Room { limit: Some(limit), unique });
            for room in rooms.filter(|room| function.check_room(*room).is_ok()) {
                let limit = room.limit.unwrap_or_default() as usize;
                let masker = masker_in(function.clone(), room, ValueForm::default());
                for value in [ordinary(function.kind()), "x", "1", "ü"] {
                    let value: String = value.chars().take(limit).collect();
                    let value = value.trim_end();
                    let masked = masker.mask(class_of(&function), value).unwrap_or_default();
                    assert!(masked.chars().count() <= limit, "{function:?} {room:?}: {masked}");
                    assert_eq!(masked.trim_end(), masked, "{function:?}");
                }
            }
        }
    }
}

#[test]
fn functions_for_unique_columns_have_no_equal_outputs() {
    for function in functions() {
        let room = Room { limit: None, unique: true };
        if function.check_room(room).is_err() || function == MaskFunction::Null {
            continue;
        }
        if let Uniqueness::Bits(bits) = function.uniqueness(room) {
            assert!(bits >= 80, "{function:?}");
        }
        let masker = masker_in(function.clone(), room, ValueForm::default());
        let mut outputs = BTreeSet::new();
        for number in 0..3000 {
            outputs.insert(masker.mask(TypeClass::Text, &format!("{number:06}")));
            outputs.insert(masker.mask(TypeClass::Text, &format!("+49 a{number}")));
        }
        assert_eq!(outputs.len(), 6000, "{function:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_value_causes_a_panic_or_a_longer_text(value in "\\PC{0,40}", at in 0_usize..48) {
        let functions = functions();
        let function = functions[at % functions.len()].clone();
        let masker = masker(function.clone());
        for class in TypeClass::iter() {
            let masked = masker.mask(class, &value);
            prop_assert_eq!(&masked, &masker.mask(class, &value));
            if let (Some(masked), None, TypeClass::Text) = (masked, function.longest(false), class) {
                let fixed = matches!(function, MaskFunction::Year | MaskFunction::NumberNoise { .. } | MaskFunction::Round { .. });
                prop_assert!(fixed || masked.chars().count() <= value.chars().count(), "{:?} {} {}", function, value, masked);
            }
        }
    }

    #[test]
    fn permutations_never_return_their_input(value in "[A-Za-z0-9 é-]{0,20}[A-Za-z0-9]", at in 0_usize..48) {
        let functions = functions();
        let function = functions[at % functions.len()].clone();
        if function.uniqueness(Room::default()) == Uniqueness::Permutation {
            prop_assert_ne!(masker(function).mask(TypeClass::Text, &value).unwrap(), value);
        }
    }

    #[test]
    fn noise_stays_in_the_type(number in any::<i32>(), percent in 1_u8..=90) {
        let masker = masker(MaskFunction::NumberNoise { percent });
        let masked = masker.mask(TypeClass::Integer, &number.to_string()).unwrap();
        let masked: i32 = masked.parse().expect("an integer");
        prop_assert!(number == 0 || masked != number);
        prop_assert!(i64::from(masked).abs_diff(i64::from(number)) <= u64::from(number.unsigned_abs()) * u64::from(percent) / 100 + 1);
    }

    #[test]
    fn integers_stay_in_their_type(number in any::<i64>()) {
        let masked = masker(MaskFunction::Digits).mask(TypeClass::Integer, &number.to_string()).unwrap();
        prop_assert_ne!(masked.parse::<i64>().expect("an integer"), number);
    }

    #[test]
    fn dates_move_by_at_most_the_given_days(days in 1_u16..400, year in 2_i16..9998, day in 1_i16..365) {
        let date = jiff::civil::date(year, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        let masked = masker(MaskFunction::DateShift { days }).mask(TypeClass::Date, &date.to_string()).unwrap();
        let masked: jiff::civil::Date = masked.parse().unwrap();
        let distance = (masked - date).get_days().unsigned_abs();
        prop_assert!(distance > 0 && distance <= u32::from(days), "{date} {masked}");
    }
}
