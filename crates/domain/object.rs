//! Kubernetes objects as data: kind, name and content.

use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::environment::Environment;
use crate::text::keyword;

/// Object to apply.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Kind of the object.
    pub kind: ObjectKind,
    /// Name of the object.
    pub name: String,
    /// Complete object, with apiVersion, kind and metadata.
    pub content: Value,
}

/// Kinds of the objects of an environment, in the order of their application.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
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

keyword!(ObjectKind, "kind of object");

impl ObjectKind {
    /// API group; empty for the core group.
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

    /// Plural, as in the API's paths.
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

impl Object {
    /// Key `Kind/name` of the object in [`crate::drift`] and in records.
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    /// Creates an object in the environment's namespace. `fields` are its fields except apiVersion, kind and metadata.
    pub(crate) fn inside(environment: &Environment, kind: ObjectKind, name: impl Into<String>, fields: Value) -> Self {
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
