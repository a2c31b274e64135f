//! Repair of the access to an open clone that was changed by hand.

use eod_clients::{Deadline, Error};
use eod_golden::{quoted_name, quoted_text, rows, transaction};
use serde::Deserialize;

use crate::{
    clone_error::CloneError,
    login_role::login_statements,
    mark::{CloneOwner, login_mark},
    name::CloneName,
    password::ClonePassword,
    server::{CloneServer, CloneState},
};

#[derive(Deserialize)]
struct LoginMarkRow {
    mark: Option<String>,
}

const LOGIN: &str = "SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname = $1";

impl CloneServer {
    /// Gives an open clone the access of its opening again: the database admits connections, only its login has CONNECT, and
    /// the login exists and has this password. Rows are not changed, and sessions stay connected.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The access is unchanged.
    pub async fn repair(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.lock(name, deadline).await?;
        let (mark, login) = match self.look(name, owner, deadline).await? {
            CloneState::Open(mark, facts) => (mark, facts.login),
            CloneState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
            _ => return Err(CloneError::NotBegun(name.clone())),
        };
        let objects = mark.objects_role().ok_or_else(|| CloneError::NotBegun(name.clone()))?;
        let has_login = self.has_login(name, &login, deadline).await?;
        let sql = self.access(name, &login, &objects, has_login, password).join("; ");
        Ok(transaction(self.session(), "repair", &format!("database `{name}`"), &sql, deadline).await?)
    }

    /// True if the login exists.
    async fn has_login(&mut self, name: &CloneName, login: &str, deadline: &Deadline) -> Result<bool, CloneError> {
        let expected = login_mark(name, &self.installation);
        let target = format!("role `{login}`");
        let found: Result<Vec<LoginMarkRow>, Error> = rows(self.session(), &target, LOGIN, &[&login], deadline).await;
        match found?.into_iter().next() {
            None => Ok(false),
            Some(row) if row.mark.as_deref() == Some(&*expected) => Ok(true),
            Some(_) => {
                let reason = format!("role `{login}` is not the login of this clone");
                Err(CloneError::Foreign { name: name.clone(), reason })
            }
        }
    }

    /// Statements of the transaction.
    fn access(
        &self,
        name: &CloneName,
        login: &str,
        objects: &str,
        has_login: bool,
        password: &ClonePassword,
    ) -> Vec<String> {
        let password = format!("PASSWORD {}", quoted_text(&password.verifier()));
        let mark = login_mark(name, &self.installation);
        let [create, comment, member, rest @ ..] = login_statements(name, login, objects, &password, &mark);
        let (database, login, objects) = (quoted_name(name.as_str()), quoted_name(login), quoted_name(objects));
        let mut statements = vec![
            "BEGIN".to_owned(),
            format!("ALTER DATABASE {database} WITH ALLOW_CONNECTIONS true CONNECTION LIMIT -1"),
            format!("REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC"),
        ];
        if has_login {
            statements.push(format!("ALTER ROLE {login} LOGIN {password}"));
        } else {
            statements.extend([create, comment, member]);
        }
        statements.extend(rest);
        statements.push(format!("GRANT TEMPORARY, CREATE ON DATABASE {database} TO {objects}"));
        statements.push("COMMIT".to_owned());
        statements
    }
}
