use super::*;

fn set(record_type: RecordType, ttl: u32, values: &[&str]) -> RecordSet {
    RecordSet::of_values(RecordName::listed("x.acme"), record_type, ttl, values.iter().map(|&value| value.to_owned()))
}

#[test]
fn zone_ids_lose_their_prefix() {
    assert_eq!("/hostedzone/Z35SXDOTRQ7X7K".parse::<ZoneId>().unwrap().as_str(), "Z35SXDOTRQ7X7K");
    for bad in ["", "/hostedzone/", "Z 1", "zone/Z1", &"Z".repeat(33)] {
        assert!(bad.parse::<ZoneId>().is_err(), "{bad}");
    }
}

#[test]
fn types_have_the_names_of_route_53() {
    for name in ["A", "AAAA", "CNAME", "TXT", "MX", "NS"] {
        assert_eq!(RecordType::named(name).as_str(), name);
    }
    assert_eq!(RecordType::named("MX"), RecordType::Other("MX".to_owned()));
}

#[test]
fn spellings_of_one_value_are_equal() {
    use RecordType::{A, Aaaa, Cname, Txt};
    let equal = |one: RecordSet, two: RecordSet| one.answers_as(&two) && two.answers_as(&one);
    assert!(equal(set(Aaaa, 60, &["2001:DB8:0::1"]), set(Aaaa, 60, &["2001:db8::1"])));
    assert!(equal(set(Cname, 60, &["LB.acme."]), set(Cname, 60, &["lb.acme"])));
    assert!(equal(set(A, 60, &["10.0.0.2", "10.0.0.1"]), set(A, 60, &["10.0.0.1", "10.0.0.2"])));
    assert!(!equal(set(A, 60, &["10.0.0.1"]), set(A, 61, &["10.0.0.1"])));
    assert!(!equal(set(A, 60, &["10.0.0.1"]), set(A, 60, &["10.0.0.1", "10.0.0.2"])));
    assert!(!equal(set(Txt, 60, &["\"a\""]), set(Txt, 60, &["\"A\""])));
    assert!(!equal(set(Cname, 60, &["a.acme"]), set(A, 60, &["a.acme"])));
    let routed = RecordSet { routing: Some("weight 10".to_owned()), ..set(A, 60, &["10.0.0.1"]) };
    assert!(!equal(routed.clone(), set(A, 60, &["10.0.0.1"])) && !equal(routed.clone(), routed));
}

#[test]
fn alias_differs_from_values() {
    let alias = |evaluate_target_health: bool| RecordSet {
        data: RecordData::Alias(AliasTarget {
            zone_id: "Z1".parse().unwrap(),
            name: RecordName::listed("LB.acme."),
            evaluate_target_health,
        }),
        ..set(RecordType::A, 60, &[])
    };
    assert!(alias(true).answers_as(&alias(true)) && !alias(true).answers_as(&alias(false)));
    assert!(!alias(true).answers_as(&set(RecordType::A, 60, &["10.0.0.1"])));
    assert_eq!(alias(true).values().count(), 0);
}
