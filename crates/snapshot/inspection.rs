//! Clones of an installation as they are on the server: one query for all of them.

use std::collections::BTreeMap;

use eod_clients::{Deadline, Error};
use eod_golden::rows;
use serde::Deserialize;

use crate::{
    mark::{CLONE, CloneFacts, CloneMark},
    name::CloneName,
    server::CloneServer,
};

/// A clone and the access to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InspectedClone {
    /// Mark.
    pub mark: CloneMark,
    /// Facts of the opening; none if the clone was not opened, or its database does not exist.
    pub facts: Option<CloneFacts>,
    /// Access to the database; none if the database does not exist or its removal was interrupted.
    pub access: Option<CloneAccess>,
}

/// Access to the database of a clone.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct CloneAccess {
    /// True if the database admits connections.
    pub is_open: bool,
    /// True if the login role exists and can log in.
    pub has_login: bool,
    /// True if the login role has CONNECT on the database.
    pub can_connect: bool,
    /// True if every role of the server has CONNECT on the database.
    pub is_public: bool,
}

#[derive(Deserialize)]
struct InspectedRow {
    owner: String,
    mark: String,
    comment: Option<String>,
    exists: bool,
    #[serde(flatten)]
    access: CloneAccess,
}

/// A database with the connection limit -2 is one whose removal was interrupted.
const INSPECT: &str = "\
SELECT r.rolname AS owner, shobj_description(r.oid, 'pg_authid') AS mark, shobj_description(d.oid, 'pg_database') AS comment,
       d.oid IS NOT NULL AND d.datconnlimit <> -2 AS exists, COALESCE(d.datallowconn AND d.datconnlimit <> 0, false) AS is_open,
       COALESCE(l.rolcanlogin, false) AS has_login,
       COALESCE(has_database_privilege(l.oid, d.oid, 'CONNECT'), false) AS can_connect,
       COALESCE(has_database_privilege('public', d.oid, 'CONNECT'), false) AS is_public
FROM pg_roles r
LEFT JOIN pg_database d ON d.datname = left(r.rolname::text, -6) AND d.datdba = r.oid
LEFT JOIN pg_roles l ON l.rolname = left(r.rolname::text, -6) || '_app'
WHERE starts_with(shobj_description(r.oid, 'pg_authid'), $1) ORDER BY owner";

impl CloneServer {
    /// All clones of the installation by name, also unfinished ones.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn inspect(&mut self, deadline: &Deadline) -> Result<BTreeMap<CloneName, InspectedClone>, Error> {
        let found: Vec<InspectedRow> = rows(self.session(), "the clones", INSPECT, &[&CLONE], deadline).await?;
        let installation = &self.installation;
        let inspected = |row: InspectedRow| {
            let mark = CloneMark::of_comment(&row.mark).filter(|mark| mark.owner.installation == *installation)?;
            let facts = row.comment.as_deref().filter(|_| row.exists).and_then(CloneFacts::of_comment);
            let access = row.exists.then_some(row.access);
            Some((CloneName::of_owner(&row.owner)?, InspectedClone { mark, facts, access }))
        };
        Ok(found.into_iter().filter_map(inspected).collect())
    }
}
