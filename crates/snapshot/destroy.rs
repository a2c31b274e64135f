//! Removal of a clone.

use eod_clients::{Deadline, Error};
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

/// Login roles of a clone, temporary ones included, by their comment.
const LOGINS: &str = "\
SELECT rolname AS text FROM pg_catalog.pg_roles
WHERE pg_catalog.shobj_description(oid, 'pg_authid') = $1
   OR pg_catalog.starts_with(pg_catalog.shobj_description(oid, 'pg_authid'), $2) ORDER BY rolname";

impl CloneServer {
    /// Removes a clone, also a kept one: the database with its sessions, its logins, and the owner role last. A clone that does
    /// not exist is removed already. With a nonce, only the clone of that run is removed.
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
            CloneState::Unfinished(mark)
            | CloneState::Open(mark, _)
            | CloneState::Keeping(mark, _)
            | CloneState::Kept(mark, _) => mark,
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

    /// Login roles of a clone.
    pub(crate) async fn logins(&mut self, name: &CloneName, deadline: &Deadline) -> Result<Vec<String>, Error> {
        let mark = login_mark(name, &self.installation);
        let (target, temporary) = (format!("the logins of database `{name}`"), format!("{mark} "));
        let marks = [mark.as_str(), temporary.as_str()];
        let found: Vec<TextRow> = rows(self.session(), &target, LOGINS, &[&marks[0], &marks[1]], deadline).await?;
        Ok(found.into_iter().map(|row| row.text).collect())
    }
}
