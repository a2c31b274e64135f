//! Engines of databases.

use std::{fmt, str::FromStr};

/// Engine of a database.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum CloneEngine {
    /// Clone of a golden database.
    #[default]
    Postgres,
}

/// Text that is not the name of an engine.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unsupported engine `{0}`: supported is postgres")]
pub(crate) struct EngineError(String);

impl FromStr for CloneEngine {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        match text {
            "postgres" => Ok(Self::Postgres),
            other => Err(EngineError(other.to_owned())),
        }
    }
}

impl fmt::Display for CloneEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "postgres",
        })
    }
}
