//! Creation of a schema in one transaction.

use eod_clients::{Deadline, Error};
use eod_domain::Nonce;
use eod_golden::{quoted_name, quoted_text, rows, transaction};
use serde::Deserialize;

use super::{SchemaMark, SchemaServer, SchemaState, open_comment};
use crate::{
    clone_error::CloneError,
    mark::{CloneFacts, CloneOwner, login_mark},
    name::CloneName,
    password::ClonePassword,
};

#[derive(Deserialize)]
struct PublicRow {
    can_connect: bool,
}

const PUBLIC: &str = "SELECT has_database_privilege('public', current_database(), 'CONNECT') AS can_connect";

impl SchemaServer {
    /// Creates an empty schema and its login, which has the schema first in its `search_path`. A schema whose removal was
    /// interrupted is removed first. The lock of the name is held until this value is dropped.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. Nothing was created then.
    pub async fn create_schema(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: &Nonce,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<CloneFacts, CloneError> {
        self.lock(name, deadline).await?;
        match self.look(name, owner, deadline).await? {
            SchemaState::Absent => {}
            SchemaState::Closed(_) => self.remove_all(name, deadline).await?,
            SchemaState::Open(..) => return Err(CloneError::Exists(name.clone())),
            SchemaState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
        }
        let now = self.now(deadline).await?;
        let mark = SchemaMark {
            owner: owner.clone(),
            database: self.database.clone(),
            nonce: nonce.as_str().to_owned(),
            begun_at: now,
        };
        let facts = CloneFacts { login: name.login(), opened_at: now };
        let grants_connect = !self.public_connects(deadline).await?;
        let sql = self.creation(name, &mark, &facts, password, grants_connect).join("; ");
        transaction(&mut self.session, "create", &format!("schema `{name}`"), &sql, deadline).await?;
        Ok(facts)
    }

    /// True if every role may connect to the shared database.
    async fn public_connects(&mut self, deadline: &Deadline) -> Result<bool, Error> {
        let target = format!("the privileges of database `{}`", self.database);
        let found: Vec<PublicRow> = rows(&mut self.session, &target, PUBLIC, &[], deadline).await?;
        Ok(found.first().is_some_and(|row| row.can_connect))
    }

    /// Statements of the transaction.
    fn creation(
        &self,
        name: &CloneName,
        mark: &SchemaMark,
        facts: &CloneFacts,
        password: &ClonePassword,
        grants_connect: bool,
    ) -> Vec<String> {
        let (schema, owner) = (quoted_name(name.as_str()), quoted_name(&name.owner()));
        let (login, database) = (quoted_name(&facts.login), quoted_name(&self.database));
        let login_mark = login_mark(name, &self.installation);
        let mut statements = vec![
            "BEGIN".to_owned(),
            format!("CREATE ROLE {owner} NOLOGIN"),
            format!("COMMENT ON ROLE {owner} IS {}", quoted_text(&mark.comment())),
            format!("GRANT {owner} TO CURRENT_USER"),
            format!("CREATE SCHEMA {schema} AUTHORIZATION {owner}"),
            format!("CREATE ROLE {login} LOGIN PASSWORD {}", quoted_text(&password.verifier())),
            format!("COMMENT ON ROLE {login} IS {}", quoted_text(&login_mark)),
            // Without this membership a role that is not superuser could neither end sessions of the login nor remove its objects.
            format!("GRANT {login} TO CURRENT_USER"),
            format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {login}"),
            format!("ALTER ROLE {login} IN DATABASE {database} SET search_path = {schema}, public"),
        ];
        if grants_connect {
            statements.push(format!("GRANT CONNECT ON DATABASE {database} TO {login}"));
        }
        statements.push(format!("COMMENT ON SCHEMA {schema} IS {}", quoted_text(&open_comment(facts))));
        statements.push("COMMIT".to_owned());
        statements
    }
}
