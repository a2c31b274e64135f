//! Mistakes in the settings of a Vault.

/// A mistake in [`super::VaultSettings`] or in the environment variables that replace them.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VaultAccessError {
    /// Not the URL of a server.
    #[error("`{field}` is not the URL of a server: expected `https://host:port` without a query or a user name")]
    BadUrl {
        /// The field.
        field: &'static str,
    },
    /// Not valid in an HTTP header.
    #[error("`{field}` contains a character that is not valid in an HTTP header, such as a line break at its end")]
    Unsendable {
        /// The field.
        field: &'static str,
    },
    /// Required and empty.
    #[error("`{field}` is empty")]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// Not the path of an auth mount.
    #[error("`{field}` is `{got}`: expected the path of an auth mount without `auth/`, such as `approle`")]
    BadMount {
        /// The field.
        field: &'static str,
        /// The value.
        got: String,
    },
    /// Not a boolean.
    #[error("{variable} is `{got}`: expected `true` or `false` (or `1`, `0`, `t`, `f`)")]
    BadBool {
        /// The environment variable.
        variable: &'static str,
        /// The value.
        got: String,
    },
}

impl VaultAccessError {
    /// The field of the settings with the mistake, such as `auth.approle.role_id`; `None` for an environment variable.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::BadUrl { field }
            | Self::Unsendable { field }
            | Self::Empty { field }
            | Self::BadMount { field, .. } => Some(field),
            Self::BadBool { .. } => None,
        }
    }
}
