//! Sessions of a clone, and everything else that holds it.

use std::time::Duration;

use eod_clients::{Deadline, Error, ErrorKind};
use eod_golden::rows;
use serde::Deserialize;

use crate::{clone_error::CloneError, name::CloneName, server::CloneServer};

/// Time limit for the end of sessions.
const END: Duration = Duration::from_secs(10);
/// Time limit if this role may not end the sessions that are left: one of them may be a login that is just refused.
const OTHERS_END: Duration = Duration::from_secs(1);
/// Pause between two looks at the sessions.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
struct HolderRow {
    text: String,
}

#[derive(Deserialize)]
struct EndedRow {
    is_ended: bool,
}

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

/// Ends sessions in a database, or of a role in any database. Only a superuser can end a session of a superuser, so those are
/// left out for others: an attempt would fail the whole query.
const TERMINATE: &str = "\
SELECT pg_catalog.pg_terminate_backend(a.pid) AS is_ended
FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
WHERE {condition} AND a.pid <> pg_catalog.pg_backend_pid() AND pg_catalog.pg_has_role(r.oid, 'USAGE')
  AND (NOT r.rolsuper OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user))";

/// Sessions of clients.
const SESSIONS: &str = "\
SELECT 'a session of role `' || r.rolname || '` (process ' || a.pid || ')' AS text
FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
WHERE {condition} AND a.pid <> pg_catalog.pg_backend_pid() ORDER BY 1";

/// Sessions to end.
#[derive(Clone, Copy)]
pub(crate) enum EndedSessions<'a> {
    /// All sessions in a database.
    OfDatabase(&'a CloneName),
    /// All sessions of a role.
    OfRole(&'a str),
}

impl EndedSessions<'_> {
    fn query(self, query: &str) -> String {
        let condition = match self {
            Self::OfDatabase(_) => "a.datname = $1",
            Self::OfRole(_) => "a.usename = $1",
        };
        query.replace("{condition}", condition)
    }

    fn name(&self) -> &str {
        match self {
            Self::OfDatabase(name) => name.as_str(),
            Self::OfRole(role) => role,
        }
    }
}

impl CloneServer {
    /// Ends sessions and waits for their end. New ones must be impossible, except for members of the owner and superusers.
    ///
    /// # Errors
    ///
    /// [`CloneError::Held`] if a session did not end within 10 s, for example one of a superuser.
    pub(crate) async fn end_sessions(
        &mut self,
        name: &CloneName,
        which: EndedSessions<'_>,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        let (patience, brief) = (deadline.at_most(END), deadline.at_most(OTHERS_END));
        let (terminate, look) = (which.query(TERMINATE), which.query(SESSIONS));
        let target = format!("the sessions of `{}`", which.name());
        loop {
            let ended: Vec<EndedRow> = rows(self.session(), &target, &terminate, &[&which.name()], deadline).await?;
            let left: Vec<HolderRow> = rows(self.session(), &target, &look, &[&which.name()], deadline).await?;
            if left.is_empty() {
                return Ok(());
            }
            let limit = if ended.iter().any(|row| row.is_ended) { &patience } else { &brief };
            if limit.pause(PAUSE).await.is_err() {
                let by = left.into_iter().map(|row| row.text).collect();
                return Err(CloneError::Held { name: name.clone(), by });
            }
        }
    }

    /// Error with the names of everything that holds the database; the error of the statement if nothing does.
    pub(crate) async fn held(&mut self, name: &CloneName, error: Error, deadline: &Deadline) -> CloneError {
        if !matches!(error.kind, ErrorKind::Conflict | ErrorKind::Denied) {
            return error.into();
        }
        let target = format!("the sessions of database `{name}`");
        let found: Result<Vec<HolderRow>, Error> =
            rows(self.session(), &target, HOLDERS, &[&name.as_str()], deadline).await;
        match found {
            Ok(found) if !found.is_empty() => {
                CloneError::Held { name: name.clone(), by: found.into_iter().map(|row| row.text).collect() }
            }
            _ => error.into(),
        }
    }
}
