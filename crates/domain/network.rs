//! Network of an environment: allowed sources and destinations.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::cidr::Cidr;
use crate::dns::{DnsError, NamespaceName};
use crate::text::{keyword, serde_as_text};

/// Network isolation of an environment.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Isolation {
    /// Denies everything that is not allowed explicitly.
    #[default]
    Strict,
    /// No network policies.
    None,
}

/// Network of an environment, complete.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Network isolation.
    pub isolation: Isolation,
    /// Namespaces whose pods may reach every pod of the environment.
    pub allow_from_namespaces: Vec<NamespaceName>,
    /// Namespaces whose pods the environment may reach.
    pub allow_to_namespaces: Vec<NamespaceName>,
    /// Addresses the environment may reach, except instance metadata.
    pub allow_to_cidrs: Vec<Cidr>,
    /// Shared services the environment may reach.
    pub stable_services: Vec<StableService>,
    /// Namespace of the cluster's DNS.
    pub dns_namespace: NamespaceName,
    /// Namespaces of the ingress gateways.
    pub ingress_namespaces: Vec<NamespaceName>,
}

/// Network as set by the user. A field that is not set has a default.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSettings {
    /// See [`Network::isolation`], default `strict`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// See [`Network::allow_from_namespaces`], default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_from_namespaces: Option<Vec<NamespaceName>>,
    /// See [`Network::allow_to_namespaces`], default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_to_namespaces: Option<Vec<NamespaceName>>,
    /// See [`Network::allow_to_cidrs`], default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_to_cidrs: Option<Vec<Cidr>>,
    /// See [`Network::stable_services`], default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_services: Option<Vec<StableService>>,
    /// See [`Network::dns_namespace`], default `kube-system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_namespace: Option<NamespaceName>,
    /// See [`Network::ingress_namespaces`], default the namespaces of common gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_namespaces: Option<Vec<NamespaceName>>,
}

/// Service outside of the environment: `stable/payments:8080`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StableService {
    /// Namespace of the service.
    pub namespace: NamespaceName,
    /// Name of the service, for routes. A network policy has only the namespace and the port.
    pub name: NamespaceName,
    /// Port of the pods.
    pub port: u16,
}

/// Reasons to refuse a text as a stable service.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StableServiceError {
    /// A part is missing.
    #[error("invalid service `{0}`: expected namespace, name and the port of its pods, as in `stable/payments:8080`")]
    Shape(String),
    /// The namespace or the name is not a DNS label.
    #[error("service `{text}` has an invalid namespace or name")]
    Part {
        /// Input text.
        text: String,
        /// Error in the namespace or the name.
        source: DnsError,
    },
    /// The port is not a number from 1 to 65535.
    #[error("service `{text}` must have a port from 1 to 65535, got `{port}`")]
    Port {
        /// Input text.
        text: String,
        /// Port as written.
        port: String,
    },
}

const INGRESS_NAMESPACES: [&str; 5] =
    ["istio-system", "istio-ingress", "envoy-gateway-system", "ingress-nginx", "traefik"];

keyword!(Isolation, "isolation");
serde_as_text!(StableService);

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
    /// Sets every field.
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
