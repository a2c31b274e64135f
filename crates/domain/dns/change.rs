//! Changes of record sets, and their weight in one call of `ChangeResourceRecordSets`.

use std::collections::BTreeSet;
use std::ops::Add;

use crate::dns::record::RecordSet;
use crate::dns::record_name::RecordName;

/// Action of a change, as in the Route 53 API.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ChangeAction {
    /// Creates a record set; refused if one exists.
    Create,
    /// Deletes a record set; refused if the stored one differs in any field.
    Delete,
    /// Creates a record set, or replaces the stored one.
    Upsert,
}

/// Change of one record set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordChange {
    /// Action.
    pub action: ChangeAction,
    /// New record set, or the one to delete exactly as stored.
    pub record: RecordSet,
}

/// All changes of one host: its records and their TXT records. They are always sent in one batch, which Route 53 applies
/// completely or not at all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChangeEntry {
    /// Host.
    pub host: RecordName,
    /// Changes, deletions first, so that a CNAME record can be replaced by another type.
    pub changes: Vec<RecordChange>,
}

/// Size of changes as the limits of a batch count it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ChangeWeight {
    /// Number of changes.
    pub changes: usize,
    /// Number of values (`ResourceRecord` elements), doubled for an UPSERT. An alias has none.
    pub values: usize,
    /// Characters of all values, doubled for an UPSERT.
    pub characters: usize,
}

impl RecordChange {
    /// Weight of the change.
    pub fn weight(&self) -> ChangeWeight {
        let factor = match self.action {
            ChangeAction::Upsert => 2,
            ChangeAction::Create | ChangeAction::Delete => 1,
        };
        let values = self.record.values().count();
        let characters: usize = self.record.values().map(|value| value.chars().count()).sum();
        ChangeWeight { changes: 1, values: values * factor, characters: characters * factor }
    }
}

impl ChangeEntry {
    /// Weight of all changes.
    pub fn weight(&self) -> ChangeWeight {
        self.changes.iter().map(RecordChange::weight).fold(ChangeWeight::default(), ChangeWeight::add)
    }

    /// True if one of these names is the name of a record in this entry.
    pub fn has_name_in(&self, names: &BTreeSet<RecordName>) -> bool {
        self.changes.iter().any(|change| names.contains(&change.record.name))
    }
}

impl Add for ChangeWeight {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            changes: self.changes + other.changes,
            values: self.values + other.values,
            characters: self.characters + other.characters,
        }
    }
}

/// Names of record sets in the message of an error `InvalidChangeBatch`, which has the form
/// `[Tried to create resource record set [name='x.acme.', type='A'] but it already exists]`.
pub fn names_in_message(message: &str) -> BTreeSet<RecordName> {
    let after = message.split("name='").skip(1);
    after.filter_map(|rest| Some(RecordName::listed(rest.split_once('\'')?.0))).collect()
}

#[cfg(test)]
mod tests;
