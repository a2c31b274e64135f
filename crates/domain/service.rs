//! Services of an environment and the hosts they get.
//!
//! A host is `<environment>-<service>.<domain>`: one label below the domain, so that one wildcard record and one
//! wildcard certificate cover all environments.

use std::fmt;
use std::str::FromStr;

use crate::dns::{self, DnsError, LABEL_MAX, NAME_MAX};
use crate::name::EnvironmentName;
use crate::slug;
use crate::text::as_text;

/// The name of a service: a DNS label that could not be taken for the end of an environment's name.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ServiceName(String);

/// The domain under which environments have their hosts.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Domain(String);

/// Why a text is no service name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ServiceNameError {
    /// Not a DNS label.
    #[error("the service name {0}")]
    Label(#[from] DnsError),
    /// The host of the service could be that of another environment.
    #[error(
        "the service name `{0}` ends in `pr-` and a number, so its host could be that of another environment; rename \
            the service"
    )]
    LooksLikeEnvironment(String),
}

/// Why a text is no domain.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the domain {0}")]
pub struct DomainError(#[from] DnsError);

/// Leaves room for the longest label and its dot in a name of 253 characters.
const DOMAIN_MAX: usize = NAME_MAX - LABEL_MAX - 1 /* dot */;

as_text!(ServiceName, Domain);

impl ServiceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Domain {
    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceName {
    type Err = ServiceNameError;

    fn from_str(text: &str) -> Result<Self, ServiceNameError> {
        dns::check_label(text)?;
        let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
        if before.len() < text.len() && before.ends_with("pr-") {
            return Err(ServiceNameError::LooksLikeEnvironment(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        dns::check_name(text)?;
        if text.len() > DOMAIN_MAX {
            return Err(DomainError(DnsError::TooLong { text: text.to_owned(), max: DOMAIN_MAX }));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The host of an environment: `<environment>.<domain>`.
pub fn environment_host(environment: &EnvironmentName, domain: &Domain) -> String {
    format!("{environment}.{domain}")
}

/// The host of a service: `<environment>-<service>.<domain>`, the first label cut with a hash at 63 characters.
pub fn host(service: &ServiceName, environment: &EnvironmentName, domain: &Domain) -> String {
    let label = format!("{environment}-{service}");
    if label.len() <= LABEL_MAX {
        return format!("{label}.{domain}");
    }
    // A slash occurs in neither name, so the hash tells apart where one ends and the other begins.
    let raw = format!("{environment}/{service}");
    format!("{}.{domain}", slug::with_hash(&label, &raw, LABEL_MAX))
}

#[cfg(test)]
mod tests;
