use proptest::prelude::*;

use super::*;

fn owner() -> RecordOwner {
    RecordOwner { installation: "acme".parse().unwrap(), environment: "shop-pr-123".parse().unwrap() }
}

fn prefix(text: &str) -> TxtPrefix {
    text.parse().unwrap()
}

fn txt(value: &str) -> RecordSet {
    RecordSet::of_values(RecordName::listed("a-x.acme"), RecordType::Txt, OWNERSHIP_TTL, [value.to_owned()])
}

/// Names that ExternalDNS 0.22 computes for these records and prefixes.
#[test]
fn txt_names_are_those_of_external_dns() {
    use RecordType::{A, Aaaa, Cname};
    for (name, record_type, text, expected) in [
        ("web.ex.com", Cname, "", "cname-web.ex.com"),
        ("web.ex.com", A, "", "a-web.ex.com"),
        ("web.ex.com", Aaaa, "", "aaaa-web.ex.com"),
        ("*.ex.com", Cname, "", "cname-*.ex.com"),
        ("web.ex.com", A, "txt-", "txt-a-web.ex.com"),
        ("web.ex.com", A, "TXT.", "txt.a-web.ex.com"),
        ("web.ex.com", A, "%{record_type}-", "a-web.ex.com"),
        ("web.ex.com", Aaaa, "_%{record_type}.eod-", "_aaaa.eod-web.ex.com"),
        ("web", A, "", "a-web"),
    ] {
        let host = RecordName::listed(name);
        let txt = txt_name(&host, &record_type, &prefix(text)).unwrap();
        assert_eq!(txt.as_str(), expected);
        assert_eq!(record_of_txt_name(&txt, &prefix(text)), Some((host, record_type)), "{expected}");
    }
    for other in ["web.ex.com", "a-", "mx-web.ex.com", "x-a-web.ex.com"] {
        assert_eq!(record_of_txt_name(&RecordName::listed(other), &prefix("")), None, "{other}");
    }
}

#[test]
fn long_txt_name_is_refused() {
    let host = RecordName::listed(&format!("{}.acme", "x".repeat(58)));
    assert!(txt_name(&host, &RecordType::A, &prefix("")).is_ok());
    assert!(matches!(
        txt_name(&host, &RecordType::Cname, &prefix("")),
        Err(RecordNameError::LabelTooLong { length: 64, .. })
    ));
    assert!(txt_name(&host, &RecordType::Cname, &prefix("_%{record_type}.")).is_ok());
}

#[test]
fn prefixes_are_checked() {
    for bad in ["a b", "ü", "*", "%", "%{record_type", ".a", "a..b"] {
        assert!(bad.parse::<TxtPrefix>().is_err(), "{bad}");
    }
    for bad in ["%{record_type}", "%{record_type}x-", "a%{record_type}-%{record_type}"] {
        assert_eq!(bad.parse::<TxtPrefix>(), Err(TxtPrefixError::NoSeparator(bad.to_owned())));
    }
    assert_eq!(
        "x%y".parse::<TxtPrefix>().unwrap_err().to_string(),
        "txt_prefix `x%y` contains '%': allowed are letters, digits, `-`, `_`, `.` and `%{record_type}`"
    );
    assert_eq!(
        "%{record_type}".parse::<TxtPrefix>().unwrap_err().to_string(),
        "txt_prefix `%{record_type}` must have `-`, `_` or `.` after `%{record_type}`"
    );
}

#[test]
fn value_is_that_of_external_dns() {
    assert_eq!(
        owner().labels().value(),
        r#""heritage=external-dns,external-dns/owner=eod-acme,external-dns/resource=eod/shop-pr-123/shop-pr-123""#
    );
    let dual = r#""heritage=external-dns,external-dns/dualstack=true,external-dns/owner=prod,external-dns/resource=ingress/shop/web""#;
    let labels = OwnershipTxt::parse(dual).unwrap();
    assert_eq!(labels.value(), dual);
    assert_eq!(labels.describe(), "owner `prod`, resource `ingress/shop/web`");
    assert_eq!((labels.environment(), owner().labels().environment()), (None, Some("shop-pr-123")));
}

#[test]
fn long_value_has_strings_of_at_most_255_bytes() {
    let long = |letter: &str| letter.repeat(63);
    let owner = RecordOwner { installation: long("i").parse().unwrap(), environment: long("e").parse().unwrap() };
    let value = owner.labels().value();
    let (first, second) = value.split_once("\" \"").unwrap();
    assert_eq!(first.len(), 1 + 255);
    assert!(first.contains(&format!("external-dns/owner=eod-{},", long("i"))), "{first}");
    assert!(second.ends_with('"'));
    assert_eq!(OwnershipTxt::parse(&value), Some(owner.labels()));
    assert_eq!(owner.state_of(Some(&txt(&value))), TxtState::Ours);
}

#[test]
fn owner_is_read_from_the_txt_record() {
    let state = |value: &str| owner().state_of(Some(&txt(value)));
    let labels = |owner: &str, resource: &str| OwnershipTxt {
        owner: owner.to_owned(),
        resource: (!resource.is_empty()).then(|| resource.to_owned()),
        others: BTreeMap::new(),
    };
    let value = |owner: &str, resource: &str| labels(owner, resource).value();
    assert_eq!(owner().state_of(None), TxtState::Absent);
    assert_eq!(state(&value("eod-acme", "eod/shop-pr-123/shop-pr-123")), TxtState::Ours);
    for resource in ["eod/shop-pr-12/shop-pr-12", "eod/shop-pr-123/x", "ingress/shop/web", ""] {
        let expected = TxtState::OtherEnvironment(labels("eod-acme", resource));
        assert_eq!(state(&value("eod-acme", resource)), expected, "{resource}");
    }
    assert_eq!(
        state(&value("eod-other", "eod/shop-pr-123/shop-pr-123")),
        TxtState::OtherInstallation(labels("eod-other", "eod/shop-pr-123/shop-pr-123"))
    );
    for (owner, resource) in [("default", "ingress/shop/web"), ("eod-other", "ingress/shop/web"), ("x", "")] {
        assert_eq!(state(&value(owner, resource)), TxtState::ExternalDns(labels(owner, resource)), "{owner}");
    }
}

#[test]
fn unreadable_txt_record_has_no_owner() {
    let good = owner().labels().value();
    for bad in [
        "",
        "heritage=external-dns,external-dns/owner=eod-acme",
        r#""v=spf1 -all""#,
        r#""heritage=mate,mate/owner=eod-acme""#,
        r#""external-dns/owner=eod-acme""#,
        r#""heritage=external-dns""#,
        r#""heritage=external-dns,external-dns/owner=""#,
        r#""heritage=external-dns,external-dns/owner=a,external-dns/owner=eod-acme""#,
        r#""heritage=external-dns,external-dns/owner=eod-acme=x""#,
        r#""dGhpcyBpcyBlbmNyeXB0ZWQ=""#,
        r#""heritage=external-dns,external-dns/owner=eod-acme"#,
        r#""heritage=external-dns,""external-dns/owner=eod-acme""#,
    ] {
        assert_eq!(owner().state_of(Some(&txt(bad))), TxtState::Unreadable, "{bad}");
    }
    let two = RecordSet::of_values(
        RecordName::listed("a-x.acme"),
        RecordType::Txt,
        300,
        [good.clone(), "\"v=spf1 -all\"".to_owned()],
    );
    assert_eq!(owner().state_of(Some(&two)), TxtState::Unreadable);
    let routed = RecordSet { routing: Some("weight 1".to_owned()), ..txt(&good) };
    assert_eq!(owner().state_of(Some(&routed)), TxtState::Unreadable);
}

proptest! {
    #[test]
    fn quoted_texts_round_trip(text in r#"([ -~é]|\\|"){0,600}"#) {
        let value = quote(&text);
        prop_assert!(value.is_ascii());
        prop_assert_eq!(unquote(&value), Some(text));
    }

    #[test]
    fn labels_of_every_owner_round_trip(installation in "[a-z0-9]{1,63}", environment in "x[a-z0-9]{0,62}") {
        let owner = RecordOwner {
            installation: installation.parse().unwrap(),
            environment: environment.parse().unwrap(),
        };
        prop_assert_eq!(OwnershipTxt::parse(&owner.labels().value()), Some(owner.labels()));
        prop_assert_eq!(owner.state_of(Some(&txt(&owner.labels().value()))), TxtState::Ours);
    }
}
