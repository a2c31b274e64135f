//! Creation of a golden database, with a comment of ownership and without connections from the first statement on.
//!
//! The order makes every interruption harmless. The session holds the lock of the name. First there is an owner role with
//! the mark as its comment, then the database with `ALLOW_CONNECTIONS false` in the statement that creates it, then one
//! transaction revokes the privileges of PUBLIC and admits members of the owner role. At the end one transaction writes the
//! comment that says "finished" and closes the database again. A killed build is found by its mark and removed by the next one.

use std::fmt;

use eod_clients::{
    Deadline, Error, ErrorKind,
    postgres::{Postgres, PostgresSession},
};
use serde::Deserialize;

use crate::{
    facts::GoldenFacts,
    sql::{quoted_name, quoted_text, rows, run},
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

/// Database that a golden database is created from.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseTemplate<'a> {
    /// Name of the template.
    pub name: &'a str,
    /// Options of `CREATE DATABASE` for encoding and collation; empty for those of the template.
    pub locale: &'a str,
}

#[derive(Deserialize)]
struct NameRow {
    owner_exists: bool,
    owner_comment: Option<String>,
    database_exists: bool,
    database_owner: Option<String>,
    database_comment: Option<String>,
}

const LOOK: &str = "\
SELECT r.oid IS NOT NULL AS owner_exists, shobj_description(r.oid, 'pg_authid') AS owner_comment,
       d.oid IS NOT NULL AS database_exists, pg_get_userbyid(d.datdba) AS database_owner,
       shobj_description(d.oid, 'pg_database') AS database_comment
FROM (SELECT) x LEFT JOIN pg_roles r ON r.rolname = $2 LEFT JOIN pg_database d ON d.datname = $1";

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

    /// State of a name.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn look(&mut self, name: &GoldenName, deadline: &Deadline) -> Result<GoldenState, Error> {
        let target = format!("golden database `{name}`");
        let owner = name.owner();
        let found: Vec<NameRow> =
            rows(&mut self.session, &target, LOOK, &[&name.as_str(), &owner.as_str()], deadline).await?;
        let Some(row) = found.into_iter().next() else { return Ok(GoldenState::Absent) };
        Ok(state(&row, &owner, &self.mark()))
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
        let (database, owner) = (quoted_name(name.as_str()), quoted_name(&name.owner()));
        let (role_target, target) = (format!("role `{}`", name.owner()), format!("golden database `{name}`"));
        let mark = quoted_text(&self.mark());
        let role = format!(
            "BEGIN; CREATE ROLE {owner} NOLOGIN; COMMENT ON ROLE {owner} IS {mark}; GRANT {owner} TO CURRENT_USER; COMMIT"
        );
        self.transaction("create", &role_target, &role, deadline).await?;
        // FILE_COPY needs no WAL for the rows; the server may share blocks with it.
        let create = format!(
            "CREATE DATABASE {database} OWNER {owner} TEMPLATE {} {} STRATEGY FILE_COPY ALLOW_CONNECTIONS false",
            quoted_name(template.name),
            template.locale
        );
        run(&mut self.session, "create", &target, &create, deadline).await?;
        let admit = format!(
            "BEGIN; REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC; \
             ALTER DATABASE {database} ALLOW_CONNECTIONS true; COMMIT"
        );
        self.transaction("admit the builder to", &target, &admit, deadline).await?;
        Ok(())
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

    /// Removes the database first: as long as it exists, the mark of its owner identifies it.
    async fn drop_all(&mut self, name: &GoldenName, deadline: &Deadline) -> Result<(), Error> {
        let (database, owner) = (quoted_name(name.as_str()), quoted_name(&name.owner()));
        let target = format!("golden database `{name}`");
        let drop_it = format!("DROP DATABASE IF EXISTS {database}");
        let forced = format!("{drop_it} WITH (FORCE)");
        match run(&mut self.session, "remove", &target, &forced, deadline).await {
            // A role that is not superuser cannot end a process of a superuser, for example after a refused
            // login. Without FORCE the server waits 5 s for its end.
            Err(error) if error.kind == ErrorKind::Denied => {
                run(&mut self.session, "remove", &target, &drop_it, deadline).await?;
            }
            done => done?,
        }
        let role = format!("DROP ROLE IF EXISTS {owner}");
        run(&mut self.session, "remove", &format!("role `{}`", name.owner()), &role, deadline).await
    }

    /// Runs statements that begin and end a transaction.
    pub(crate) async fn transaction(
        &mut self,
        operation: &'static str,
        target: &str,
        sql: &str,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let done = run(&mut self.session, operation, target, sql, deadline).await;
        if done.is_err() {
            // If this fails, the server rolls back when the session ends.
            drop(run(&mut self.session, "roll back", "the transaction", "ROLLBACK", deadline).await);
        }
        done
    }

    /// Comment of the owner roles of this installation.
    pub(crate) fn mark(&self) -> String {
        format!("{MARK} {}", self.installation)
    }

    pub(crate) fn foreign(&self, name: &GoldenName, reason: String) -> GoldenError {
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

fn state(row: &NameRow, owner: &str, mark: &str) -> GoldenState {
    let foreign = |reason: String| GoldenState::Foreign { reason };
    match (row.owner_exists, row.database_exists) {
        (false, false) => GoldenState::Absent,
        (false, true) => foreign(format!("role `{owner}` does not exist")),
        (true, _) if row.owner_comment.as_deref() != Some(mark) => {
            foreign(format!("role `{owner}` does not have the comment `{mark}`"))
        }
        (true, true) if row.database_owner.as_deref() != Some(owner) => {
            foreign(format!("it does not belong to role `{owner}`"))
        }
        (true, _) => match row.database_comment.as_deref().unwrap_or_default() {
            "" => GoldenState::Unfinished,
            comment => match GoldenFacts::of_comment(comment) {
                Some(facts) => GoldenState::Finished(facts),
                // Never treated as unfinished, which would remove it.
                None => foreign("its comment is not that of a golden database of this version".to_owned()),
            },
        },
    }
}

impl fmt::Display for GoldenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
