//! Decision for one record: create, update, delete, leave or refuse.

use crate::dns::record::RecordType;
use crate::dns::record_name::RecordName;
use crate::dns::txt::{OwnershipTxt, TxtState};

/// Relation of the stored record to the record that an environment needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoredState {
    /// No record.
    Absent,
    /// A simple record with the same answer.
    Equal,
    /// Another simple record, or one that is not needed.
    Different,
    /// A record with a routing policy or health check, in words.
    Routed(String),
}

/// Decision for one record with its TXT record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordDecision {
    /// Create the record. A TXT record without a record is replaced.
    Create,
    /// Replace the record.
    Update,
    /// Delete the record and its TXT record, or the one of them that exists.
    Delete,
    /// No change.
    Leave,
    /// No change, and an error.
    Refuse(RefusalCause),
}

/// Reasons not to change a record.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RefusalCause {
    /// A record without a TXT record.
    #[error("it exists without an ownership TXT record, so EoD has not created it")]
    NoOwner,
    /// A TXT record of another owner.
    #[error("it belongs to {}", .0.describe())]
    OtherOwner(OwnershipTxt),
    /// A TXT record without readable labels.
    #[error("its ownership TXT record cannot be read: it is encrypted, written by other software, or changed")]
    UnreadableOwner,
    /// A record with a routing policy or a health check.
    #[error("it has a {0}, which EoD does not write; remove it, or delete the record")]
    Routed(String),
    /// A CNAME record excludes other types.
    #[error(
        "a CNAME record excludes other records at its name, and `{name}` would have both a CNAME record and one of type {record_type}"
    )]
    BesideCname {
        /// Name with both types.
        name: RecordName,
        /// Type of the other record.
        record_type: RecordType,
    },
    /// The host is delegated to other name servers.
    #[error("the host is delegated to other name servers by a record of type NS")]
    Delegated,
    /// The host is the name of a TXT record of another host.
    #[error("the host is the name of an ownership TXT record ({}); use another name, or a txt_prefix", .0.describe())]
    HostIsTxtName(OwnershipTxt),
    /// The name of the TXT record is another host.
    #[error(
        "the name of its ownership TXT record, `{name}`, is a host with a record of type {record_type}; use another name"
    )]
    TxtNameIsHost {
        /// Name of the TXT record.
        name: RecordName,
        /// Type of the record of the other host.
        record_type: RecordType,
    },
}

/// Decides about one record.
///
/// | needed | record               | TXT record                         | decision                          |
/// |--------|----------------------|------------------------------------|-----------------------------------|
/// | yes    | absent               | absent                             | create                            |
/// | yes    | absent               | ours (record was deleted)          | create                            |
/// | yes    | equal                | ours                               | leave                             |
/// | yes    | different            | ours (target changed, or drift)    | update                            |
/// | yes    | routed               | ours                               | refuse                            |
/// | yes    | equal, other, routed | absent (not created by EoD)        | refuse                            |
/// | yes    | any, also absent     | ours, for another environment      | refuse                            |
/// | yes    | any, also absent     | another installation               | refuse                            |
/// | yes    | any, also absent     | ExternalDNS                        | refuse                            |
/// | yes    | any, also absent     | unreadable or encrypted            | refuse                            |
/// | no     | absent, equal, other | ours                               | delete what exists                |
/// | no     | routed               | ours                               | refuse                            |
/// | no     | any, also absent     | absent, another owner, unreadable  | leave                             |
pub fn decide_record(needed: bool, record: &StoredState, txt: &TxtState) -> RecordDecision {
    use RecordDecision::{Create, Delete, Leave, Refuse, Update};
    match (needed, record, txt) {
        (_, StoredState::Routed(routing), TxtState::Ours) => Refuse(RefusalCause::Routed(routing.clone())),
        (true, StoredState::Absent, TxtState::Absent | TxtState::Ours) => Create,
        (true, StoredState::Equal, TxtState::Ours) => Leave,
        (true, StoredState::Different, TxtState::Ours) => Update,
        (true, _, TxtState::Absent) => Refuse(RefusalCause::NoOwner),
        (
            true,
            _,
            TxtState::OtherEnvironment(owner) | TxtState::OtherInstallation(owner) | TxtState::ExternalDns(owner),
        ) => Refuse(RefusalCause::OtherOwner(owner.clone())),
        (true, _, TxtState::Unreadable) => Refuse(RefusalCause::UnreadableOwner),
        (false, _, TxtState::Ours) => Delete,
        (false, _, _) => Leave,
    }
}

#[cfg(test)]
mod tests;
