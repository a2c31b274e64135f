//! Changes that turn the stored records into those that an environment needs.
//!
//! # Guarantees
//!
//! - A record is changed or deleted only if its TXT record says that this environment owns it.
//! - Every update and deletion deletes the TXT record as it was read. If another owner has taken the record since then,
//!   Route 53 refuses the batch, and nothing is changed.
//! - A new record is created with CREATE, which Route 53 refuses if somebody else was faster.
//! - All changes of one host are one [`ChangeEntry`], so a record never exists without its TXT record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::dns::change::{ChangeAction, ChangeEntry, RecordChange};
use crate::dns::decision::{RecordDecision, RefusalCause, StoredState, decide_record};
use crate::dns::record::{RecordData, RecordSet, RecordType};
use crate::dns::record_name::RecordName;
use crate::dns::txt::{OwnershipTxt, RecordOwner, TxtPrefix, TxtState, listed_txt_name, record_of_txt_name};
use crate::dns::wanted::RecordPair;

/// Changes of the records of an environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RecordPlan {
    /// One entry per host with changes. Hosts with new or changed records come first, so that new records exist before old
    /// ones are deleted.
    pub entries: Vec<ChangeEntry>,
    /// Decisions about all needed records, and about all others that this environment owns.
    pub decisions: Vec<(RecordName, RecordType, RecordDecision)>,
}

/// Record that must not be changed, with the reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordRefusal {
    /// Host.
    pub host: RecordName,
    /// Type of the record.
    pub record_type: RecordType,
    /// Reason.
    pub cause: RefusalCause,
}

/// Stored records by name. Several sets of one type have routing policies.
struct StoredRecords<'a>(BTreeMap<&'a RecordName, Vec<&'a RecordSet>>);

/// Record of a host with its TXT record, as needed and as stored.
struct Slot<'a> {
    record_type: RecordType,
    needed: Option<&'a RecordPair>,
    record: Option<&'a RecordSet>,
    txt: Option<&'a RecordSet>,
    decision: RecordDecision,
}

/// Plans the changes from the stored to the needed records of an environment. Without needed records, everything that the
/// environment owns is deleted.
///
/// `stored` contains at least all records with the name of a host that is or was needed, and with the names of their TXT
/// records (see [`names_to_read`]); it may be the complete zone. A host is found by its TXT record, so no list of earlier
/// hosts is necessary.
///
/// A host with a refused record has no entry: none of its records is changed.
pub fn plan_records(
    needed: &[RecordPair],
    stored: &[RecordSet],
    owner: &RecordOwner,
    prefix: &TxtPrefix,
) -> RecordPlan {
    let stored = StoredRecords::new(stored);
    let mut hosts: BTreeSet<RecordName> = needed.iter().map(|pair| pair.record.name.clone()).collect();
    hosts.extend(stored.owned_hosts(owner, prefix));
    let (mut first, mut last, mut decisions) = (Vec::new(), Vec::new(), Vec::new());
    for host in hosts {
        let mut slots = slots(&host, needed, &stored, owner, prefix);
        refuse_conflicts(&host, &mut slots, &stored, owner, prefix);
        let is_refused = slots.iter().any(|slot| matches!(slot.decision, RecordDecision::Refuse(_)));
        let has_news =
            slots.iter().any(|slot| matches!(slot.decision, RecordDecision::Create | RecordDecision::Update));
        let changes = changes(&slots);
        if !is_refused && !changes.is_empty() {
            let entries = if has_news { &mut first } else { &mut last };
            entries.push(ChangeEntry { host: host.clone(), changes });
        }
        let is_relevant = |slot: &Slot<'_>| slot.needed.is_some() || slot.decision != RecordDecision::Leave;
        decisions
            .extend(slots.into_iter().filter(is_relevant).map(|slot| (host.clone(), slot.record_type, slot.decision)));
    }
    first.extend(last);
    RecordPlan { entries: first, decisions }
}

/// Names to read before these hosts are planned: the hosts, and the names of all possible TXT records.
pub fn names_to_read<'a>(hosts: impl IntoIterator<Item = &'a RecordName>, prefix: &TxtPrefix) -> BTreeSet<RecordName> {
    let of_host = |host: &RecordName| {
        let txt_names = RecordType::OF_HOSTS.map(|record_type| listed_txt_name(host, &record_type, prefix));
        [host.clone()].into_iter().chain(txt_names)
    };
    hosts.into_iter().flat_map(of_host).collect()
}

impl RecordPlan {
    /// Records that must not be changed. A caller that creates an environment stops if there is one.
    pub fn refusals(&self) -> Vec<RecordRefusal> {
        let refusal = |(host, record_type, decision): &(RecordName, RecordType, RecordDecision)| match decision {
            RecordDecision::Refuse(cause) => {
                Some(RecordRefusal { host: host.clone(), record_type: record_type.clone(), cause: cause.clone() })
            }
            RecordDecision::Create | RecordDecision::Update | RecordDecision::Delete | RecordDecision::Leave => None,
        };
        self.decisions.iter().filter_map(refusal).collect()
    }
}

impl fmt::Display for RecordRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record `{}` of type {} cannot be changed: {}", self.host, self.record_type, self.cause)
    }
}

impl<'a> StoredRecords<'a> {
    fn new(stored: &'a [RecordSet]) -> Self {
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for set in stored {
            by_name.entry(&set.name).or_default().push(set);
        }
        Self(by_name)
    }

    fn at(&self, name: &RecordName) -> impl Iterator<Item = &'a RecordSet> {
        self.0.get(name).into_iter().flatten().copied()
    }

    /// Record of a type; one with a routing policy, if there are several.
    fn get(&self, name: &RecordName, record_type: &RecordType) -> Option<&'a RecordSet> {
        self.at(name).filter(|set| set.record_type == *record_type).max_by_key(|set| set.routing.is_some())
    }

    /// Hosts with a TXT record of this owner.
    fn owned_hosts(&self, owner: &RecordOwner, prefix: &TxtPrefix) -> BTreeSet<RecordName> {
        let is_ours = |name: &RecordName| owner.state_of(self.get(name, &RecordType::Txt)) == TxtState::Ours;
        let ours = self.0.keys().filter(|name| is_ours(name));
        ours.filter_map(|name| Some(record_of_txt_name(name, prefix)?.0)).collect()
    }
}

/// One slot per type that a host can have.
fn slots<'a>(
    host: &RecordName,
    needed: &'a [RecordPair],
    stored: &StoredRecords<'a>,
    owner: &RecordOwner,
    prefix: &TxtPrefix,
) -> Vec<Slot<'a>> {
    let slot = |record_type: RecordType| {
        let needed = needed.iter().find(|pair| pair.record.name == *host && pair.record.record_type == record_type);
        let record = stored.get(host, &record_type);
        let txt = stored.get(&listed_txt_name(host, &record_type, prefix), &RecordType::Txt);
        // An alias of type A with the TXT name of ExternalDNS before 0.22: the slot of CNAME deletes that TXT record.
        let is_legacy = record_type == RecordType::A
            && txt.is_none()
            && record.is_some_and(|record| matches!(record.data, RecordData::Alias(_)))
            && stored.get(host, &RecordType::Cname).is_none();
        let legacy_name = listed_txt_name(host, &RecordType::Cname, prefix);
        let legacy = if is_legacy { stored.get(&legacy_name, &RecordType::Txt) } else { None };
        let state = match (record, needed) {
            (None, _) => StoredState::Absent,
            (Some(RecordSet { routing: Some(routing), .. }), _) => StoredState::Routed(routing.clone()),
            (Some(record), Some(pair)) if record.answers_as(&pair.record) && legacy.is_none() => StoredState::Equal,
            (Some(_), _) => StoredState::Different,
        };
        let decision = decide_record(needed.is_some(), &state, &owner.state_of(txt.or(legacy)));
        Slot { record_type, needed, record, txt, decision }
    };
    RecordType::OF_HOSTS.into_iter().map(slot).collect()
}

/// Changes of a host, deletions first.
fn changes(slots: &[Slot<'_>]) -> Vec<RecordChange> {
    let change = |action, record: &RecordSet| RecordChange { action, record: record.clone() };
    let delete = |record: Option<&RecordSet>| record.map(|record| change(ChangeAction::Delete, record));
    let (mut deletions, mut others) = (Vec::new(), Vec::new());
    for slot in slots {
        let action = match slot.decision {
            RecordDecision::Create => ChangeAction::Create,
            RecordDecision::Update => ChangeAction::Upsert,
            RecordDecision::Delete => {
                deletions.extend(delete(slot.record));
                deletions.extend(delete(slot.txt));
                continue;
            }
            RecordDecision::Leave | RecordDecision::Refuse(_) => continue,
        };
        let Some(needed) = slot.needed else { continue };
        deletions.extend(delete(slot.txt));
        others.push(change(action, &needed.record));
        others.push(change(ChangeAction::Create, &needed.txt));
    }
    deletions.extend(others);
    deletions
}

/// Refuses records that DNS does not allow beside the stored ones, and hosts that are the name of a TXT record.
fn refuse_conflicts(
    host: &RecordName,
    slots: &mut [Slot<'_>],
    stored: &StoredRecords<'_>,
    owner: &RecordOwner,
    prefix: &TxtPrefix,
) {
    let changes = changes(slots);
    for slot in slots {
        let is_new = match slot.decision {
            RecordDecision::Create => true,
            RecordDecision::Update => false,
            RecordDecision::Delete | RecordDecision::Leave | RecordDecision::Refuse(_) => continue,
        };
        let txt_name = listed_txt_name(host, &slot.record_type, prefix);
        let cause = delegation(host, stored)
            .or_else(|| beside_cname(host, &changes, stored))
            .or_else(|| beside_cname(&txt_name, &changes, stored))
            .or_else(|| host_is_txt_name(host, stored, owner).filter(|_| is_new))
            .or_else(|| txt_name_is_host(&txt_name, stored).filter(|_| is_new));
        if let Some(cause) = cause {
            slot.decision = RecordDecision::Refuse(cause);
        }
    }
}

fn delegation(host: &RecordName, stored: &StoredRecords<'_>) -> Option<RefusalCause> {
    stored.get(host, &RecordType::named("NS")).map(|_| RefusalCause::Delegated)
}

/// A CNAME record with another record at one name, after the changes.
fn beside_cname(name: &RecordName, changes: &[RecordChange], stored: &StoredRecords<'_>) -> Option<RefusalCause> {
    let mut types: BTreeSet<&RecordType> = stored.at(name).map(|set| &set.record_type).collect();
    for change in changes.iter().filter(|change| change.record.name == *name) {
        match change.action {
            ChangeAction::Delete => types.remove(&change.record.record_type),
            ChangeAction::Create | ChangeAction::Upsert => types.insert(&change.record.record_type),
        };
    }
    if !types.contains(&RecordType::Cname) {
        return None;
    }
    let other = types.into_iter().find(|record_type| **record_type != RecordType::Cname)?;
    Some(RefusalCause::BesideCname { name: name.clone(), record_type: other.clone() })
}

/// A TXT record of another owner at the host itself: it belongs to a record of another host.
fn host_is_txt_name(host: &RecordName, stored: &StoredRecords<'_>, owner: &RecordOwner) -> Option<RefusalCause> {
    let found: OwnershipTxt = match owner.state_of(stored.get(host, &RecordType::Txt)) {
        TxtState::OtherEnvironment(found) | TxtState::OtherInstallation(found) | TxtState::ExternalDns(found) => found,
        TxtState::Ours => owner.labels(),
        TxtState::Absent | TxtState::Unreadable => return None,
    };
    Some(RefusalCause::HostIsTxtName(found))
}

/// A record at the name of a TXT record: the name is a host.
fn txt_name_is_host(name: &RecordName, stored: &StoredRecords<'_>) -> Option<RefusalCause> {
    let found = stored.at(name).find(|set| RecordType::OF_HOSTS.contains(&set.record_type))?;
    Some(RefusalCause::TxtNameIsHost { name: name.clone(), record_type: found.record_type.clone() })
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
