//! Removal of a clone.

use eod_clients::{Deadline, Error, ErrorKind};
use eod_domain::Nonce;
use eod_golden::{quoted_name, rows, run};
use serde::Deserialize;

use crate::{
    clone_error::CloneError,
    mark::{CloneOwner, login_mark},
    name::CloneName,
    server::{CloneServer, CloneState, marked},
};

#[derive(Deserialize)]
struct TextRow {
    text: String,
}

/// Login roles of a clone, by their comment.
const LOGINS: &str = "\
SELECT rolname AS text FROM pg_catalog.pg_roles
WHERE pg_catalog.shobj_description(oid, 'pg_authid') = $1 ORDER BY rolname";

/// Descriptions of everything that holds a database.
const HOLDERS: &str = "\
SELECT 'a session of role `' || COALESCE(usename, '') || '` (process ' || pid || ')' AS text
FROM pg_catalog.pg_stat_activity WHERE datname = $1
UNION ALL
SELECT 'the prepared transaction `' || gid || '` of role `' || owner || '`' FROM pg_catalog.pg_prepared_xacts
WHERE database = $1
UNION ALL
SELECT 'the replication slot `' || slot_name || '`' FROM pg_catalog.pg_replication_slots WHERE database = $1
ORDER BY 1";

impl CloneServer {
    /// Removes a clone: the database with its sessions, its logins, and the owner role last. A clone that does not exist is
    /// removed already. With a nonce, only the clone of that run is removed.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. A later call continues.
    pub async fn destroy(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: Option<&Nonce>,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.lock(name, deadline).await?;
        let mark = match self.look(name, owner, deadline).await? {
            CloneState::Absent => return Ok(()),
            CloneState::Unfinished(mark) | CloneState::Open(mark, _) => mark,
            CloneState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
        };
        if nonce.is_some_and(|nonce| !mark.is_of(nonce)) {
            return Err(CloneError::Successor(name.clone()));
        }
        self.remove_all(name, deadline).await
    }

    /// Removes everything with the name of a clone. The caller has the lock and has checked the mark.
    pub(crate) async fn remove_all(&mut self, name: &CloneName, deadline: &Deadline) -> Result<(), CloneError> {
        let database = marked(name);
        if let Err(error) = database.remove_database(self.session(), deadline).await {
            return Err(self.held(name, error, deadline).await);
        }
        for login in self.logins(name, deadline).await? {
            let sql = format!("DROP ROLE IF EXISTS {}", quoted_name(&login));
            run(self.session(), "remove", &format!("role `{login}`"), &sql, deadline).await?;
        }
        Ok(database.remove_owner(self.session(), deadline).await?)
    }

    async fn logins(&mut self, name: &CloneName, deadline: &Deadline) -> Result<Vec<String>, Error> {
        let mark = login_mark(name, &self.installation);
        let target = format!("the logins of database `{name}`");
        let found: Vec<TextRow> = rows(self.session(), &target, LOGINS, &[&mark.as_str()], deadline).await?;
        Ok(found.into_iter().map(|row| row.text).collect())
    }

    /// Error with the names of everything that holds the database; the error of the statement if nothing does.
    async fn held(&mut self, name: &CloneName, error: Error, deadline: &Deadline) -> CloneError {
        if !matches!(error.kind, ErrorKind::Conflict | ErrorKind::Denied) {
            return error.into();
        }
        let target = format!("the sessions of database `{name}`");
        let found: Result<Vec<TextRow>, Error> =
            rows(self.session(), &target, HOLDERS, &[&name.as_str()], deadline).await;
        match found {
            Ok(found) if !found.is_empty() => {
                CloneError::Held { name: name.clone(), by: found.into_iter().map(|row| row.text).collect() }
            }
            _ => error.into(),
        }
    }
}
