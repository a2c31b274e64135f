//! DNS labels and names, the Kubernetes names with these rules, and the DNS records of environments.
//!
//! Rules of labels and names: RFC 1123, as Kubernetes applies it (lower-case letters, digits, `-`, an alphanumeric at both
//! ends; a label has at most 63 characters, a name at most 253).
//!
//! Records: [`EnvironmentHosts::record_pairs`] gives the records that an environment needs, each with an ownership TXT record
//! in the format of ExternalDNS. [`plan_records`] compares them with the stored records, and [`batches`] puts the changes into
//! calls of Route 53. [`dns_endpoint`] gives the same records to an ExternalDNS.

mod batch;
mod change;
mod decision;
mod endpoint;
mod plan;
mod record;
mod record_name;
mod target;
mod txt;
mod wanted;
mod zone;

pub use self::batch::{BatchLimits, Batches, RefusedBatch, batches, take_apart};
pub use self::change::{ChangeAction, ChangeEntry, ChangeWeight, RecordChange, names_in_message};
pub use self::decision::{RecordDecision, RefusalCause, StoredState, decide_record};
pub use self::endpoint::{DNS_ENDPOINT_API_VERSION, DNS_ENDPOINT_KIND, DNS_ENDPOINT_NAME, dns_endpoint};
pub use self::plan::{RecordPlan, RecordRefusal, names_to_read, plan_records};
pub use self::record::{AliasTarget, RecordData, RecordSet, RecordType, ZoneId, ZoneIdError};
pub use self::record_name::{RecordName, RecordNameError};
pub use self::target::{DnsTarget, TARGET_ADDRESSES_MAX, TargetError};
pub use self::txt::{
    OWNERSHIP_TTL, OwnershipTxt, RecordOwner, TxtPrefix, TxtPrefixError, TxtState, ownership_record,
    record_of_txt_name, txt_name,
};
pub use self::wanted::{
    DnsRecordError, EnvironmentHosts, RECORD_TTL_DEFAULT, RECORD_TTL_MAX, RecordArguments, RecordPair, RecordSettings,
};
pub use self::zone::{HostedZone, ZoneError, select_zone};
use crate::text::text_type;

/// Maximum length of a DNS label.
pub(crate) const LABEL_MAX: usize = 63;
/// Maximum length of a DNS name.
pub(crate) const NAME_MAX: usize = 253;

/// Reasons to refuse a text as a DNS label or name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DnsError {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// Over the limit.
    #[error("`{text}` must have at most {max} characters, got {}", text.chars().count())]
    TooLong {
        /// Input text.
        text: String,
        /// Maximum length in characters.
        max: usize,
    },
    /// A character that is not allowed.
    #[error("`{text}` contains {character:?}: only lower-case letters, digits and `-` are allowed")]
    Character {
        /// Input text.
        text: String,
        /// First character that is not allowed.
        character: char,
    },
    /// A label that begins or ends with `-`.
    #[error("`{text}` must begin and end with a lower-case letter or a digit")]
    Edge {
        /// Input text.
        text: String,
    },
    /// A name with an empty label.
    #[error("`{text}` has an empty part between two dots")]
    EmptyPart {
        /// Input text.
        text: String,
    },
}

text_type! {
    /// Name of a namespace: a DNS label. Reserved names are valid here.
    pub struct NamespaceName, check = check_label, error = DnsError
}

text_type! {
    /// Name of a Kubernetes Secret: a DNS name.
    pub struct SecretName, check = check_name, error = DnsError
}

/// Checks that a text is one DNS label.
pub(crate) fn check_label(text: &str) -> Result<(), DnsError> {
    if text.is_empty() {
        return Err(DnsError::Empty);
    }
    if !text.bytes().all(is_label_byte) {
        let character = text.chars().find(|c| !u8::try_from(*c).is_ok_and(is_label_byte)).unwrap_or_default();
        return Err(DnsError::Character { text: text.to_owned(), character });
    }
    if text.len() > LABEL_MAX {
        return Err(DnsError::TooLong { text: text.to_owned(), max: LABEL_MAX });
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(DnsError::Edge { text: text.to_owned() });
    }
    Ok(())
}

/// Checks that a text is a DNS name: labels with dots between them.
pub(crate) fn check_name(text: &str) -> Result<(), DnsError> {
    if text.is_empty() {
        return Err(DnsError::Empty);
    }
    if text.len() > NAME_MAX {
        return Err(DnsError::TooLong { text: text.to_owned(), max: NAME_MAX });
    }
    for part in text.split('.') {
        if part.is_empty() {
            return Err(DnsError::EmptyPart { text: text.to_owned() });
        }
        check_label(part)?;
    }
    Ok(())
}

fn is_label_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

#[cfg(test)]
mod tests;
