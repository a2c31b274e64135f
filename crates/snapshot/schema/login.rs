//! Temporary logins of a schema. They act as the login of the application.

use std::time::Duration;

use eod_clients::Deadline;
use eod_domain::Nonce;
use eod_golden::{quoted_name, quoted_text, rows, run, transaction};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{SchemaServer, SchemaState};
use crate::{
    clone_error::CloneError,
    login::TemporaryLogin,
    login_role::release,
    mark::{CloneOwner, temporary_login, temporary_login_mark},
    name::CloneName,
    password::ClonePassword,
};

#[derive(Deserialize)]
struct SchemaLoginRow {
    comment: Option<String>,
}

const LOGIN: &str = "SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = $1";

impl SchemaServer {
    /// Creates a login of an open schema, in one transaction. The lock of the name is not needed: a removal that runs at the same
    /// time fails one of both.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. There is no login then.
    pub async fn create_login(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: &Nonce,
        password: &ClonePassword,
        valid_for: Duration,
        deadline: &Deadline,
    ) -> Result<TemporaryLogin, CloneError> {
        let facts = match self.look(name, owner, deadline).await? {
            SchemaState::Open(_, facts) => facts,
            SchemaState::Absent | SchemaState::Closed(_) => return Err(CloneError::NotBegun(name.clone())),
            SchemaState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
        };
        let role = name.temporary_login(nonce);
        let valid_for = SignedDuration::try_from(valid_for).unwrap_or(SignedDuration::MAX);
        let valid_until = self.now(deadline).await?.checked_add(valid_for).unwrap_or(Timestamp::MAX);
        let mark = temporary_login_mark(name, &self.installation, valid_until);
        let verifier = quoted_text(&password.verifier());
        let (quoted, login, database) = (quoted_name(&role), quoted_name(&facts.login), quoted_name(&self.database));
        let sql = [
            "BEGIN".to_owned(),
            format!("CREATE ROLE {quoted} LOGIN PASSWORD {verifier} VALID UNTIL '{valid_until}'"),
            format!("COMMENT ON ROLE {quoted} IS {}", quoted_text(&mark)),
            format!("GRANT {quoted} TO CURRENT_USER"),
            // The login also gives it the privilege to connect.
            format!("GRANT {login} TO {quoted}"),
            format!("ALTER ROLE {quoted} IN DATABASE {database} SET role = {login}"),
            format!(
                "ALTER ROLE {quoted} IN DATABASE {database} SET search_path = {}, public",
                quoted_name(name.as_str())
            ),
            "COMMIT".to_owned(),
        ];
        transaction(&mut self.session, "create", &format!("role `{role}`"), &sql.join("; "), deadline).await?;
        Ok(TemporaryLogin { role, valid_until })
    }

    /// Removes a temporary login with its sessions. One that does not exist is removed already. Objects that it has made stay, and
    /// belong to the login of the application.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. A later call or a removal of the schema continues.
    pub async fn close_login(&mut self, name: &CloneName, role: &str, deadline: &Deadline) -> Result<(), CloneError> {
        let (target, quoted) = (format!("role `{role}`"), quoted_name(role));
        let found: Vec<SchemaLoginRow> = rows(&mut self.session, &target, LOGIN, &[&role], deadline).await?;
        let Some(SchemaLoginRow { comment }) = found.into_iter().next() else { return Ok(()) };
        let mark = comment.and_then(|comment| temporary_login(&comment, &self.installation));
        if mark.is_none_or(|(found, _)| found != *name) {
            return Err(CloneError::ForeignLogin { name: name.clone(), role: role.to_owned() });
        }
        run(&mut self.session, "close", &target, &format!("ALTER ROLE {quoted} NOLOGIN"), deadline).await?;
        self.end_sessions(name, &[role.to_owned()], deadline).await?;
        release(&mut self.session, role, &name.login(), deadline).await?;
        Ok(run(&mut self.session, "remove", &target, &format!("DROP ROLE {quoted}"), deadline).await?)
    }
}
