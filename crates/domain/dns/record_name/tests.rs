use proptest::prelude::*;

use super::*;

#[test]
fn listed_names_have_one_normal_form() {
    for (listed, normal) in [
        ("Shop-PR-1.Preview.ACME.", "shop-pr-1.preview.acme"),
        (r"\052.preview.acme.", "*.preview.acme"),
        ("*.preview.acme", "*.preview.acme"),
        (r"\101bc.acme.", "abc.acme"),
        (r"a\056b.acme.", r"a\056b.acme"),
        (r"f\374bar.acme.", r"f\374bar.acme"),
        ("fübar.acme", r"f\303\274bar.acme"),
        (r"a\b.acme", r"a\134b.acme"),
        (r"a\134b.acme", r"a\134b.acme"),
        (r"a\999.acme", r"a\134999.acme"),
        (r"a\777.acme", r"a\134777.acme"),
        (r"a\05", r"a\13405"),
        ("_dmarc.acme.", "_dmarc.acme"),
        ("a b", r"a\040b"),
        ("", ""),
    ] {
        assert_eq!(RecordName::listed(listed).as_str(), normal, "{listed}");
    }
}

#[test]
fn lengths_of_parsed_names_are_checked() {
    let label = "x".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "x".repeat(61));
    assert_eq!(longest.parse::<RecordName>().unwrap().as_str().len(), 253);
    assert_eq!(
        format!("{longest}x").parse::<RecordName>(),
        Err(RecordNameError::NameTooLong { name: format!("{longest}x"), length: 254 })
    );
    let error = format!("x{label}.acme").parse::<RecordName>().unwrap_err();
    assert!(error.to_string().ends_with("must have at most 63 characters, got 64"), "{error}");
    // An escape is one character.
    assert!(format!("{}.acme", r"\374".repeat(63)).parse::<RecordName>().is_ok());
    for bad in ["", ".", "a..b", ".a", "a.."] {
        assert!(matches!(bad.parse::<RecordName>(), Err(RecordNameError::EmptyLabel(_))), "{bad}");
    }
}

#[test]
fn name_is_within_a_domain_by_whole_labels() {
    let name = RecordName::listed("a.b.acme");
    let within = |domain: &str| name.is_within(&RecordName::listed(domain));
    assert!(within("a.b.acme.") && within("B.acme") && within("acme"));
    assert!(!within("x.a.b.acme") && !within(".acme.org") && !within("cme") && !within("other"));
    assert_eq!(name.split_first_label(), ("a", "b.acme"));
    assert_eq!(RecordName::listed("acme").split_first_label(), ("acme", ""));
}

proptest! {
    #[test]
    fn normal_form_is_stable(text in r"[a-zA-Z0-9*._ \\é-]{0,30}|([a-z]|\\[0-3][0-7][0-7]|\.){0,12}") {
        let once = RecordName::listed(&text);
        prop_assert_eq!(RecordName::listed(once.as_str()), once);
    }
}
