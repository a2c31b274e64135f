//! Who may work inside an environment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dns::{DnsError, NamespaceName};
use crate::hash;
use crate::text::as_text;

/// The name of the Role we make for owners.
pub const OWNER_ROLE: &str = "eod-owner";

/// One subject with one role.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct AccessGrant {
    kind: SubjectKind,
    name: String,
    namespace: Option<NamespaceName>,
    role: AccessRole,
}

/// What kind of subject.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SubjectKind {
    /// A person or machine, by the name the API server knows.
    User,
    /// A group of the identity provider.
    Group,
    /// A service account of a namespace.
    ServiceAccount,
}

/// Which role.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AccessRole {
    /// The Role we make in the namespace: read all but Secrets, logs, exec, port-forward, scale, restart.
    #[default]
    Owner,
    /// A ClusterRole of this name, bound in the namespace.
    ClusterRole(String),
}

/// Why a grant is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccessError {
    /// A word that is no kind.
    #[error("`{0}` is no kind of subject; expected User, Group or ServiceAccount")]
    Kind(String),
    /// No name.
    #[error("the name of a {0} must not be empty")]
    EmptyName(SubjectKind),
    /// A name with a line break or the like, or over 1024 bytes.
    #[error("{0:?} is no name of a subject; expected up to 1024 bytes without control characters")]
    Name(String),
    /// A service account that is no DNS name.
    #[error("the name of the ServiceAccount {0}")]
    ServiceAccountName(#[source] DnsError),
    /// A service account without a namespace.
    #[error("the ServiceAccount `{0}` needs `namespace`, the namespace it lives in")]
    NamespaceMissing(String),
    /// Anybody else with a namespace.
    #[error("`{name}` is a {kind} and has no namespace; remove `namespace`, or use the kind ServiceAccount")]
    NamespaceGiven {
        /// The kind.
        kind: SubjectKind,
        /// The name.
        name: String,
    },
    /// A role that Kubernetes could not name.
    #[error("`{0}` is no role; expected owner or the name of a ClusterRole, without `/`, `%` and control characters")]
    Role(String),
}

const NAME_MAX: usize = 1024;

as_text!(SubjectKind, AccessRole);

/// How a grant is written.
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
    /// A grant.
    ///
    /// # Errors
    ///
    /// When the name is no name, or the namespace is missing for a service account or given for anybody else.
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

    /// What kind of subject.
    pub fn kind(&self) -> SubjectKind {
        self.kind
    }

    /// The subject's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace of a service account.
    pub fn namespace(&self) -> Option<&NamespaceName> {
        self.namespace.as_ref()
    }

    /// Which role.
    pub fn role(&self) -> &AccessRole {
        &self.role
    }

    /// The name of the grant's RoleBinding. It follows from the content, because what a binding points to cannot be
    /// changed: another grant is another binding.
    pub fn binding_name(&self) -> String {
        let namespace = self.namespace.as_ref().map(NamespaceName::as_str).unwrap_or_default();
        // The parts are written with their lengths, so that no two grants have the same text.
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

impl SubjectKind {
    /// The kind as the RBAC API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::ServiceAccount => "ServiceAccount",
        }
    }
}

impl FromStr for SubjectKind {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        match text {
            "User" => Ok(Self::User),
            "Group" => Ok(Self::Group),
            "ServiceAccount" => Ok(Self::ServiceAccount),
            other => Err(AccessError::Kind(other.to_owned())),
        }
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        // The names of RBAC objects are path segments, nothing stricter: `system:aggregate-to-view` is one.
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
