//! Strict model of a hosted zone, with the rules of Route 53 that a plan depends on.

use super::*;

/// Key of a record set.
type RecordKey = (RecordName, RecordType, Option<String>);

/// Zone with its record sets. A batch is applied completely or not at all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ZoneModel {
    sets: BTreeMap<RecordKey, RecordSet>,
}

fn key(set: &RecordSet) -> RecordKey {
    (set.name.clone(), set.record_type.clone(), set.routing.clone())
}

impl ZoneModel {
    pub(super) fn with(sets: impl IntoIterator<Item = RecordSet>) -> Self {
        let mut zone = Self::default();
        for set in sets {
            assert_eq!(zone.sets.insert(key(&set), set), None);
        }
        zone.check().expect("a valid zone");
        zone
    }

    pub(super) fn stored(&self) -> Vec<RecordSet> {
        self.sets.values().cloned().collect()
    }

    pub(super) fn put(&mut self, set: RecordSet) {
        self.sets.insert(key(&set), set);
    }

    pub(super) fn remove(&mut self, name: &str, record_type: &RecordType) {
        let removed = self.sets.remove(&(RecordName::listed(name), record_type.clone(), None));
        assert!(removed.is_some(), "{name} {record_type}");
    }

    /// Applies the changes of a batch in their order.
    pub(super) fn apply<'a>(&mut self, batch: impl IntoIterator<Item = &'a RecordChange>) -> Result<(), String> {
        let mut next = self.clone();
        for RecordChange { action, record } in batch {
            let text = format!("[name='{}.', type='{}']", record.name, record.record_type);
            match action {
                ChangeAction::Create if next.sets.contains_key(&key(record)) => {
                    return Err(format!("Tried to create resource record set {text} but it already exists"));
                }
                ChangeAction::Delete => match next.sets.remove(&key(record)) {
                    None => return Err(format!("Tried to delete resource record set {text} but it was not found")),
                    Some(stored) if stored != *record => {
                        return Err(format!(
                            "Tried to delete resource record set {text} but the values provided do not match"
                        ));
                    }
                    Some(_) => {}
                },
                ChangeAction::Create | ChangeAction::Upsert => {
                    next.sets.insert(key(record), record.clone());
                }
            }
        }
        next.check()?;
        *self = next;
        Ok(())
    }

    /// True if a record set of this name fulfils a condition.
    fn has(&self, name: &RecordName, condition: impl Fn(&RecordKey) -> bool) -> bool {
        self.sets.keys().any(|other| other.0 == *name && condition(other))
    }

    /// Checks the rules for the records of one name.
    fn check(&self) -> Result<(), String> {
        for (name, record_type, routing) in self.sets.keys() {
            if *record_type == RecordType::Cname && self.has(name, |other| other.1 != RecordType::Cname) {
                return Err(format!("RRSet of type CNAME with DNS name {name} is not permitted beside other records"));
            }
            if routing.is_none() && self.has(name, |other| other.1 == *record_type && other.2.is_some()) {
                return Err(format!("RRSet with DNS name {name}, type {record_type} mixes simple and routed records"));
            }
            if name.as_str().parse::<RecordName>().is_err() {
                return Err(format!("DNS name {name} is too long"));
            }
        }
        for set in self.sets.values() {
            let strings = set.values().flat_map(|value| value.split('"').skip(1).step_by(2));
            if set.record_type == RecordType::Txt && strings.into_iter().any(|string| string.len() > 255) {
                return Err(format!("TXT record {} has a string of more than 255 bytes", set.name));
            }
        }
        Ok(())
    }
}
