use super::*;
use crate::dns::record::{AliasTarget, RecordData, RecordType};

fn change(action: ChangeAction, values: &[&str]) -> RecordChange {
    let values = values.iter().map(|&value| value.to_owned());
    RecordChange { action, record: RecordSet::of_values(RecordName::listed("x.acme"), RecordType::A, 60, values) }
}

#[test]
fn upsert_counts_twice_and_an_alias_has_no_values() {
    let weight = |action| change(action, &["10.0.0.1", "10.0.0.22"]).weight();
    assert_eq!(weight(ChangeAction::Create), ChangeWeight { changes: 1, values: 2, characters: 17 });
    assert_eq!(weight(ChangeAction::Delete), weight(ChangeAction::Create));
    assert_eq!(weight(ChangeAction::Upsert), ChangeWeight { changes: 1, values: 4, characters: 34 });
    let mut alias = change(ChangeAction::Upsert, &[]);
    alias.record.data = RecordData::Alias(AliasTarget {
        zone_id: "Z1".parse().unwrap(),
        name: RecordName::listed("lb.acme"),
        evaluate_target_health: true,
    });
    assert_eq!(alias.weight(), ChangeWeight { changes: 1, values: 0, characters: 0 });
    let entry = ChangeEntry {
        host: RecordName::listed("x.acme"),
        changes: vec![alias, change(ChangeAction::Create, &["10.0.0.1"])],
    };
    assert_eq!(entry.weight(), ChangeWeight { changes: 2, values: 1, characters: 8 });
}

#[test]
fn names_are_read_from_the_message() {
    let names = names_in_message(
        r"[Tried to create resource record set [name='X.acme.', type='A'] but it already exists, RRSet with DNS name='\052.acme.']",
    );
    let expected = [RecordName::listed("*.acme"), RecordName::listed("x.acme")];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(names_in_message("no name, and name='open").is_empty());
    let entry =
        ChangeEntry { host: RecordName::listed("x.acme"), changes: vec![change(ChangeAction::Create, &["10.0.0.1"])] };
    assert!(entry.has_name_in(&names) && !entry.has_name_in(&BTreeSet::new()));
}
