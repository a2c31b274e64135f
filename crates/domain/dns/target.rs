//! Target of the hosts: the argument `target`, with `target_zone_id` for a load balancer.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::dns::record::{AliasTarget, RecordData, RecordSet, RecordType, ZoneId, ZoneIdError};
use crate::dns::record_name::RecordName;
use crate::dns::{self, DnsError};
use crate::mistake::Mistake;

/// Destination of the requests for a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DnsTarget {
    /// Name: one CNAME record per host.
    Name(RecordName),
    /// Addresses: an A record, an AAAA record, or both per host.
    Addresses {
        /// IPv4 addresses.
        v4: BTreeSet<Ipv4Addr>,
        /// IPv6 addresses.
        v6: BTreeSet<Ipv6Addr>,
    },
    /// AWS load balancer: an alias A and an alias AAAA record per host.
    LoadBalancer(AliasTarget),
}

/// Reasons to refuse a target.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TargetError {
    /// Neither a name nor an address.
    #[error(
        "target `{text}` is neither a DNS name nor an IP address ({reason}); expected a name such as `lb.example.com`, or \
            addresses separated by commas"
    )]
    Unparsable {
        /// Input text.
        text: String,
        /// Reason for which the text is not a name.
        reason: DnsError,
    },
    /// A name of one label, or a name that ends in a number.
    #[error("target `{0}` is not a complete DNS name; expected a name such as `lb.example.com`")]
    Incomplete(String),
    /// A name in a list.
    #[error("target `{0}` mixes names and addresses; expected either one name or only addresses")]
    Mixed(String),
    /// More than one name.
    #[error("target `{0}` has several names; expected one name, a host has at most one CNAME record")]
    SeveralNames(String),
    /// Too many addresses.
    #[error("target must have at most {TARGET_ADDRESSES_MAX} addresses, got {0}")]
    TooManyAddresses(usize),
    /// An address that no host has.
    #[error("target address `{0}` is unspecified or multicast; expected the address of a gateway")]
    Unusable(IpAddr),
    /// Addresses with the zone of a load balancer.
    #[error("target_zone_id requires the name of a load balancer as target, got addresses; remove `target_zone_id`")]
    AddressesWithZone,
    /// The id of the load balancer's zone is invalid.
    #[error(transparent)]
    Zone(#[from] ZoneIdError),
    /// No target.
    #[error("target is required: expected the name or the addresses of the gateway")]
    Missing,
}

/// Maximum number of addresses of a target. Lower than the quota of Route 53 (values per record set), so that the records of
/// a host always fit in one batch.
pub const TARGET_ADDRESSES_MAX: usize = 100;

impl DnsTarget {
    /// Parses `target` and `target_zone_id`. `evaluate_target_health` is used for a load balancer only.
    ///
    /// # Errors
    ///
    /// One mistake at `target` or `target_zone_id`.
    pub fn parse(
        target: Option<&str>,
        target_zone_id: Option<&str>,
        evaluate_target_health: bool,
    ) -> Result<Self, Mistake<TargetError>> {
        let at_target = |error: TargetError| Mistake::<TargetError>::at(["target"], error);
        let text = target.map(str::trim).filter(|text| !text.is_empty());
        let parsed = parse_target(text.ok_or_else(|| at_target(TargetError::Missing))?).map_err(at_target)?;
        let Some(zone_id) = target_zone_id else { return Ok(parsed) };
        let at_zone = |error: TargetError| Mistake::<TargetError>::at(["target_zone_id"], error);
        let zone_id = zone_id.parse::<ZoneId>().map_err(|error| at_zone(error.into()))?;
        match parsed {
            Self::Name(name) => Ok(Self::LoadBalancer(AliasTarget { zone_id, name, evaluate_target_health })),
            Self::Addresses { .. } | Self::LoadBalancer(_) => Err(at_zone(TargetError::AddressesWithZone)),
        }
    }

    /// Record sets of a host. `ttl` is in seconds; an alias has none.
    pub fn records(&self, host: &RecordName, ttl: u32) -> Vec<RecordSet> {
        let values = |record_type, values: Vec<String>| RecordSet::of_values(host.clone(), record_type, ttl, values);
        let alias = |record_type, target: &AliasTarget| RecordSet {
            name: host.clone(),
            record_type,
            data: RecordData::Alias(target.clone()),
            routing: None,
        };
        match self {
            Self::Name(name) => vec![values(RecordType::Cname, vec![name.to_string()])],
            Self::Addresses { v4, v6 } => {
                let v4 = values(RecordType::A, v4.iter().map(ToString::to_string).collect());
                let v6 = values(RecordType::Aaaa, v6.iter().map(ToString::to_string).collect());
                [v4, v6].into_iter().filter(|set| set.values().next().is_some()).collect()
            }
            Self::LoadBalancer(target) => vec![alias(RecordType::A, target), alias(RecordType::Aaaa, target)],
        }
    }
}

fn parse_target(text: &str) -> Result<DnsTarget, TargetError> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let addresses: Vec<IpAddr> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    if addresses.is_empty() {
        return match parts.as_slice() {
            [name] => parse_name(name).map(DnsTarget::Name),
            _ => Err(TargetError::SeveralNames(text.to_owned())),
        };
    }
    if addresses.len() != parts.len() {
        return Err(TargetError::Mixed(text.to_owned()));
    }
    if addresses.len() > TARGET_ADDRESSES_MAX {
        return Err(TargetError::TooManyAddresses(addresses.len()));
    }
    let (mut v4, mut v6) = (BTreeSet::new(), BTreeSet::new());
    for address in addresses {
        if address.is_unspecified() || address.is_multicast() {
            return Err(TargetError::Unusable(address));
        }
        match address {
            IpAddr::V4(address) => v4.insert(address),
            IpAddr::V6(address) => v6.insert(address),
        };
    }
    Ok(DnsTarget::Addresses { v4, v6 })
}

fn parse_name(text: &str) -> Result<RecordName, TargetError> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    dns::check_name(&name).map_err(|reason| TargetError::Unparsable { text: text.to_owned(), reason })?;
    // The last label of a public or private domain is never a number: the text is a mistyped address.
    let last = name.rsplit('.').next().unwrap_or_default();
    if !name.contains('.') || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TargetError::Incomplete(text.to_owned()));
    }
    Ok(RecordName::listed(&name))
}

#[cfg(test)]
mod tests;
