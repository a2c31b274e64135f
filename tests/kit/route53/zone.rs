//! A hosted zone, and the atomic application of a batch.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    change::{ChangeVerb, SubmittedChange},
    record::{FakeRecord, listed_name},
    record_order::RecordKey,
    rules,
};

/// A hosted zone.
pub(super) struct FakeZone {
    /// Name as listed.
    pub(super) name: String,
    pub(super) is_private: bool,
    pub(super) records: BTreeMap<RecordKey, FakeRecord>,
    /// Time at which the batch in work is complete.
    pub(super) busy_until: Duration,
    /// Maximum number of records.
    pub(super) quota: usize,
}

impl FakeZone {
    pub(super) fn new(name: &str, is_private: bool) -> Self {
        let name = listed_name(name);
        let mut zone = Self {
            name: name.clone(),
            is_private,
            records: BTreeMap::new(),
            busy_until: Duration::ZERO,
            quota: 10_000,
        };
        zone.put(FakeRecord::simple(&name, "NS", &["ns-1.awsdns-00.org.", "ns-2.awsdns-01.net."]));
        zone.put(FakeRecord::simple(
            &name,
            "SOA",
            &["ns-1.awsdns-00.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"],
        ));
        zone
    }

    pub(super) fn put(&mut self, record: FakeRecord) {
        self.records.insert(key(&record), record);
    }

    /// Records without those of type NS and SOA at the apex.
    pub(super) fn own_records(&self) -> Vec<FakeRecord> {
        let is_of_zone =
            |record: &FakeRecord| record.name == self.name && matches!(record.record_type.as_str(), "NS" | "SOA");
        self.records.values().filter(|record| !is_of_zone(record)).cloned().collect()
    }

    /// Applies all changes or none.
    ///
    /// # Errors
    /// All violations, in the form of the messages of `InvalidChangeBatch`.
    pub(super) fn apply(&mut self, changes: &[SubmittedChange]) -> Result<(), Vec<String>> {
        let mut faults: Vec<String> = rules::batch_fault(changes).into_iter().collect();
        faults.extend(repeated(changes));
        faults.extend(changes.iter().flat_map(|change| rules::record_faults(change, &self.name)));
        let mut records = self.records.clone();
        for change in changes {
            faults.extend(apply_one(&mut records, change));
        }
        let touched: BTreeSet<&str> = changes.iter().map(|change| change.record.name.as_str()).collect();
        faults.extend(touched.into_iter().flat_map(|name| conflicts(&records, name, &self.name)));
        if records.len() > self.quota {
            faults.push(format!("Number of records limit of {} exceeded.", self.quota));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        self.records = records;
        Ok(())
    }
}

fn key(record: &FakeRecord) -> RecordKey {
    RecordKey::new(&record.name, &record.record_type, record.set_identifier.as_deref().unwrap_or_default())
}

/// Several changes of one record set. Only a deletion followed by a creation is valid.
fn repeated(changes: &[SubmittedChange]) -> Vec<String> {
    let mut verbs: BTreeMap<RecordKey, Vec<&SubmittedChange>> = BTreeMap::new();
    for change in changes {
        verbs.entry(key(&change.record)).or_default().push(change);
    }
    let is_invalid = |changes: &&Vec<&SubmittedChange>| match changes.as_slice() {
        [_] => false,
        [first, second] => (first.verb, second.verb) != (ChangeVerb::Delete, ChangeVerb::Create),
        _ => true,
    };
    let described = |changes: &Vec<&SubmittedChange>| {
        let SubmittedChange { verb, record, .. } = changes[0];
        format!(
            "The request contains an invalid set of changes for a resource record set '{} {} {}'",
            verb.as_str(),
            record.record_type,
            record.name
        )
    };
    verbs.values().filter(is_invalid).map(described).collect()
}

fn apply_one(records: &mut BTreeMap<RecordKey, FakeRecord>, change: &SubmittedChange) -> Option<String> {
    let SubmittedChange { verb, record, .. } = change;
    let (key, described) = (key(record), record.described());
    match (verb, records.get(&key)) {
        (ChangeVerb::Create, Some(_)) => {
            return Some(format!("Tried to create resource record set {described} but it already exists"));
        }
        (ChangeVerb::Create, None) | (ChangeVerb::Upsert, _) => {
            records.insert(key, record.clone());
        }
        (ChangeVerb::Delete, None) => {
            return Some(format!("Tried to delete resource record set {described} but it was not found"));
        }
        (ChangeVerb::Delete, Some(stored)) if !is_equal(stored, record) => {
            return Some(format!(
                "Tried to delete resource record set {described} but the values provided do not match the current values"
            ));
        }
        (ChangeVerb::Delete, Some(_)) => {
            records.remove(&key);
        }
    }
    None
}

/// True if two record sets are equal; the order of the values has no meaning.
fn is_equal(one: &FakeRecord, two: &FakeRecord) -> bool {
    let sorted = |record: &FakeRecord| {
        let mut record = record.clone();
        record.values.sort();
        record
    };
    sorted(one) == sorted(two)
}

/// Record sets at one name that exclude each other, after the batch.
fn conflicts(records: &BTreeMap<RecordKey, FakeRecord>, name: &str, zone: &str) -> Vec<String> {
    let at_name: Vec<&FakeRecord> = records.values().filter(|record| record.name == name).collect();
    let mut faults = Vec::new();
    let is_cname = |record: &&&FakeRecord| record.record_type == "CNAME";
    let other = at_name.iter().find(|record| !is_cname(record));
    if let (Some(_), Some(other)) = (at_name.iter().find(is_cname), other) {
        faults.push(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted because a conflicting RRSet of type {} with the same \
             DNS name already exists in zone {zone}",
            other.record_type
        ));
    }
    for record in &at_name {
        let is_simple_beside_routed = |other: &&&FakeRecord| {
            other.record_type == record.record_type && other.set_identifier.is_none() && record.set_identifier.is_some()
        };
        if let (Some(_), Some(identifier)) = (at_name.iter().find(is_simple_beside_routed), &record.set_identifier) {
            faults.push(format!(
                "RRSet with DNS name {name}, type {}, SetIdentifier {identifier} cannot be created as a non-weighted set exists \
                 with the same name and type",
                record.record_type
            ));
        }
    }
    faults
}
