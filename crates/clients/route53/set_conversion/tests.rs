use super::*;

fn record(record_type: RecordType, data: RecordData) -> RecordSet {
    RecordSet { name: RecordName::listed("*.acme.example"), record_type, data, routing: None }
}

#[test]
fn records_are_equal_after_both_conversions() {
    let values = RecordData::Values { ttl: 60, values: ["192.0.2.1".to_owned(), "192.0.2.2".to_owned()].into() };
    let target = AliasTarget {
        zone_id: "Z35SXDOTRQ7X7K".parse().unwrap(),
        name: RecordName::listed("lb.example.com"),
        evaluate_target_health: false,
    };
    for record in [record(RecordType::A, values), record(RecordType::Aaaa, RecordData::Alias(target))] {
        let change = change_of(&RecordChange { action: ChangeAction::Upsert, record: record.clone() }).unwrap();
        assert_eq!(change.action().as_str(), "UPSERT");
        assert_eq!(record_of(change.resource_record_set().unwrap()).unwrap(), record);
    }
}

#[test]
fn listed_records_are_normalised_and_name_their_policy() {
    let set = ResourceRecordSet::builder().name("\\052.Acme.Example.").r#type(RrType::Txt).ttl(5);
    let value = ResourceRecord::builder().value("\"x\"").build().unwrap();
    let set = set.resource_records(value).set_identifier("one").weight(1).build().unwrap();
    let record = record_of(&set).unwrap();
    assert_eq!((record.name.as_str(), record.routing.as_deref()), ("*.acme.example", Some("weighted routing policy")));
    let change = RecordChange { action: ChangeAction::Delete, record };
    assert!(matches!(change_of(&change), Err(Route53Problem::Unwritable { .. })));
}

#[test]
fn unreadable_zone_is_an_error() {
    let zone = types::HostedZone::builder().id("/hostedzone/Z-1").name("acme.example.").caller_reference("x");
    let error = zone_of(&zone.build().unwrap()).unwrap_err().to_string();
    assert!(error.contains("invalid hosted zone id `/hostedzone/Z-1`"), "{error}");
}
