//! The Kubernetes objects of an environment, as data.
//!
//! # Guarantees
//!
//! - Same environment, same objects, in the same order: the namespace first, then what guards it.
//! - Every object carries the marks. Quota and limits always come together.
//! - No object holds a time of the clock, so nothing here competes with those who write it.
//!
//! Whoever applies them (the provider, the Argo CD plugin) adds nothing.

mod access;
pub(crate) mod guards;
mod namespace;
mod network;

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

pub use self::namespace::{namespace_claim, namespace_object};
use crate::environment::{Environment, NamespaceProvenance};

/// One object: what to apply.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// The whole object, with apiVersion, kind and metadata.
    pub content: Value,
}

/// The kinds an environment is made of, in the order in which they are applied.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names are those of Kubernetes")]
pub enum ObjectKind {
    Namespace,
    ServiceAccount,
    ResourceQuota,
    LimitRange,
    NetworkPolicy,
    Role,
    RoleBinding,
}

/// A word that is none of our kinds.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no kind of object that an environment is made of")]
pub struct ObjectKindError(String);

impl ObjectKind {
    /// All kinds, in order.
    pub const ALL: [Self; 7] = [
        Self::Namespace,
        Self::ServiceAccount,
        Self::ResourceQuota,
        Self::LimitRange,
        Self::NetworkPolicy,
        Self::Role,
        Self::RoleBinding,
    ];

    /// The kind as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::ServiceAccount => "ServiceAccount",
            Self::ResourceQuota => "ResourceQuota",
            Self::LimitRange => "LimitRange",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::Role => "Role",
            Self::RoleBinding => "RoleBinding",
        }
    }

    /// The API group; empty for the core group.
    pub fn group(self) -> &'static str {
        match self {
            Self::Namespace | Self::ServiceAccount | Self::ResourceQuota | Self::LimitRange => "",
            Self::NetworkPolicy => "networking.k8s.io",
            Self::Role | Self::RoleBinding => "rbac.authorization.k8s.io",
        }
    }

    /// Group and version, as in `apiVersion`.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Namespace | Self::ServiceAccount | Self::ResourceQuota | Self::LimitRange => "v1",
            Self::NetworkPolicy => "networking.k8s.io/v1",
            Self::Role | Self::RoleBinding => "rbac.authorization.k8s.io/v1",
        }
    }

    /// The plural of the API's paths.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::ServiceAccount => "serviceaccounts",
            Self::ResourceQuota => "resourcequotas",
            Self::LimitRange => "limitranges",
            Self::NetworkPolicy => "networkpolicies",
            Self::Role => "roles",
            Self::RoleBinding => "rolebindings",
        }
    }
}

impl FromStr for ObjectKind {
    type Err = ObjectKindError;

    fn from_str(text: &str) -> Result<Self, ObjectKindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| ObjectKindError(text.to_owned()))
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Object {
    /// `Kind/name`: what [`crate::drift`] and records know the object by.
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    /// An object inside the environment's namespace. `fields` are its fields beside apiVersion, kind and metadata.
    fn inside(environment: &Environment, kind: ObjectKind, name: impl Into<String>, fields: Value) -> Self {
        let name = name.into();
        let mut content = json!({
            "apiVersion": kind.api_version(),
            "kind": kind.as_str(),
            "metadata": { "name": name, "namespace": environment.name.as_str(), "labels": environment.object_labels() },
        });
        if let (Value::Object(content), Value::Object(fields)) = (&mut content, fields) {
            content.extend(fields);
        }
        Self { kind, name, content }
    }
}

/// All objects of an environment, in the order in which to apply them.
pub fn objects(environment: &Environment, provenance: &NamespaceProvenance) -> Vec<Object> {
    let mut objects = vec![namespace_object(environment, provenance)];
    objects.extend(contents(environment));
    objects
}

/// The objects inside of its namespace, in the order in which to apply them.
pub fn contents(environment: &Environment) -> Vec<Object> {
    let mut objects = vec![access::service_account(environment)];
    objects.extend(guards::guards(environment));
    objects.extend(network::policies(environment));
    objects.extend(access::access(environment));
    objects
}

#[cfg(test)]
mod tests;
