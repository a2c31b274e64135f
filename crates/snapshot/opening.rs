//! Opening of a clone, and its password.

use eod_clients::Deadline;
use eod_golden::{quoted_name, quoted_text, rows, run, transaction};
use serde::Deserialize;

use crate::{
    clone_error::CloneError,
    login_role::login_statements,
    mark::{CloneFacts, CloneOwner, login_mark},
    name::CloneName,
    password::ClonePassword,
    server::{CloneServer, CloneState},
};

#[derive(Deserialize)]
struct AdmittedRow {
    text: String,
}

/// Privileges on a database of others than its owner, and members of the owner role that are not this role.
const ADMITTED: &str = "\
SELECT 'a privilege of ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE 'role `' || pg_get_userbyid(a.grantee) || '`' END AS text
FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
WHERE d.datname = $1 AND a.grantee <> d.datdba
UNION
SELECT 'the membership of role `' || pg_get_userbyid(m.member) || '` in role `' || pg_get_userbyid(m.roleid) || '`'
FROM pg_auth_members m JOIN pg_database d ON d.datdba = m.roleid
WHERE d.datname = $1 AND pg_get_userbyid(m.member) <> current_user
ORDER BY text";

impl CloneServer {
    /// Creates the login role and admits it, in one transaction. The login acts as the role of the objects in this database, so
    /// that migrations can alter tables. CONNECT is for the login alone: all logins are members of the role of the objects.
    /// A clone that somebody else could enter before is not opened.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The clone stays closed.
    pub async fn open(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<CloneFacts, CloneError> {
        self.lock(name, deadline).await?;
        let mark = match self.look(name, owner, deadline).await? {
            CloneState::Unfinished(mark) => mark,
            CloneState::Absent => return Err(CloneError::NotBegun(name.clone())),
            CloneState::Open(..) => return Err(CloneError::Exists(name.clone())),
            CloneState::Keeping(..) | CloneState::Kept(..) => return Err(CloneError::Closed(name.clone())),
            CloneState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
        };
        let objects = mark.objects_role().ok_or_else(|| CloneError::NotBegun(name.clone()))?;
        let target = format!("the privileges on database `{name}`");
        let admitted: Vec<AdmittedRow> = rows(self.session(), &target, ADMITTED, &[&name.as_str()], deadline).await?;
        if !admitted.is_empty() {
            let by = admitted.into_iter().map(|row| row.text).collect();
            return Err(CloneError::Admitted { name: name.clone(), by });
        }
        let facts = CloneFacts { login: name.login(), opened_at: self.goldens.now(deadline).await? };
        let database = quoted_name(name.as_str());
        let mut statements = vec!["BEGIN".to_owned()];
        statements.extend(login_statements(
            name,
            &facts.login,
            &objects,
            &format!("PASSWORD {}", quoted_text(&password.verifier())),
            &login_mark(name, &self.installation),
        ));
        statements.push(format!("GRANT TEMPORARY, CREATE ON DATABASE {database} TO {}", quoted_name(&objects)));
        statements.push(format!("COMMENT ON DATABASE {database} IS {}", quoted_text(&facts.comment())));
        statements.push("COMMIT".to_owned());
        let target = format!("database `{name}`");
        transaction(self.session(), "open", &target, &statements.join("; "), deadline).await?;
        Ok(facts)
    }

    /// Changes the password of the login of an open clone. Sessions stay connected.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The former password stays valid.
    pub async fn set_password(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.lock(name, deadline).await?;
        let facts = match self.look(name, owner, deadline).await? {
            CloneState::Open(_, facts) => facts,
            CloneState::Absent | CloneState::Unfinished(_) => return Err(CloneError::NotBegun(name.clone())),
            CloneState::Keeping(..) | CloneState::Kept(..) => return Err(CloneError::Closed(name.clone())),
            CloneState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
        };
        let verifier = quoted_text(&password.verifier());
        let sql = format!("ALTER ROLE {} PASSWORD {verifier}", quoted_name(&facts.login));
        let target = format!("the password of role `{}`", facts.login);
        Ok(run(self.session(), "change", &target, &sql, deadline).await?)
    }
}
