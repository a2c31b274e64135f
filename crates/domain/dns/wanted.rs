//! Record sets of an environment: its host and the host of each service, each with an ownership TXT record.

use crate::dns::record::{RecordSet, RecordType};
use crate::dns::record_name::{RecordName, RecordNameError};
use crate::dns::target::{DnsTarget, TargetError};
use crate::dns::txt::{RecordOwner, TxtPrefix, TxtPrefixError, ownership_record, txt_name};
use crate::environment::Environment;
use crate::mistake::Mistake;
use crate::name::EnvironmentName;

/// Arguments of the records, as set by the user. A default of the platform is filled in before.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordArguments<'a> {
    /// Name, or addresses separated by commas.
    pub target: Option<&'a str>,
    /// Hosted zone of the load balancer.
    pub target_zone_id: Option<&'a str>,
    /// TTL in seconds; not used for aliases.
    pub record_ttl: Option<i64>,
    /// True if an alias considers the health of its target, default true; aliases only.
    pub evaluate_target_health: Option<bool>,
    /// Prefix of TXT names.
    pub txt_prefix: Option<&'a str>,
}

/// Settings of the records of an environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordSettings {
    /// Destination of the hosts.
    pub target: DnsTarget,
    /// TTL in seconds; not used for aliases.
    pub ttl: u32,
    /// Prefix of TXT names.
    pub txt_prefix: TxtPrefix,
}

/// Record with its ownership TXT record. One is never written without the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordPair {
    /// Record of a host.
    pub record: RecordSet,
    /// TXT record with the owner.
    pub txt: RecordSet,
}

/// Hosts of an environment, each with the path of the argument that determines it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnvironmentHosts {
    /// Environment.
    pub environment: EnvironmentName,
    /// Path of an argument, and host.
    pub hosts: Vec<(Vec<String>, RecordName)>,
}

/// Reasons to refuse the records of an environment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DnsRecordError {
    /// The target is invalid.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The prefix of TXT names is invalid.
    #[error(transparent)]
    TxtPrefix(#[from] TxtPrefixError),
    /// The TTL is out of range.
    #[error("record_ttl must be from 1 to {RECORD_TTL_MAX} seconds, got {0}")]
    Ttl(i64),
    /// The environment has no hosts.
    #[error("DNS records require a domain, and none is set")]
    NoDomain,
    /// The name of a TXT record is too long.
    #[error(
        "host `{host}` is too long for its ownership TXT record: {reason}; use a shorter name, or a txt_prefix that ends in a \
            dot, such as `_%{{record_type}}.`"
    )]
    TxtName {
        /// Host.
        host: RecordName,
        /// Error in the name of the TXT record.
        reason: RecordNameError,
    },
    /// A host is the name of a TXT record of another host.
    #[error(
        "host `{host}` of environment `{environment}` is the name of the ownership TXT record of host `{other_host}` of \
            environment `{other_environment}`; use another name, or a txt_prefix"
    )]
    HostIsTxtName {
        /// Host with the name of a TXT record.
        host: RecordName,
        /// Environment of the host.
        environment: EnvironmentName,
        /// Host with the TXT record.
        other_host: RecordName,
        /// Environment of the host with the TXT record.
        other_environment: EnvironmentName,
    },
}

/// Default TTL of records in seconds.
pub const RECORD_TTL_DEFAULT: u32 = 60;
/// Maximum TTL of records in seconds (RFC 2181, 8).
pub const RECORD_TTL_MAX: u32 = 2_147_483_647;

impl RecordSettings {
    /// Parses the arguments.
    ///
    /// # Errors
    ///
    /// All mistakes, each with the path of its argument below `dns`.
    pub fn parse(arguments: &RecordArguments<'_>) -> Result<Self, Vec<Mistake<DnsRecordError>>> {
        let RecordArguments { target, target_zone_id, record_ttl, evaluate_target_health, txt_prefix } = *arguments;
        let target = DnsTarget::parse(target, target_zone_id, evaluate_target_health.unwrap_or(true))
            .map_err(Mistake::into_mistake::<DnsRecordError>);
        let ttl = match record_ttl {
            None => Ok(RECORD_TTL_DEFAULT),
            Some(seconds) => u32::try_from(seconds)
                .ok()
                .filter(|seconds| (1..=RECORD_TTL_MAX).contains(seconds))
                .ok_or_else(|| Mistake::at(["record_ttl"], DnsRecordError::Ttl(seconds))),
        };
        let txt_prefix =
            txt_prefix.unwrap_or_default().parse::<TxtPrefix>().map_err(|error| Mistake::at(["txt_prefix"], error));
        match (target, ttl, txt_prefix) {
            (Ok(target), Ok(ttl), Ok(txt_prefix)) => Ok(Self { target, ttl, txt_prefix }),
            (target, ttl, txt_prefix) => {
                let mistakes = [target.err(), ttl.err(), txt_prefix.err()];
                Err(mistakes.into_iter().flatten().map(|mistake| mistake.under("dns")).collect())
            }
        }
    }
}

impl EnvironmentHosts {
    /// Hosts of an environment: its own first, then those of the services.
    ///
    /// # Errors
    ///
    /// The environment has no domain.
    pub fn of(environment: &Environment) -> Result<Self, Mistake<DnsRecordError>> {
        let (Some(host), Some(services)) = (environment.host(), environment.hosts()) else {
            return Err(Mistake::at(["dns", "mode"], DnsRecordError::NoDomain));
        };
        let own = (vec!["name".to_owned()], RecordName::listed(&host));
        let of_services = services
            .into_iter()
            .map(|(service, host)| (vec!["services".to_owned(), service.to_string()], RecordName::listed(&host)));
        Ok(Self { environment: environment.name.clone(), hosts: [own].into_iter().chain(of_services).collect() })
    }

    /// Record sets of all hosts, without TXT records. An ExternalDNS that creates them adds its own.
    pub fn records(&self, settings: &RecordSettings) -> Vec<RecordSet> {
        self.hosts.iter().flat_map(|(_, host)| settings.target.records(host, settings.ttl)).collect()
    }

    /// Record sets of all hosts with their TXT records.
    ///
    /// # Errors
    ///
    /// All hosts that are too long for their TXT record, and hosts that are the name of a TXT record of this environment.
    pub fn record_pairs(
        &self,
        settings: &RecordSettings,
        owner: &RecordOwner,
    ) -> Result<Vec<RecordPair>, Vec<Mistake<DnsRecordError>>> {
        let mut mistakes = self.conflicts_with(self, &settings.txt_prefix);
        let mut pairs = Vec::new();
        for (path, host) in &self.hosts {
            for record in settings.target.records(host, settings.ttl) {
                match ownership_record(&record, owner, &settings.txt_prefix) {
                    Ok(txt) => pairs.push(RecordPair { record, txt }),
                    Err(reason) => {
                        let path = path_of_long_name(path, &record);
                        mistakes.push(Mistake::at(path, DnsRecordError::TxtName { host: host.clone(), reason }));
                        // The second type of a host would repeat the error.
                        break;
                    }
                }
            }
        }
        if mistakes.is_empty() { Ok(pairs) } else { Err(mistakes) }
    }

    /// Hosts of this environment that are the name of a TXT record of another environment, and hosts of the other
    /// environment that are the name of a TXT record of this one. Each mistake has the path of an argument of this
    /// environment and names both environments.
    ///
    /// All types of records are considered: the other environment may have, or later get, another target.
    pub fn conflicts_with(&self, other: &Self, prefix: &TxtPrefix) -> Vec<Mistake<DnsRecordError>> {
        let mut mistakes = Vec::new();
        for (path, host) in &self.hosts {
            for (_, other_host) in &other.hosts {
                if is_txt_name_of(host, other_host, prefix) {
                    mistakes.push(Mistake::at(path.clone(), host_is_txt_name((self, host), (other, other_host))));
                } else if is_txt_name_of(other_host, host, prefix) && self != other {
                    mistakes.push(Mistake::at(path.clone(), host_is_txt_name((other, other_host), (self, host))));
                }
            }
        }
        mistakes
    }
}

/// Path of the argument that makes a TXT name too long: the prefix, if the name fits without it.
fn path_of_long_name(path: &[String], record: &RecordSet) -> Vec<String> {
    let fits = txt_name(&record.name, &record.record_type, &TxtPrefix::default()).is_ok();
    if fits { vec!["dns".to_owned(), "txt_prefix".to_owned()] } else { path.to_vec() }
}

fn is_txt_name_of(name: &RecordName, host: &RecordName, prefix: &TxtPrefix) -> bool {
    RecordType::OF_HOSTS.iter().any(|record_type| txt_name(host, record_type, prefix).as_ref() == Ok(name))
}

fn host_is_txt_name(
    (hosts, host): (&EnvironmentHosts, &RecordName),
    (other, other_host): (&EnvironmentHosts, &RecordName),
) -> DnsRecordError {
    DnsRecordError::HostIsTxtName {
        host: host.clone(),
        environment: hosts.environment.clone(),
        other_host: other_host.clone(),
        other_environment: other.environment.clone(),
    }
}

#[cfg(test)]
mod tests;
