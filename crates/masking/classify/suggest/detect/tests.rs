use super::*;

/// Values of each form.
const VALUES: &[(MaskKind, [&str; 3])] = &[
    (MaskKind::Email, ["Anna.Berger@web.example", "o'neil+x@a.b.example", "ü@example.org"]),
    (
        MaskKind::Uuid,
        [
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13",
        ],
    ),
    (MaskKind::Ip, ["10.1.2.3", "2001:db8::1", "192.168.0.0/16"]),
    (MaskKind::Mac, ["08:00:2b:01:02:03", "08-00-2B-01-02-04", "08:00:2b:01:02:05"]),
    (MaskKind::Url, ["https://shop.example/u/7", "http://a.example", "HTTPS://b.example/x?y=z"]),
    (MaskKind::Iban, ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606"]),
    (MaskKind::Card, ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"]),
    (MaskKind::UserAgent, ["Mozilla/5.0 (X11; Linux)", "curl/8.0", "Mozilla/5.0 (iPhone)"]),
    (MaskKind::Phone, ["+49 30 1234567", "(030) 123-4567", "030/1234567"]),
];

#[test]
fn form_of_values_is_found() {
    for (kind, values) in VALUES {
        assert_eq!(detected(values), Some(*kind), "{values:?}");
        // One of five values may have another form; an empty value does not count.
        assert_eq!(detected(&[values[0], values[1], values[2], "", "Anna"]), None, "three of four: {values:?}");
    }
}

#[test]
fn few_values_and_other_texts_have_no_form() {
    assert_eq!(detected(&["a@b.example", "a@b.example", "a@b.example", "c@d.example"]), None, "two different values");
    assert_eq!(detected(&["1234567", "7654321", "1111111"]), None, "numbers without a form");
    assert_eq!(detected(&["DE89 3704 0044 0532 0130 01", "x", "y"]), None, "wrong check digits");
    assert_eq!(detected(&["Anna met Berta", "call back", "@home"]), None);
    assert_eq!(detected(&[]), None);
}

#[test]
fn documents_and_codes_are_found() {
    assert!(is_document(&["{\"a\":1}", "[1]", "{}"]));
    assert!(!is_document(&["{\"a\":1}", "[1]", "{x}"]) && !is_document(&["1", "2", "3"]));
    let rows = |words: &[&'static str]| (0..100).map(|at| words[at % words.len()]).collect::<Vec<_>>();
    assert!(is_few_codes(&rows(&["new", "paid", "SHIPPED", ""])));
    assert!(!is_few_codes(&rows(&["Anna", "Berta"])), "names");
    assert!(!is_few_codes(&rows(&["new", "to be paid"])), "words with spaces");
    assert!(!is_few_codes(&["new", "paid"]), "few rows");
    let many: Vec<String> = (0..60).map(|at| format!("code{}", at % 20)).collect();
    assert!(!is_few_codes(&many.iter().map(String::as_str).collect::<Vec<_>>()), "many codes");
}

proptest::proptest! {
    #[test]
    fn no_value_causes_a_panic(values in proptest::collection::vec(".{0,40}", 0..6)) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        detected(&values);
        is_document(&values);
        is_few_codes(&values);
    }
}
