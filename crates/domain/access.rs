//! Access grants: subjects with a role in the namespace of an environment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::dns::{DnsError, NamespaceName};
use crate::hash;
use crate::text::{keyword, serde_as_text};

/// Name of the Role that EoD creates for owners.
pub const OWNER_ROLE: &str = "eod-owner";

/// Subject with a role.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct AccessGrant {
    kind: SubjectKind,
    name: String,
    namespace: Option<NamespaceName>,
    role: AccessRole,
}

/// Kind of a subject, as in the RBAC API.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
pub enum SubjectKind {
    /// Person or machine, with the name that the API server uses.
    User,
    /// Group of the identity provider.
    Group,
    /// Service account of a namespace.
    ServiceAccount,
}

/// Role of a grant.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AccessRole {
    /// Role that EoD creates in the namespace: read everything except Secrets; logs, exec, port-forward, scale, restart.
    #[default]
    Owner,
    /// ClusterRole of this name, bound in the namespace.
    ClusterRole(String),
}

/// Reasons to refuse a grant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccessError {
    /// The name is empty.
    #[error("name of a {0} must not be empty")]
    EmptyName(SubjectKind),
    /// A name with control characters, or over 1024 bytes.
    #[error("invalid subject name {0:?}: expected up to 1024 bytes without control characters")]
    Name(String),
    /// The name of a service account is not a DNS name.
    #[error("name of the ServiceAccount {0}")]
    ServiceAccountName(#[source] DnsError),
    /// A service account without a namespace.
    #[error("ServiceAccount `{0}` requires a namespace")]
    NamespaceMissing(String),
    /// A user or group with a namespace.
    #[error("{kind} `{name}` must not have a namespace")]
    NamespaceGiven {
        /// Kind of the subject.
        kind: SubjectKind,
        /// Name of the subject.
        name: String,
    },
    /// A role name that is not valid in Kubernetes.
    #[error("invalid role `{0}`: expected owner or the name of a ClusterRole, without `/`, `%` and control characters")]
    Role(String),
}

const NAME_MAX: usize = 1024;

keyword!(SubjectKind, "kind of subject");
serde_as_text!(AccessRole);

/// Serialized form of a grant.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    kind: SubjectKind,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<NamespaceName>,
    #[serde(default)]
    role: AccessRole,
}

impl AccessGrant {
    /// Creates a grant.
    ///
    /// # Errors
    ///
    /// The name is invalid, or the namespace is missing for a service account or set for another kind.
    pub fn new(
        kind: SubjectKind,
        name: &str,
        namespace: Option<NamespaceName>,
        role: AccessRole,
    ) -> Result<Self, AccessError> {
        if name.is_empty() {
            return Err(AccessError::EmptyName(kind));
        }
        if name.len() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(AccessError::Name(name.to_owned()));
        }
        match (kind, &namespace) {
            (SubjectKind::ServiceAccount, None) => return Err(AccessError::NamespaceMissing(name.to_owned())),
            (SubjectKind::ServiceAccount, Some(_)) => {
                crate::dns::check_name(name).map_err(AccessError::ServiceAccountName)?;
            }
            (SubjectKind::User | SubjectKind::Group, Some(_)) => {
                return Err(AccessError::NamespaceGiven { kind, name: name.to_owned() });
            }
            (SubjectKind::User | SubjectKind::Group, None) => {}
        }
        Ok(Self { kind, name: name.to_owned(), namespace, role })
    }

    /// Kind of the subject.
    pub fn kind(&self) -> SubjectKind {
        self.kind
    }

    /// Name of the subject.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Namespace of a service account.
    pub fn namespace(&self) -> Option<&NamespaceName> {
        self.namespace.as_ref()
    }

    /// Role of the subject.
    pub fn role(&self) -> &AccessRole {
        &self.role
    }

    /// Name of the RoleBinding, derived from the content: the role of a binding cannot be changed, so another grant is
    /// another binding.
    pub fn binding_name(&self) -> String {
        let namespace = self.namespace.as_ref().map(NamespaceName::as_str).unwrap_or_default();
        // Each part has its length in front, so that two grants never have the same text.
        let part = |text: &str| format!("{}:{text}", text.len());
        let parts = [self.kind.as_str(), &self.name, namespace, self.role.as_str()].map(part);
        let class = if matches!(self.role, AccessRole::Owner) { "owner" } else { "cluster-role" };
        format!("eod-{class}-{}", hash::short(&parts.concat()))
    }
}

impl TryFrom<Fields> for AccessGrant {
    type Error = AccessError;

    fn try_from(fields: Fields) -> Result<Self, AccessError> {
        Self::new(fields.kind, &fields.name, fields.namespace, fields.role)
    }
}

impl From<AccessGrant> for Fields {
    fn from(grant: AccessGrant) -> Self {
        let AccessGrant { kind, name, namespace, role } = grant;
        Self { kind, name, namespace, role }
    }
}

impl AccessRole {
    /// `owner`, or the ClusterRole's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Owner => "owner",
            Self::ClusterRole(name) => name,
        }
    }
}

impl FromStr for AccessRole {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        // Names of RBAC objects must only be valid path segments, such as `system:aggregate-to-view`.
        let refused = |c: char| c.is_control() || c == '/' || c == '%';
        match text {
            "owner" => Ok(Self::Owner),
            "" | "." | ".." => Err(AccessError::Role(text.to_owned())),
            name if name.contains(refused) || name.len() > NAME_MAX => Err(AccessError::Role(name.to_owned())),
            name => Ok(Self::ClusterRole(name.to_owned())),
        }
    }
}

impl fmt::Display for AccessRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
