//! Clones of an installation: their list, and the removal of unfinished ones.

use eod_clients::{Deadline, Error};
use eod_golden::rows;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    clone_error::CloneError,
    mark::{CLONE, CloneFacts, CloneMark, CloneOwner},
    name::CloneName,
    server::{CloneServer, CloneState},
};

/// A clone that [`CloneServer::prune`] removes or has removed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PrunedClone {
    /// Database.
    pub database: String,
    /// Environment.
    pub environment: String,
    /// True if it was removed.
    pub removed: bool,
    /// Error of the removal; none if it was removed, or in a dry run.
    pub error: Option<String>,
}

/// A clone on the server.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ListedClone {
    /// Database.
    pub database: String,
    /// Environment.
    pub environment: String,
    /// Golden database.
    pub golden: String,
    /// Version of the golden database.
    pub golden_version: String,
    /// Time of the create.
    pub begun_at: Timestamp,
    /// Time of the opening; none if the clone is not open.
    pub opened_at: Option<Timestamp>,
    /// Size in bytes, with blocks that are shared with the golden database; none if it is unknown.
    pub bytes: Option<u64>,
    /// Number of sessions now.
    pub sessions: u64,
}

#[derive(Deserialize)]
struct ListedRow {
    owner: String,
    mark: String,
    comment: Option<String>,
    bytes: Option<u64>,
    sessions: u64,
}

const CLONES: &str = "\
SELECT r.rolname AS owner, shobj_description(r.oid, 'pg_authid') AS mark, shobj_description(d.oid, 'pg_database') AS comment,
       CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) END AS bytes,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid) AS sessions
FROM pg_roles r LEFT JOIN pg_database d ON d.datdba = r.oid
WHERE starts_with(shobj_description(r.oid, 'pg_authid'), $1) ORDER BY owner";

impl CloneServer {
    /// All clones of the installation, by name, also unfinished ones.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn list(&mut self, deadline: &Deadline) -> Result<Vec<ListedClone>, Error> {
        let found: Vec<ListedRow> = rows(self.session(), "the clones", CLONES, &[&CLONE], deadline).await?;
        let installation = &self.installation;
        let listed = |row: ListedRow| {
            let mark = CloneMark::of_comment(&row.mark).filter(|mark| mark.owner.installation == *installation)?;
            let facts = row.comment.as_deref().and_then(CloneFacts::of_comment);
            Some(ListedClone {
                database: CloneName::of_owner(&row.owner)?.as_str().to_owned(),
                environment: mark.owner.environment.to_string(),
                golden: mark.golden,
                golden_version: mark.golden_version,
                begun_at: mark.begun_at,
                opened_at: facts.map(|facts| facts.opened_at),
                bytes: row.bytes,
                sessions: row.sessions,
            })
        };
        Ok(found.into_iter().filter_map(listed).collect())
    }

    /// Removes clones whose create was interrupted. A create that runs has the lock of its clone, which is kept. A dry run lists
    /// them only.
    ///
    /// # Errors
    ///
    /// The list failed. Clones that cannot be removed have their error in the result.
    pub async fn prune(&mut self, is_dry_run: bool, deadline: &Deadline) -> Result<Vec<PrunedClone>, Error> {
        let unfinished = self.list(deadline).await?.into_iter().filter(|clone| clone.opened_at.is_none());
        let mut pruned = Vec::new();
        for ListedClone { database, environment, .. } in unfinished {
            let mut entry = PrunedClone { database, environment, removed: false, error: None };
            if !is_dry_run {
                match self.remove_unfinished(&entry, deadline).await {
                    Ok(true) => entry.removed = true,
                    Ok(false) | Err(CloneError::Busy(_)) => continue,
                    Err(error) => entry.error = Some(error.chain()),
                }
            }
            pruned.push(entry);
        }
        Ok(pruned)
    }

    /// Removes a clone if it is still unfinished. False if it is not.
    async fn remove_unfinished(&mut self, entry: &PrunedClone, deadline: &Deadline) -> Result<bool, CloneError> {
        let (Ok(name), Ok(environment)) = (entry.database.parse(), entry.environment.parse()) else { return Ok(false) };
        let owner = CloneOwner { environment, installation: self.installation.clone() };
        self.lock(&name, deadline).await?;
        let CloneState::Unfinished(_) = self.look(&name, &owner, deadline).await? else { return Ok(false) };
        self.remove_all(&name, deadline).await?;
        Ok(true)
    }
}
