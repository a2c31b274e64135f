//! Removal of a schema with its login and all that the login owns in the database.

use std::time::Duration;

use eod_clients::Deadline;
use eod_domain::Nonce;
use eod_golden::{quoted_name, rows, transaction};
use serde::Deserialize;

use super::{SchemaServer, SchemaState};
use crate::{
    clone_error::CloneError,
    mark::{CloneOwner, login_mark},
    name::CloneName,
};

/// Pause between two looks at the sessions.
const PAUSE: Duration = Duration::from_millis(20);
/// Time limit for the end of sessions.
const END: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct SchemaHolderRow {
    text: String,
}

/// Logins of a schema.
const LOGINS: &str = "\
SELECT rolname AS text FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = $1
  OR starts_with(shobj_description(oid, 'pg_authid'), $1 || ' ') ORDER BY rolname";

/// Ends sessions of roles, and describes them.
const SESSIONS: &str = "\
SELECT 'a session of role `' || usename || '` (process ' || pid || ')' AS text, pg_terminate_backend(pid) AS is_ended
FROM pg_stat_activity WHERE usename = ANY ($1) ORDER BY pid";

/// Prepared transactions of roles, which hold their locks.
const PREPARED: &str = "\
SELECT 'the prepared transaction `' || gid || '` of role `' || owner || '`' AS text
FROM pg_prepared_xacts WHERE owner = ANY ($1) AND database = current_database() ORDER BY gid";

impl SchemaServer {
    /// Removes a schema with all its objects, then its login and its owner role. One that does not exist is removed already.
    /// With a nonce, only the schema of that run is removed.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The schema is closed; a later call continues.
    pub async fn destroy(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: Option<&Nonce>,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.lock(name, deadline).await?;
        let (mark, is_open) = match self.look(name, owner, deadline).await? {
            SchemaState::Absent => return Ok(()),
            SchemaState::Closed(mark) => (mark, false),
            SchemaState::Open(mark, _) => (mark, true),
            SchemaState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
        };
        if nonce.is_some_and(|nonce| mark.nonce != nonce.as_str()) {
            return Err(CloneError::Successor(name.clone()));
        }
        if is_open {
            self.close(name, deadline).await?;
        }
        self.remove_all(name, deadline).await
    }

    /// Takes the right to log in, and the comment of an open schema.
    async fn close(&mut self, name: &CloneName, deadline: &Deadline) -> Result<(), CloneError> {
        let mut statements = vec!["BEGIN".to_owned()];
        for login in self.logins(name, deadline).await? {
            statements.push(format!("ALTER ROLE {} NOLOGIN", quoted_name(&login)));
        }
        statements.push(format!("COMMENT ON SCHEMA {} IS NULL", quoted_name(name.as_str())));
        statements.push("COMMIT".to_owned());
        let sql = statements.join("; ");
        Ok(transaction(&mut self.session, "close", &format!("schema `{name}`"), &sql, deadline).await?)
    }

    /// Removes everything with the name of a schema. The caller has the lock, has checked the mark and has closed the schema.
    pub(super) async fn remove_all(&mut self, name: &CloneName, deadline: &Deadline) -> Result<(), CloneError> {
        let logins = self.logins(name, deadline).await?;
        self.end_sessions(name, &logins, deadline).await?;
        let owner = quoted_name(&name.owner());
        let mut statements =
            vec!["BEGIN".to_owned(), format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted_name(name.as_str()))];
        for login in logins.iter().map(|login| quoted_name(login)) {
            // Objects in other schemas, large objects, and privileges such as CONNECT.
            statements.push(format!("DROP OWNED BY {login} CASCADE"));
            statements.push(format!("DROP ROLE {login}"));
        }
        statements.push(format!("DROP OWNED BY {owner}"));
        statements.push(format!("DROP ROLE {owner}"));
        statements.push("COMMIT".to_owned());
        let sql = statements.join("; ");
        Ok(transaction(&mut self.session, "remove", &format!("schema `{name}`"), &sql, deadline).await?)
    }

    async fn logins(&mut self, name: &CloneName, deadline: &Deadline) -> Result<Vec<String>, CloneError> {
        let (mark, target) = (login_mark(name, &self.installation), format!("the logins of schema `{name}`"));
        let found: Vec<SchemaHolderRow> = rows(&mut self.session, &target, LOGINS, &[&mark.as_str()], deadline).await?;
        Ok(found.into_iter().map(|row| row.text).collect())
    }

    /// Ends the sessions of the logins and waits for their end. Prepared transactions hold their locks until a person ends them.
    pub(super) async fn end_sessions(
        &mut self,
        name: &CloneName,
        logins: &[String],
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        let target = format!("the sessions of schema `{name}`");
        let held = |found: Vec<SchemaHolderRow>| CloneError::Held {
            name: name.clone(),
            by: found.into_iter().map(|row| row.text).collect(),
        };
        let found: Vec<SchemaHolderRow> = rows(&mut self.session, &target, PREPARED, &[&logins], deadline).await?;
        if !found.is_empty() {
            return Err(held(found));
        }
        let patience = deadline.at_most(END);
        loop {
            let found: Vec<SchemaHolderRow> = rows(&mut self.session, &target, SESSIONS, &[&logins], deadline).await?;
            if found.is_empty() {
                return Ok(());
            }
            if patience.pause(PAUSE).await.is_err() {
                return Err(held(found));
            }
        }
    }
}
