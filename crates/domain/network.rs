//! What an environment may talk to, and who may talk to it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cidr::Cidr;
use crate::dns::{DnsError, NamespaceName};
use crate::text::as_text;

/// Whether an environment is fenced in.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Isolation {
    /// Everything is denied that is not allowed here.
    #[default]
    Strict,
    /// No network policies at all.
    None,
}

/// The network of an environment, every field decided.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Whether there are policies.
    pub isolation: Isolation,
    /// Namespaces whose pods may reach every pod of the environment.
    pub allow_from_namespaces: Vec<NamespaceName>,
    /// Namespaces whose pods the environment may reach.
    pub allow_to_namespaces: Vec<NamespaceName>,
    /// Addresses the environment may reach. Instance metadata never belongs to them.
    pub allow_to_cidrs: Vec<Cidr>,
    /// Shared services the environment may reach.
    pub stable_services: Vec<StableService>,
    /// Where the cluster's DNS runs.
    pub dns_namespace: NamespaceName,
    /// Where ingress gateways run.
    pub ingress_namespaces: Vec<NamespaceName>,
}

/// A network as it is written.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSettings {
    /// See [`Network::isolation`]; `strict` where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// See [`Network::allow_from_namespaces`]; none where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_from_namespaces: Option<Vec<NamespaceName>>,
    /// See [`Network::allow_to_namespaces`]; none where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_to_namespaces: Option<Vec<NamespaceName>>,
    /// See [`Network::allow_to_cidrs`]; none where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_to_cidrs: Option<Vec<Cidr>>,
    /// See [`Network::stable_services`]; none where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_services: Option<Vec<StableService>>,
    /// See [`Network::dns_namespace`]; `kube-system` where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_namespace: Option<NamespaceName>,
    /// See [`Network::ingress_namespaces`]; the usual gateways' where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_namespaces: Option<Vec<NamespaceName>>,
}

/// A service outside of the environment: `stable/payments:8080`. The port is that of the pods.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StableService {
    /// Its namespace.
    pub namespace: NamespaceName,
    /// Its name, for routes; a network policy sees only namespace and port.
    pub name: NamespaceName,
    /// The port its pods listen on.
    pub port: u16,
}

/// A word that is no isolation.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no isolation; expected strict or none")]
pub struct IsolationError(String);

/// Why a text is no stable service.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StableServiceError {
    /// A part is missing.
    #[error("`{0}` is no service; write namespace, name and the port of its pods, as in `stable/payments:8080`")]
    Shape(String),
    /// A part that is no DNS label.
    #[error("the service `{text}` has a part that is no name")]
    Part {
        /// What was given.
        text: String,
        /// What is wrong.
        source: DnsError,
    },
    /// No port between 1 and 65535.
    #[error("the service `{text}` has the port `{port}`; expected 1 to 65535")]
    Port {
        /// What was given.
        text: String,
        /// The port as written.
        port: String,
    },
}

const INGRESS_NAMESPACES: [&str; 5] =
    ["istio-system", "istio-ingress", "envoy-gateway-system", "ingress-nginx", "traefik"];

as_text!(Isolation, StableService);

impl Network {
    /// Fills in the defaults.
    pub fn resolve(settings: &NetworkSettings) -> Self {
        let NetworkSettings {
            isolation,
            allow_from_namespaces,
            allow_to_namespaces,
            allow_to_cidrs,
            stable_services,
            dns_namespace,
            ingress_namespaces,
        } = settings.clone();
        Self {
            isolation: isolation.unwrap_or_default(),
            allow_from_namespaces: allow_from_namespaces.unwrap_or_default(),
            allow_to_namespaces: allow_to_namespaces.unwrap_or_default(),
            allow_to_cidrs: allow_to_cidrs.unwrap_or_default(),
            stable_services: stable_services.unwrap_or_default(),
            dns_namespace: dns_namespace.unwrap_or_else(|| known("kube-system")),
            ingress_namespaces: ingress_namespaces.unwrap_or_else(|| INGRESS_NAMESPACES.map(known).to_vec()),
        }
    }
}

impl From<Network> for NetworkSettings {
    /// A network with every field given.
    fn from(decided: Network) -> Self {
        let Network {
            isolation,
            allow_from_namespaces,
            allow_to_namespaces,
            allow_to_cidrs,
            stable_services,
            dns_namespace,
            ingress_namespaces,
        } = decided;
        Self {
            isolation: Some(isolation),
            allow_from_namespaces: Some(allow_from_namespaces),
            allow_to_namespaces: Some(allow_to_namespaces),
            allow_to_cidrs: Some(allow_to_cidrs),
            stable_services: Some(stable_services),
            dns_namespace: Some(dns_namespace),
            ingress_namespaces: Some(ingress_namespaces),
        }
    }
}

impl Isolation {
    /// The word that names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::None => "none",
        }
    }
}

impl FromStr for Isolation {
    type Err = IsolationError;

    fn from_str(text: &str) -> Result<Self, IsolationError> {
        match text {
            "strict" => Ok(Self::Strict),
            "none" => Ok(Self::None),
            other => Err(IsolationError(other.to_owned())),
        }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StableService {
    type Err = StableServiceError;

    fn from_str(text: &str) -> Result<Self, StableServiceError> {
        let shape = || StableServiceError::Shape(text.to_owned());
        let part = |source| StableServiceError::Part { text: text.to_owned(), source };
        let (namespace, rest) = text.split_once('/').ok_or_else(shape)?;
        let (name, port) = rest.split_once(':').ok_or_else(shape)?;
        let number = port.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == port);
        Ok(Self {
            namespace: namespace.parse().map_err(part)?,
            name: name.parse().map_err(part)?,
            port: number.ok_or_else(|| StableServiceError::Port { text: text.to_owned(), port: port.to_owned() })?,
        })
    }
}

impl fmt::Display for StableService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.namespace, self.name, self.port)
    }
}

fn known(name: &str) -> NamespaceName {
    name.parse().expect("the defaults are DNS labels")
}

#[cfg(test)]
mod tests;
