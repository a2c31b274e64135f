//! Creation of a golden database, with a comment of ownership and without connections from the first statement on.
//!
//! The order makes every interruption harmless. The session holds the lock of the name, and the database is marked and closed as
//! [`MarkedDatabase`] creates it. At the end one transaction writes the comment that says "finished" and closes the database
//! again. A killed build is found by its mark and removed by the next one.

use std::{fmt, str::FromStr};

use crate::{
    facts::GoldenFacts,
    marked::{DatabaseTemplate, MarkedDatabase, MarkedFacts, MarkedState, transaction},
    sql::{quoted_name, quoted_text, run},
};
use eod_clients::{
    Deadline, Error, ErrorKind,
    postgres::{Postgres, PostgresSession},
};

/// Maximum length of a name in bytes. With the version of 14 digits and the end `_owner` it is the name of a role, which has
/// at most 63 bytes.
const MAX_NAME: usize = 41;
/// Number of digits of a version.
const VERSION: usize = 14;
/// First words of the comment of an owner role.
const MARK: &str = "eod golden 1";

/// Name of a golden database. It is the name of the published version; other versions have a name that begins with it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct GoldenName(String);

/// Text that is not a name of a golden database.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "invalid name `{0}` of a golden database: expected 1 to {MAX_NAME} characters of a-z, 0-9 and _, with a letter first \
     and without an end such as `_next`, `_verify` or `_20261128202501`"
)]
pub struct GoldenNameError(String);

/// State of a name on the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GoldenState {
    /// Neither the database nor its owner role exists.
    Absent,
    /// Ours and not finished: a build runs, or was killed.
    Unfinished,
    /// Ours and finished.
    Finished(GoldenFacts),
    /// The database or the role belongs to somebody else, or to another installation.
    Foreign {
        /// Reason.
        reason: String,
    },
}

/// Golden database that cannot be made or removed.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    /// Name that is in use by somebody else.
    #[error(
        "database `{name}` is not a golden database of installation `{installation}`: {reason}; choose another name"
    )]
    Foreign {
        /// Name.
        name: GoldenName,
        /// Installation.
        installation: String,
        /// Reason.
        reason: String,
    },
    /// Finished database of this name.
    #[error("golden database `{0}` exists already; remove it first, or choose another name")]
    Exists(GoldenName),
    /// Another session that has the lock of the name.
    #[error("another build of golden database `{0}` is running; wait for its end")]
    Busy(GoldenName),
    /// Publication without a finished build.
    #[error("golden database `{0}` has no finished build to publish; build it first")]
    NotBuilt(GoldenName),
    /// Verification of a database that does not exist or is not finished.
    #[error("there is no finished golden database `{0}` to verify; build it first")]
    NotVerifiable(GoldenName),
    /// Build that is too old to publish.
    #[error("the build of golden database `{name}` was valid until {until}; build it again, or set a longer validity")]
    Over {
        /// Name.
        name: GoldenName,
        /// End of the validity.
        until: jiff::Timestamp,
    },
    /// Statement that failed.
    #[error(transparent)]
    Statement(#[from] Error),
}

/// Goldens of one installation on one server, seen from a session in the maintenance database.
pub struct GoldenServer {
    pub(crate) session: PostgresSession,
    pub(crate) installation: String,
}

impl GoldenName {
    /// Name from a text.
    ///
    /// # Errors
    ///
    /// [`GoldenNameError`].
    pub fn new(name: &str) -> Result<Self, GoldenNameError> {
        let is_version = |end: &str| end.len() == VERSION && end.bytes().all(|byte| byte.is_ascii_digit());
        let has_end = |end: &str| matches!(end, "next" | "verify") || is_version(end);
        let is_valid = (1..=MAX_NAME).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
            && !name.rsplit_once('_').is_some_and(|(_, end)| has_end(end));
        if is_valid { Ok(Self(name.to_owned())) } else { Err(GoldenNameError(name.to_owned())) }
    }

    /// The name of the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name of the role that owns the database.
    pub fn owner(&self) -> String {
        format!("{}_owner", self.0)
    }

    fn marked(&self) -> MarkedDatabase {
        MarkedDatabase { name: self.0.clone(), owner: self.owner(), described: format!("golden database `{self}`") }
    }

    /// Name of the database that a build makes. [`GoldenServer::publish`] renames it.
    pub fn next(&self) -> Self {
        Self(format!("{}_next", self.0))
    }

    /// Name of the copy that a verification reads.
    pub(crate) fn verify(&self) -> Self {
        Self(format!("{}_verify", self.0))
    }

    /// Name of a version that is kept after the publication of a newer one.
    pub(crate) fn kept(&self, version: &str) -> Self {
        Self(format!("{}_{version}", self.0))
    }

    /// Name of the role that owns all objects in all versions of the golden database. It owns no database.
    pub fn objects_role(&self) -> String {
        format!("{}_objects", self.0)
    }

    /// Published name of the database of an owner role, with the name of the database.
    pub(crate) fn of_owner(owner: &str) -> Option<(Self, Self)> {
        let database = owner.strip_suffix("_owner")?;
        if let Ok(name) = Self::new(database) {
            return Some((name.clone(), name));
        }
        let (name, _) = database.rsplit_once('_')?;
        Some((Self::new(name).ok()?, Self(database.to_owned())))
    }
}

impl GoldenServer {
    /// Connects to the maintenance database.
    ///
    /// # Errors
    ///
    /// See [`Postgres::connect`].
    pub async fn connect(server: &Postgres, installation: &str, deadline: &Deadline) -> Result<Self, Error> {
        Ok(Self { session: server.connect(deadline).await?, installation: installation.to_owned() })
    }

    /// The session in the maintenance database.
    pub fn session(&mut self) -> &mut PostgresSession {
        &mut self.session
    }

    /// Releases the locks of the session, so that the next run finds none. If this fails, the server releases them a moment
    /// after the end of the session.
    pub(crate) async fn unlock(&mut self, deadline: &Deadline) {
        let sql = "SELECT pg_catalog.pg_advisory_unlock_all()";
        drop(run(&mut self.session, "release", "the locks of the session", sql, deadline).await);
    }

    /// Name of the installation.
    pub fn installation(&self) -> &str {
        &self.installation
    }

    /// State of a name.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn look(&mut self, name: &GoldenName, deadline: &Deadline) -> Result<GoldenState, Error> {
        let found = name.marked().look(&mut self.session, deadline).await?;
        Ok(state(found, &name.owner(), &self.mark()))
    }

    /// Creates a golden database from a template, empty or a copy, and admits only members of its owner role: this role and
    /// superusers. An unfinished database of the name is removed first. The lock of the name is held until this value is
    /// dropped.
    ///
    /// # Errors
    ///
    /// [`GoldenError`]. Whatever was made is closed and marked; the next call removes it.
    pub async fn begin(
        &mut self,
        name: &GoldenName,
        template: DatabaseTemplate<'_>,
        deadline: &Deadline,
    ) -> Result<(), GoldenError> {
        self.lock(name, deadline).await?;
        match self.look(name, deadline).await? {
            GoldenState::Absent => {}
            GoldenState::Unfinished => self.drop_all(name, deadline).await?,
            GoldenState::Finished(_) => return Err(GoldenError::Exists(name.clone())),
            GoldenState::Foreign { reason } => return Err(self.foreign(name, reason)),
        }
        let mark = self.mark();
        Ok(name.marked().create(&mut self.session, &mark, template, deadline).await?)
    }

    /// Marks a golden database as finished and closes it. It has no sessions then and can be a template.
    ///
    /// # Errors
    ///
    /// A statement failed. The database stays unfinished.
    pub async fn finish(
        &mut self,
        name: &GoldenName,
        facts: &GoldenFacts,
        deadline: &Deadline,
    ) -> Result<(), GoldenError> {
        let (database, comment) = (quoted_name(name.as_str()), quoted_text(&facts.comment()));
        let sql = format!(
            "BEGIN; COMMENT ON DATABASE {database} IS {comment}; ALTER DATABASE {database} ALLOW_CONNECTIONS false; COMMIT"
        );
        self.transaction("finish", &format!("golden database `{name}`"), &sql, deadline).await?;
        Ok(())
    }

    /// Removes a golden database with its sessions, and its owner role. A name that does not exist is removed already.
    ///
    /// # Errors
    ///
    /// [`GoldenError`]. A later call continues.
    pub async fn destroy(&mut self, name: &GoldenName, deadline: &Deadline) -> Result<(), GoldenError> {
        self.lock(name, deadline).await?;
        match self.look(name, deadline).await? {
            GoldenState::Foreign { reason } => Err(self.foreign(name, reason)),
            GoldenState::Absent => Ok(()),
            GoldenState::Unfinished | GoldenState::Finished(_) => Ok(self.drop_all(name, deadline).await?),
        }
    }

    /// Takes the lock of a name, which the session has until its end.
    pub(crate) async fn lock(&mut self, name: &GoldenName, deadline: &Deadline) -> Result<(), GoldenError> {
        let lock = format!("golden {name}");
        if self.session.try_lock(&lock, deadline).await? { Ok(()) } else { Err(GoldenError::Busy(name.clone())) }
    }

    async fn drop_all(&mut self, name: &GoldenName, deadline: &Deadline) -> Result<(), Error> {
        name.marked().remove(&mut self.session, deadline).await
    }

    /// Runs statements that begin and end a transaction.
    pub(crate) async fn transaction(
        &mut self,
        operation: &'static str,
        target: &str,
        sql: &str,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        transaction(&mut self.session, operation, target, sql, deadline).await
    }

    /// Comment of the owner roles of this installation.
    pub(crate) fn mark(&self) -> String {
        format!("{MARK} {}", self.installation)
    }

    /// Error for a name that is in use by somebody else.
    pub fn foreign(&self, name: &GoldenName, reason: String) -> GoldenError {
        GoldenError::Foreign { name: name.clone(), installation: self.installation.clone(), reason }
    }
}

impl GoldenError {
    /// Kind of the failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Foreign { .. } | Self::Exists(_) => ErrorKind::AlreadyExists,
            Self::Busy(_) => ErrorKind::Conflict,
            Self::NotBuilt(_) | Self::NotVerifiable(_) => ErrorKind::NotFound,
            Self::Over { .. } => ErrorKind::Invalid,
            Self::Statement(error) => error.kind,
        }
    }

    /// The whole chain of causes on one line.
    pub fn chain(&self) -> String {
        match self {
            Self::Statement(error) => error.chain(),
            other => other.to_string(),
        }
    }
}

fn state(found: MarkedState, owner: &str, mark: &str) -> GoldenState {
    match found {
        MarkedState::Absent => GoldenState::Absent,
        MarkedState::Foreign { reason } => GoldenState::Foreign { reason },
        MarkedState::Marked(facts) if facts.mark != mark => {
            GoldenState::Foreign { reason: format!("role `{owner}` does not have the comment `{mark}`") }
        }
        MarkedState::Marked(MarkedFacts { comment, .. }) if comment.is_empty() => GoldenState::Unfinished,
        MarkedState::Marked(MarkedFacts { comment, .. }) => match GoldenFacts::of_comment(&comment) {
            Some(facts) => GoldenState::Finished(facts),
            // Never treated as unfinished, which would remove it.
            None => GoldenState::Foreign {
                reason: "its comment is not that of a golden database of this version".to_owned(),
            },
        },
    }
}

impl FromStr for GoldenName {
    type Err = GoldenNameError;

    fn from_str(name: &str) -> Result<Self, GoldenNameError> {
        Self::new(name)
    }
}

impl fmt::Display for GoldenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
