//! Errors of connection settings. No error contains a value of a setting: a password in the wrong place would be printed.

/// An invalid connection setting.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PostgresAccessError {
    /// The value of a setting is invalid.
    #[error("`{keyword}` must be {expected}")]
    BadValue {
        /// Keyword of the setting.
        keyword: &'static str,
        /// Expected value.
        expected: &'static str,
    },
    /// The value of a setting is not in its list of values.
    #[error("`{keyword}` must be one of {}", supported.join(", "))]
    BadChoice {
        /// Keyword of the setting.
        keyword: &'static str,
        /// Values of the setting.
        supported: &'static [&'static str],
    },
    /// The text is not a connection URI.
    #[error("the connection URI is not valid: {problem}")]
    BadUri {
        /// Part of the URI that is wrong.
        problem: &'static str,
    },
    /// The text is not a list of `keyword=value`.
    #[error("the connection string is not valid: {problem}")]
    BadList {
        /// Part of the text that is wrong.
        problem: &'static str,
    },
    /// Numbers of hosts, addresses and ports differ.
    #[error("`{keyword}` must have one value, or one per host")]
    Counts {
        /// Keyword of the setting.
        keyword: &'static str,
    },
    /// A required setting is missing.
    #[error("`{keyword}` is required and not set")]
    Missing {
        /// Keyword of the setting.
        keyword: &'static str,
    },
    /// A weaker mode than `verify-full` together with the system's authorities.
    #[error(
        "`sslrootcert=system` requires `sslmode=verify-full`, because anyone can get a certificate of these authorities"
    )]
    WeakSystem,
    /// A keyword that libpq does not have.
    #[error("keyword {position} of the connection string does not exist")]
    UnknownKeyword {
        /// Position in the text, from 1.
        position: usize,
    },
    /// A setting of libpq that this client does not support.
    #[error("`{name}` is not supported")]
    Unsupported {
        /// Keyword of libpq, or name of the environment variable.
        name: &'static str,
    },
}
