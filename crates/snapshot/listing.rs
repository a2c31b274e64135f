//! List of the clones of an installation.

use eod_clients::{Deadline, Error};
use eod_golden::rows;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    mark::{CLONE, CloneFacts, CloneMark},
    name::CloneName,
    server::CloneServer,
};

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
}
