//! Databases that are marked and closed from their first statement on.
//!
//! First there is an owner role with the mark as its comment, then the database with `ALLOW_CONNECTIONS false` in the statement
//! that creates it, then one transaction revokes the privileges of PUBLIC and admits members of the owner role. As long as the
//! database exists, the mark of its owner identifies it; so the owner role is created first and removed last.

use eod_clients::{Deadline, Error, ErrorKind, postgres::PostgresSession};
use serde::Deserialize;

use crate::sql::{quoted_name, quoted_text, rows, run};

/// Database that a marked database is created from.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseTemplate<'a> {
    /// Name of the template.
    pub name: &'a str,
    /// Options of `CREATE DATABASE` for encoding and collation; empty for those of the template.
    pub locale: &'a str,
}

/// Names of a database and of its owner role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MarkedDatabase {
    /// Database.
    pub name: String,
    /// Owner role. It cannot log in.
    pub owner: String,
    /// Noun for errors, with the name.
    pub described: String,
}

/// State of the two names on a server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MarkedState {
    /// Neither the database nor the owner role exists.
    Absent,
    /// The owner role exists and has a mark. The database belongs to it, or does not exist.
    Marked(MarkedFacts),
    /// The database or the role has no mark, or they do not belong together.
    Foreign {
        /// Reason.
        reason: String,
    },
}

/// Comments of a marked database.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MarkedFacts {
    /// Comment of the owner role.
    pub mark: String,
    /// True if the database exists.
    pub exists: bool,
    /// Comment of the database; empty if it has none.
    pub comment: String,
    /// True if roles can connect to the database.
    pub is_open: bool,
}

#[derive(Deserialize)]
struct MarkedRow {
    owner_exists: bool,
    owner_comment: Option<String>,
    database_exists: bool,
    database_owner: Option<String>,
    database_comment: Option<String>,
    is_open: Option<bool>,
}

/// A database whose removal was interrupted cannot be used any more, so its comment does not count.
const LOOK: &str = "\
SELECT r.oid IS NOT NULL AS owner_exists, shobj_description(r.oid, 'pg_authid') AS owner_comment,
       d.oid IS NOT NULL AS database_exists, pg_get_userbyid(d.datdba) AS database_owner,
       CASE WHEN d.datconnlimit <> -2 THEN shobj_description(d.oid, 'pg_database') END AS database_comment,
       d.datallowconn AS is_open
FROM (SELECT) x LEFT JOIN pg_roles r ON r.rolname = $2 LEFT JOIN pg_database d ON d.datname = $1";

impl MarkedDatabase {
    /// Reads the state of the names, from a session in another database.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn look(&self, session: &mut PostgresSession, deadline: &Deadline) -> Result<MarkedState, Error> {
        let names: [&str; 2] = [&self.name, &self.owner];
        let found: Vec<MarkedRow> = rows(session, &self.described, LOOK, &[&names[0], &names[1]], deadline).await?;
        Ok(found.into_iter().next().map_or(MarkedState::Absent, |row| self.state(row)))
    }

    fn state(&self, row: MarkedRow) -> MarkedState {
        let owner = &self.owner;
        let reason = match (row.owner_exists, row.database_exists, row.owner_comment) {
            (false, false, _) => return MarkedState::Absent,
            (false, true, _) => format!("role `{owner}` does not exist"),
            (true, _, None) => format!("role `{owner}` has no mark of EoD as its comment"),
            (true, true, Some(_)) if row.database_owner.as_deref() != Some(owner) => {
                format!("it does not belong to role `{owner}`")
            }
            (true, exists, Some(mark)) => {
                let comment = row.database_comment.unwrap_or_default();
                let is_open = row.is_open.unwrap_or(false);
                return MarkedState::Marked(MarkedFacts { mark, exists, comment, is_open });
            }
        };
        MarkedState::Foreign { reason }
    }

    /// Creates owner role and database, and admits only members of the owner role: this role and superusers.
    ///
    /// # Errors
    ///
    /// A statement failed. Whatever was created is marked, and the database is closed or admits only these members.
    pub async fn create(
        &self,
        session: &mut PostgresSession,
        mark: &str,
        template: DatabaseTemplate<'_>,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let (database, owner) = (quoted_name(&self.name), quoted_name(&self.owner));
        let mark = quoted_text(mark);
        let role = format!(
            "BEGIN; CREATE ROLE {owner} NOLOGIN; COMMENT ON ROLE {owner} IS {mark}; GRANT {owner} TO CURRENT_USER; COMMIT"
        );
        transaction(session, "create", &self.role_target(), &role, deadline).await?;
        // FILE_COPY needs no WAL for the rows; the server may share blocks with it.
        let create = format!(
            "CREATE DATABASE {database} OWNER {owner} TEMPLATE {} {} STRATEGY FILE_COPY ALLOW_CONNECTIONS false",
            quoted_name(template.name),
            template.locale
        );
        run(session, "create", &self.described, &create, deadline).await?;
        let admit = format!(
            "BEGIN; REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC; \
             ALTER DATABASE {database} ALLOW_CONNECTIONS true; COMMIT"
        );
        transaction(session, "admit the builder to", &self.described, &admit, deadline).await
    }

    /// Removes the database with its sessions, then the owner role. Each of them may be gone already.
    ///
    /// # Errors
    ///
    /// A statement failed. A later call continues.
    pub async fn remove(&self, session: &mut PostgresSession, deadline: &Deadline) -> Result<(), Error> {
        self.remove_database(session, deadline).await?;
        self.remove_owner(session, deadline).await
    }

    /// Removes the database with its sessions.
    ///
    /// # Errors
    ///
    /// A statement failed: a prepared transaction, a replication slot or a session of a superuser can hold the database.
    pub async fn remove_database(&self, session: &mut PostgresSession, deadline: &Deadline) -> Result<(), Error> {
        let drop_it = format!("DROP DATABASE IF EXISTS {}", quoted_name(&self.name));
        let forced = format!("{drop_it} WITH (FORCE)");
        match run(session, "remove", &self.described, &forced, deadline).await {
            // A role that is not superuser cannot end a process of a superuser, for example after a refused
            // login. Without FORCE the server waits 5 s for its end.
            Err(error) if error.kind == ErrorKind::Denied => {
                run(session, "remove", &self.described, &drop_it, deadline).await
            }
            done => done,
        }
    }

    /// Removes the owner role.
    ///
    /// # Errors
    ///
    /// The statement failed: the role owns a database or objects.
    pub async fn remove_owner(&self, session: &mut PostgresSession, deadline: &Deadline) -> Result<(), Error> {
        let role = format!("DROP ROLE IF EXISTS {}", quoted_name(&self.owner));
        run(session, "remove", &self.role_target(), &role, deadline).await
    }

    fn role_target(&self) -> String {
        format!("role `{}`", self.owner)
    }
}

/// Runs statements that begin and end a transaction, and rolls back if one fails.
///
/// # Errors
///
/// A statement failed.
pub async fn transaction(
    session: &mut PostgresSession,
    operation: &'static str,
    target: &str,
    sql: &str,
    deadline: &Deadline,
) -> Result<(), Error> {
    let done = run(session, operation, target, sql, deadline).await;
    if done.is_err() {
        // If this fails, the server rolls back when the session ends.
        drop(run(session, "roll back", "the transaction", "ROLLBACK", deadline).await);
    }
    done
}

#[cfg(test)]
mod tests;
