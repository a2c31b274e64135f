//! Selection of the hosted zone for a domain.

use crate::dns::record::ZoneId;
use crate::dns::record_name::RecordName;

/// Hosted zone of Route 53.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostedZone {
    /// Id of the zone.
    pub id: ZoneId,
    /// Name of the zone.
    pub name: RecordName,
    /// True for a zone that only some VPCs see.
    pub is_private: bool,
}

/// Reasons not to select a zone.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ZoneError {
    /// No zone for the domain.
    #[error("no hosted zone contains the domain `{domain}`; {}", existing(.found))]
    NoZone {
        /// Domain of the hosts.
        domain: RecordName,
        /// Zones that exist.
        found: Vec<HostedZone>,
    },
    /// Several zones with the longest name.
    #[error("several hosted zones contain the domain `{domain}`; set `zone_id` to one of: {}", list(.found))]
    Ambiguous {
        /// Domain of the hosts.
        domain: RecordName,
        /// Zones with the longest name.
        found: Vec<HostedZone>,
    },
    /// No zone with the id.
    #[error("hosted zone `{id}` does not exist, or the credentials cannot read it; {}", existing(.found))]
    UnknownId {
        /// Id of the zone.
        id: ZoneId,
        /// Zones that exist.
        found: Vec<HostedZone>,
    },
    /// The zone does not contain the domain.
    #[error(
        "hosted zone `{}` has the name `{}`, which does not contain the domain `{domain}`; expected a zone of the domain or of \
            a parent domain",
        .zone.id,
        .zone.name
    )]
    OtherDomain {
        /// Domain of the hosts.
        domain: RecordName,
        /// Selected zone.
        zone: HostedZone,
    },
}

/// Selects the zone for the records below a domain: the one with the id, or the one with the longest name that contains the
/// domain. Public and private zones count equally, so two zones of one name need an id.
///
/// All hosts are below the domain, so a host is never the apex of the zone.
///
/// # Errors
///
/// There is no such zone, there are several, or the zone with the id does not contain the domain.
pub fn select_zone<'a>(
    domain: &RecordName,
    zones: &'a [HostedZone],
    zone_id: Option<&ZoneId>,
) -> Result<&'a HostedZone, ZoneError> {
    if let Some(id) = zone_id {
        let zone = zones.iter().find(|zone| zone.id == *id);
        let zone = zone.ok_or_else(|| ZoneError::UnknownId { id: id.clone(), found: zones.to_vec() })?;
        if domain.is_within(&zone.name) {
            return Ok(zone);
        }
        return Err(ZoneError::OtherDomain { domain: domain.clone(), zone: zone.clone() });
    }
    let candidates = || zones.iter().filter(|zone| domain.is_within(&zone.name));
    let longest = candidates().map(|zone| zone.name.as_str().len()).max();
    let best: Vec<&HostedZone> = candidates().filter(|zone| Some(zone.name.as_str().len()) == longest).collect();
    match best.as_slice() {
        [zone] => Ok(zone),
        [] => Err(ZoneError::NoZone { domain: domain.clone(), found: zones.to_vec() }),
        several => {
            let found = several.iter().map(|&zone| zone.clone()).collect();
            Err(ZoneError::Ambiguous { domain: domain.clone(), found })
        }
    }
}

fn existing(zones: &[HostedZone]) -> String {
    match zones {
        [] => "there are no hosted zones".to_owned(),
        zones => format!("existing zones are: {}", list(zones)),
    }
}

/// Maximum number of zones in an error.
const LISTED_MAX: usize = 10;

fn list(zones: &[HostedZone]) -> String {
    let kind = |zone: &HostedZone| if zone.is_private { "private" } else { "public" };
    let text = |zone: &HostedZone| format!("{} ({}, {})", zone.id, zone.name, kind(zone));
    let mut listed: Vec<String> = zones.iter().take(LISTED_MAX).map(text).collect();
    if let Some(more) = zones.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
        listed.push(format!("{more} more"));
    }
    listed.join(", ")
}

#[cfg(test)]
mod tests;
