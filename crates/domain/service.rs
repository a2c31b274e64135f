//! Services of an environment and their hosts.
//!
//! A host is `<environment>-<service>.<domain>`: one label below the domain, so that one wildcard record and one
//! wildcard certificate are enough for all environments.

use crate::dns::{self, DnsError, LABEL_MAX, NAME_MAX};
use crate::name::EnvironmentName;
use crate::slug;
use crate::text::text_type;

text_type! {
    /// Name of a service: a DNS label without the ending of an environment's name.
    pub struct ServiceName, check = check_service_name, error = ServiceNameError
}

text_type! {
    /// Domain of the environments' hosts.
    pub struct Domain, check = check_domain, error = DomainError
}

/// Reasons to refuse a text as a service name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ServiceNameError {
    /// Not a DNS label.
    #[error("service name {0}")]
    Label(#[from] DnsError),
    /// The host of the service could be the host of another environment.
    #[error(
        "service name `{0}` ends in `pr-` and a number, so its host could be the host of another environment; rename the \
            service"
    )]
    LooksLikeEnvironment(String),
}

/// Error for a text that is not a domain.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("domain {0}")]
pub struct DomainError(#[from] DnsError);

/// Maximum length of a domain: the longest label and its dot must fit in a name of 253 characters.
const DOMAIN_MAX: usize = NAME_MAX - LABEL_MAX - 1 /* dot */;

fn check_service_name(text: &str) -> Result<(), ServiceNameError> {
    dns::check_label(text)?;
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if before.len() < text.len() && before.ends_with("pr-") {
        return Err(ServiceNameError::LooksLikeEnvironment(text.to_owned()));
    }
    Ok(())
}

fn check_domain(text: &str) -> Result<(), DomainError> {
    dns::check_name(text)?;
    if text.len() > DOMAIN_MAX {
        return Err(DomainError(DnsError::TooLong { text: text.to_owned(), max: DOMAIN_MAX }));
    }
    Ok(())
}

/// Host of an environment: `<environment>.<domain>`.
pub fn environment_host(environment: &EnvironmentName, domain: &Domain) -> String {
    format!("{environment}.{domain}")
}

/// Host of a service: `<environment>-<service>.<domain>`, the first label cut with a hash at 63 characters.
pub fn host(service: &ServiceName, environment: &EnvironmentName, domain: &Domain) -> String {
    let label = format!("{environment}-{service}");
    if label.len() <= LABEL_MAX {
        return format!("{label}.{domain}");
    }
    // Neither name contains a slash, so the hash differs for every pair of names.
    let raw = format!("{environment}/{service}");
    format!("{}.{domain}", slug::with_hash(&label, &raw, LABEL_MAX))
}

#[cfg(test)]
mod tests;
