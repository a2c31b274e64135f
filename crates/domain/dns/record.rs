//! DNS record sets as data, as Route 53 stores them.
//!
//! Source: `ResourceRecordSet` of the Route 53 API reference. A record set has values and a TTL, or an alias target.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::dns::record_name::RecordName;
use crate::text::text_type;

text_type! {
    /// Id of a hosted zone of Route 53, without the prefix `/hostedzone/`.
    pub struct ZoneId, parse = parse_zone_id, error = ZoneIdError
}

/// Error for a text that is not the id of a hosted zone.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid hosted zone id `{0}`: expected 1 to 32 letters and digits, for example `Z35SXDOTRQ7X7K`")]
pub struct ZoneIdError(String);

/// Type of a record set.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Another name. Excludes every other type at the same name.
    Cname,
    /// Text.
    Txt,
    /// Any other type, such as `MX`. EoD never writes it.
    Other(String),
}

/// All values of one type at one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordSet {
    /// Name of the record.
    pub name: RecordName,
    /// Type of the record.
    pub record_type: RecordType,
    /// Values, or alias target.
    pub data: RecordData,
    /// Routing policy or health check, in words for an error; none for a simple record. EoD writes simple records only, and
    /// never changes another record: its fields are not all known here.
    pub routing: Option<String>,
}

/// Content of a record set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordData {
    /// Values with a TTL.
    Values {
        /// Time in seconds for which resolvers may cache the values.
        ttl: u32,
        /// Values as stored. Their order has no meaning.
        values: BTreeSet<String>,
    },
    /// Alias of an AWS resource, without TTL and values.
    Alias(AliasTarget),
}

/// Target of an alias.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AliasTarget {
    /// Hosted zone of the target: for a load balancer that of its region, not one of the account.
    pub zone_id: ZoneId,
    /// Name of the target.
    pub name: RecordName,
    /// True if Route 53 considers the health of the target.
    pub evaluate_target_health: bool,
}

impl RecordType {
    /// Types of the records of a host. Only these have an ownership TXT record.
    pub const OF_HOSTS: [Self; 3] = [Self::A, Self::Aaaa, Self::Cname];

    /// Type from its name, as in Route 53 and in a `DNSEndpoint`.
    pub fn named(name: &str) -> Self {
        match name {
            "A" => Self::A,
            "AAAA" => Self::Aaaa,
            "CNAME" => Self::Cname,
            "TXT" => Self::Txt,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Name of the type, as in Route 53 and in a `DNSEndpoint`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl RecordSet {
    /// Creates a simple record with values.
    pub fn of_values(
        name: RecordName,
        record_type: RecordType,
        ttl: u32,
        values: impl IntoIterator<Item = String>,
    ) -> Self {
        let values = values.into_iter().collect();
        Self { name, record_type, data: RecordData::Values { ttl, values }, routing: None }
    }

    /// Values; empty for an alias.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let values = match &self.data {
            RecordData::Values { values, .. } => Some(values),
            RecordData::Alias(_) => None,
        };
        values.into_iter().flatten().map(String::as_str)
    }

    /// True if both answer in the same way. Different spellings of an address or name are equal.
    pub fn answers_as(&self, other: &Self) -> bool {
        let same_set = self.name == other.name
            && self.record_type == other.record_type
            && self.routing.is_none()
            && other.routing.is_none();
        same_set
            && match (&self.data, &other.data) {
                (RecordData::Alias(one), RecordData::Alias(two)) => one == two,
                (RecordData::Values { ttl: one, .. }, RecordData::Values { ttl: two, .. }) => {
                    one == two && self.normal_values() == other.normal_values()
                }
                (RecordData::Alias(_), RecordData::Values { .. })
                | (RecordData::Values { .. }, RecordData::Alias(_)) => false,
            }
    }

    fn normal_values(&self) -> BTreeSet<String> {
        self.values().map(|value| normal_value(&self.record_type, value)).collect()
    }
}

/// One spelling per address and per name. A value that cannot be parsed is compared as text.
fn normal_value(record_type: &RecordType, value: &str) -> String {
    let parsed = match record_type {
        RecordType::A => value.parse::<Ipv4Addr>().ok().map(|address| address.to_string()),
        RecordType::Aaaa => value.parse::<Ipv6Addr>().ok().map(|address| address.to_string()),
        RecordType::Cname => Some(RecordName::listed(value).to_string()),
        RecordType::Txt | RecordType::Other(_) => None,
    };
    parsed.unwrap_or_else(|| value.to_owned())
}

fn parse_zone_id(text: &str) -> Result<String, ZoneIdError> {
    let id = text.strip_prefix("/hostedzone/").unwrap_or(text);
    let is_valid = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_valid { Ok(id.to_owned()) } else { Err(ZoneIdError(text.to_owned())) }
}

#[cfg(test)]
mod tests;
