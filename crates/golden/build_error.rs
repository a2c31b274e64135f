//! Errors of a build. None of them contains a value of the database, a password or the key.

use eod_clients::{Error, ErrorKind, chain_text};
use eod_masking::RefusedRule;

use crate::{
    birth::{GoldenError, GoldenName},
    masked_copy::MaskedCopyError,
    source::is_recovery_conflict,
    structure::StructureError,
    table_load::LoadError,
    tools::ToolsError,
    verify::{VerifyError, VerifyFinding},
};

/// Build that failed. What it has made is removed; if that was not possible, it is closed and marked, and the next build
/// removes it. The published version is never touched.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Golden database that cannot be made.
    #[error(transparent)]
    Golden(#[from] GoldenError),
    /// Source that is the preview server.
    #[error(
        "the source is a database of the preview server itself, so its rows are there already; name another server, or \
         build from the raw copy"
    )]
    SameServer,
    /// Server that is too old.
    #[error("the preview server must be PostgreSQL {needed} or newer, because {reason}; got {found}")]
    OldServer {
        /// Major version that is needed.
        needed: u32,
        /// Reason.
        reason: &'static str,
        /// Major version of the preview server.
        found: u32,
    },
    /// Source with a manifest.
    #[error(
        "the source is a golden database or a clone of one: masked values would be masked again; name a raw source"
    )]
    MaskedSource,
    /// Key that is not that of the published version.
    #[error(
        "the key is not that of the published golden database `{name}`: its check value is {expected}, got {found}. Rows \
         that clones have already would no longer match new ones; use the former key, or allow another one"
    )]
    OtherKey {
        /// Name.
        name: GoldenName,
        /// Check value of the published version.
        expected: String,
        /// Check value of the key.
        found: String,
    },
    /// Privileges that the role lacks in the source.
    #[error(
        "the role cannot read all rows of the source. Run there as its owner or a superuser:\n{}", statements(.0)
    )]
    Privileges(Vec<String>),
    /// Policies of row level security for roles that do not exist on the preview server.
    #[error(
        "policies of row level security name the roles {}, which are not in `roles` of the masking policy; add them",
        .0.join(", ")
    )]
    PolicyRoles(Vec<String>),
    /// Tables that depend on foreign servers, or on extensions that a golden database does not have.
    #[error("{} depend on a foreign server or on an extension that is removed; remove the dependency", .0.join(", "))]
    LostTables(Vec<String>),
    /// Policy that does not fit the source.
    #[error("the policy does not fit the source:\n{}", refused(.0))]
    Policy(Vec<RefusedRule>),
    /// Structure that cannot be brought over.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// Rows that cannot be copied.
    #[error(transparent)]
    Copy(Box<MaskedCopyError>),
    /// Verification that could not be done.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Verification with problems.
    #[error("the verification has found problems, and the database was removed:\n{}", findings(.0))]
    Findings(Vec<VerifyFinding>),
    /// Snapshot that a standby has interrupted each time.
    #[error(
        "the standby has cancelled the build {attempts} times, because it had to apply changes of its primary; set \
         `hot_standby_feedback = on` or a longer `max_standby_streaming_delay` there"
    )]
    Conflicts {
        /// Number of attempts.
        attempts: u32,
        /// Last error.
        #[source]
        source: Box<BuildError>,
    },
    /// Raw copy that does not exist.
    #[error("the preview server has no database `{0}`")]
    NoRawCopy(String),
    /// Raw copy with sessions of others.
    #[error("database `{database}` is in use by {}; end these sessions, and build again", .roles.join(", "))]
    RawInUse {
        /// Name of the raw copy.
        database: String,
        /// Roles of the sessions.
        roles: Vec<String>,
    },
    /// Roles, standbys, slots and settings that take raw pages past all privileges.
    #[error(
        "raw pages of the copy would reach {}: roles with REPLICATION that can log in, standbys, slots or the archive. \
         Remove these, or allow each by its name", .0.join(", ")
    )]
    PageReaders(Vec<String>),
    /// Manifest that is missing, or is not the one of the build.
    #[error("golden database `{0}` does not have the manifest that its comment names; build it again")]
    Manifest(GoldenName),
    /// Statement that failed.
    #[error(transparent)]
    Statement(#[from] Error),
}

impl BuildError {
    /// Kind of the failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Golden(error) | Self::Structure(StructureError::Role(error)) => error.kind(),
            Self::Privileges(_) => ErrorKind::Denied,
            Self::Conflicts { .. } => ErrorKind::Unavailable,
            Self::Structure(StructureError::Tools(ToolsError::Interrupted { source, .. })) => (*source).into(),
            other => other.remote().map_or(ErrorKind::Invalid, |error| error.kind),
        }
    }

    /// True if the operation was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.kind() == ErrorKind::Cancelled && !self.is_recovery_conflict()
    }

    /// The whole chain of causes, each once.
    pub fn chain(&self) -> String {
        chain_text(self)
    }

    /// True if a standby has interrupted the build.
    pub(crate) fn is_recovery_conflict(&self) -> bool {
        if let Self::Structure(StructureError::Tools(ToolsError::Failed { messages, .. })) = self {
            return messages.contains("conflict with recovery");
        }
        self.remote().is_some_and(is_recovery_conflict)
    }

    /// Error of the client behind this one; none if a check of this crate has failed.
    pub fn remote(&self) -> Option<&Error> {
        match self {
            Self::Statement(error)
            | Self::Golden(GoldenError::Statement(error))
            | Self::Structure(StructureError::Statement(error))
            | Self::Verify(VerifyError::Statement(error)) => Some(error),
            Self::Copy(error) => match &**error {
                MaskedCopyError::Statement(error)
                | MaskedCopyError::Load(LoadError::Statement { source: error, .. }) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<MaskedCopyError> for BuildError {
    fn from(error: MaskedCopyError) -> Self {
        Self::Copy(Box::new(error))
    }
}

fn statements(list: &[String]) -> String {
    list.iter().map(|statement| format!("  {statement};")).collect::<Vec<_>>().join("\n")
}

fn refused(list: &[RefusedRule]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn findings(list: &[VerifyFinding]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
