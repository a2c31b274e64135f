//! Reference to a Secret, `<namespace>/<name>`.

use std::{fmt, str::FromStr};

use eod_domain::{DnsError, NamespaceName, SecretName};

/// Reference to a Secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SecretPlace {
    /// Namespace.
    pub(crate) namespace: String,
    /// Name.
    pub(crate) name: String,
}

/// Text that is not a reference to a Secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum SecretPlaceError {
    /// Text without a slash.
    #[error("expected `<namespace>/<name>`, got `{0}`")]
    Form(String),
    /// Invalid namespace or name.
    #[error(transparent)]
    Name(#[from] DnsError),
}

impl FromStr for SecretPlace {
    type Err = SecretPlaceError;

    fn from_str(text: &str) -> Result<Self, SecretPlaceError> {
        let (namespace, name) = text.split_once('/').ok_or_else(|| SecretPlaceError::Form(text.to_owned()))?;
        let (namespace, name): (NamespaceName, SecretName) = (namespace.parse()?, name.parse()?);
        Ok(Self { namespace: namespace.to_string(), name: name.to_string() })
    }
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
