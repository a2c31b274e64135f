//! Schemas of environments in a shared database, for environments that need no rows of production.
//!
//! A schema belongs to a role that cannot log in and has the mark as its comment. The login role of the application may use the
//! schema and create objects in it; it owns these, and neither the schema nor the mark. One transaction creates all of it, so that
//! a create is complete or leaves nothing. A removal first closes the schema, then one transaction removes all of it.
//!
//! Rows are separate. The names of all objects, channels of NOTIFY, advisory locks and extensions are those of the database, which
//! all its schemas share.

mod create;
mod login;
mod remove;

use eod_clients::{
    Deadline, Error, ErrorKind,
    postgres::{Postgres, PostgresSession},
};
use eod_domain::{Installation, Nonce};
use eod_golden::{quoted_name, quoted_text, rows, run};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    clone_error::CloneError,
    engine::{EngineState, EnvironmentEngine},
    mark::{CloneFacts, CloneOwner, json},
    name::CloneName,
    password::ClonePassword,
};

/// First words of the comment of an owner role.
const SCHEMA: &str = "eod schema 1 ";
/// First words of the comment of an open schema.
const OPEN: &str = "eod schema 1 open ";

/// Schemas of one installation in one shared database.
pub struct SchemaServer {
    session: PostgresSession,
    installation: Installation,
    database: String,
}

/// Mark of a schema: the comment of its owner role.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SchemaMark {
    /// Owner.
    #[serde(flatten)]
    pub owner: CloneOwner,
    /// Database. Roles are shared by all databases of a server.
    pub database: String,
    /// Nonce of the run that created the schema: its claim.
    pub nonce: String,
    /// Time of the create, of the server.
    pub begun_at: Timestamp,
}

/// State of the name of a schema.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SchemaState {
    /// Neither schema nor owner role exist.
    Absent,
    /// Marked and closed: it is being removed, or such a run was killed.
    Closed(SchemaMark),
    /// Open.
    Open(SchemaMark, CloneFacts),
    /// The schema or the role belongs to somebody else.
    Foreign {
        /// Reason.
        reason: String,
    },
}

#[derive(Deserialize)]
struct SchemaRow {
    role_exists: bool,
    mark: Option<String>,
    schema_owner: Option<String>,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct PlaceRow {
    database: String,
}

#[derive(Deserialize)]
struct ClockRow {
    now: Timestamp,
}

const PLACE: &str = "SELECT current_database() AS database";

const CLOCK: &str = "SELECT clock_timestamp() AS now";

const LOOK: &str = "\
SELECT r.oid IS NOT NULL AS role_exists, shobj_description(r.oid, 'pg_authid') AS mark,
       pg_get_userbyid(n.nspowner) AS schema_owner, obj_description(n.oid, 'pg_namespace') AS comment
FROM (SELECT) x LEFT JOIN pg_roles r ON r.rolname = $2 LEFT JOIN pg_namespace n ON n.nspname = $1";

impl SchemaServer {
    /// Connects to the shared database.
    ///
    /// # Errors
    ///
    /// See [`Postgres::connect`].
    pub async fn connect(server: &Postgres, installation: &Installation, deadline: &Deadline) -> Result<Self, Error> {
        let mut session = server.connect(deadline).await?;
        let found: Vec<PlaceRow> = rows(&mut session, "the name of the database", PLACE, &[], deadline).await?;
        let database = found.into_iter().next().map(|row| row.database).unwrap_or_default();
        Ok(Self { session, installation: installation.clone(), database })
    }

    /// State of a name for its environment.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn look(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        deadline: &Deadline,
    ) -> Result<SchemaState, Error> {
        let role = name.owner();
        let names = [name.as_str(), role.as_str()];
        let target = format!("schema `{name}`");
        let found: Vec<SchemaRow> = rows(&mut self.session, &target, LOOK, &[&names[0], &names[1]], deadline).await?;
        Ok(found.into_iter().next().map_or(SchemaState::Absent, |row| state(row, &role, owner, &self.database)))
    }

    /// Changes the password of the login of an open schema. Sessions stay connected.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The former password stays valid.
    pub async fn set_password(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.lock(name, deadline).await?;
        let facts = match self.look(name, owner, deadline).await? {
            SchemaState::Open(_, facts) => facts,
            SchemaState::Absent | SchemaState::Closed(_) => return Err(CloneError::NotBegun(name.clone())),
            SchemaState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
        };
        let verifier = quoted_text(&password.verifier());
        let sql = format!("ALTER ROLE {} PASSWORD {verifier}", quoted_name(&facts.login));
        let target = format!("the password of role `{}`", facts.login);
        Ok(run(&mut self.session, "change", &target, &sql, deadline).await?)
    }

    /// Takes the lock of a name, which the session has until it is dropped.
    async fn lock(&mut self, name: &CloneName, deadline: &Deadline) -> Result<(), CloneError> {
        let lock = format!("schema {name}");
        if self.session.try_lock(&lock, deadline).await? { Ok(()) } else { Err(CloneError::Busy(name.clone())) }
    }

    /// Time of the server.
    async fn now(&mut self, deadline: &Deadline) -> Result<Timestamp, Error> {
        let found: Vec<ClockRow> = rows(&mut self.session, "the time", CLOCK, &[], deadline).await?;
        found.first().map(|row| row.now).ok_or_else(|| {
            Error::new("PostgreSQL", "read", "the time", ErrorKind::Other).because("the server has sent no row")
        })
    }
}

impl EnvironmentEngine for SchemaServer {
    type Origin = ();

    async fn state(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        deadline: &Deadline,
    ) -> Result<EngineState, CloneError> {
        Ok(match self.look(name, owner, deadline).await? {
            SchemaState::Absent => EngineState::Absent,
            SchemaState::Closed(_) => EngineState::Closed,
            SchemaState::Open(_, facts) => EngineState::Open(facts),
            SchemaState::Foreign { reason } => EngineState::Foreign { reason },
        })
    }

    async fn create(
        &mut self,
        (): &(),
        name: &CloneName,
        owner: &CloneOwner,
        nonce: &Nonce,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<CloneFacts, CloneError> {
        self.create_schema(name, owner, nonce, password, deadline).await
    }

    async fn change_password(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.set_password(name, owner, password, deadline).await
    }

    async fn remove(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: Option<&Nonce>,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.destroy(name, owner, nonce, deadline).await
    }
}

impl SchemaMark {
    /// Text of the comment.
    fn comment(&self) -> String {
        format!("{SCHEMA}{}", json(self))
    }

    /// Mark of a comment; none if it is not that of a schema.
    fn of_comment(comment: &str) -> Option<Self> {
        serde_json::from_str(comment.strip_prefix(SCHEMA)?).ok()
    }
}

/// Comment of an open schema.
fn open_comment(facts: &CloneFacts) -> String {
    format!("{OPEN}{}", json(facts))
}

fn state(row: SchemaRow, role: &str, owner: &CloneOwner, database: &str) -> SchemaState {
    let SchemaRow { role_exists, mark, schema_owner, comment } = row;
    let foreign = |reason: String| SchemaState::Foreign { reason };
    match (role_exists, &schema_owner) {
        (false, None) => return SchemaState::Absent,
        (false, Some(_)) => return foreign(format!("role `{role}` does not exist")),
        (true, Some(found)) if found != role => return foreign(format!("it does not belong to role `{role}`")),
        (true, _) => {}
    }
    let Some(mark) = mark.as_deref().and_then(SchemaMark::of_comment) else {
        return foreign(format!("role `{role}` does not have the mark of a schema"));
    };
    if mark.owner != *owner {
        let CloneOwner { environment, installation } = &mark.owner;
        return foreign(format!("it belongs to environment `{environment}` of installation `{installation}`"));
    }
    if mark.database != database {
        return foreign(format!("it is in database `{}`", mark.database));
    }
    match comment {
        None => SchemaState::Closed(mark),
        Some(comment) => match comment.strip_prefix(OPEN).and_then(|facts| serde_json::from_str(facts).ok()) {
            Some(facts) => SchemaState::Open(mark, facts),
            // Never treated as closed, which would remove it.
            None => foreign("its comment is not that of a schema of this version".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests;
