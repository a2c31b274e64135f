//! Structure of a golden database: roles, extensions, and what `pg_dump` and `pg_restore` bring from the source.

use std::{collections::BTreeSet, io::Write};

use eod_clients::{
    Deadline, Error, ErrorKind,
    postgres::{Postgres, PostgresSession},
};
use serde::Deserialize;

use crate::{
    birth::{GoldenError, GoldenName, GoldenServer},
    grants::privilege_statements,
    inspection::SourceInspection,
    sql::{quoted_name, quoted_text, rows, run},
    toc::ArchiveEntries,
    tools::{DumpTools, ToolsError},
};

/// Structure that cannot be brought over.
#[derive(Debug, thiserror::Error)]
pub enum StructureError {
    /// Program that has failed.
    #[error(transparent)]
    Tools(#[from] ToolsError),
    /// Name of a role that is in use by somebody else.
    #[error(transparent)]
    Role(#[from] GoldenError),
    /// File that cannot be written.
    #[error("cannot write a temporary file with the list of objects: {0}")]
    File(#[from] std::io::Error),
    /// Extensions that the preview server does not have.
    #[error("the preview server does not have the extensions {}; install their packages", .0.join(", "))]
    Extensions(Vec<String>),
    /// Statement that failed.
    #[error(transparent)]
    Statement(#[from] Error),
}

/// Structure as `pg_dump` has written it. It contains no rows.
pub(crate) struct DumpedStructure {
    archive: Vec<u8>,
    entries: ArchiveEntries,
    /// Names of what was left out.
    pub(crate) removed: Vec<String>,
}

/// Privileges that were restored, and those that were not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct RestoredPrivileges {
    /// Number of statements.
    pub(crate) restored: usize,
    /// Statements that were left out: for roles that the policy does not list, or refused by the server.
    pub(crate) left_out: Vec<String>,
}

#[derive(Deserialize)]
struct RoleRow {
    name: String,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct AvailableRow {
    name: String,
}

#[derive(Deserialize)]
struct SuperuserRow {
    is_superuser: bool,
}

const ROLES: &str = "\
SELECT rolname AS name, shobj_description(oid, 'pg_authid') AS comment FROM pg_roles
WHERE rolname = ANY (string_to_array($1, E'\\n'))";

const AVAILABLE: &str = "SELECT name FROM pg_available_extensions";

const SUPERUSER: &str = "SELECT rolsuper AS is_superuser FROM pg_roles WHERE rolname = current_user";

impl GoldenServer {
    /// Creates the role that owns all objects of a golden database, and the roles of the policy that do not exist, which
    /// cannot log in.
    ///
    /// # Errors
    ///
    /// The objects' role belongs to somebody else, or a statement failed.
    pub(crate) async fn create_roles(
        &mut self,
        name: &GoldenName,
        roles: &[String],
        deadline: &Deadline,
    ) -> Result<(), GoldenError> {
        let objects = name.objects_role();
        let mark = format!("{} objects", self.mark());
        let mut wanted = roles.to_vec();
        wanted.push(objects.clone());
        let list = wanted.join("\n");
        let found: Vec<RoleRow> = rows(&mut self.session, "the roles", ROLES, &[&list.as_str()], deadline).await?;
        if let Some(role) = found.iter().find(|role| role.name == objects)
            && role.comment.as_deref() != Some(&mark)
        {
            let reason = format!("role `{objects}` does not have the comment `{mark}`");
            return Err(self.foreign(name, reason));
        }
        for role in wanted {
            if found.iter().any(|found| found.name == role) {
                continue;
            }
            let comment = if role == objects { mark.clone() } else { format!("{} role", self.mark()) };
            let quoted = quoted_name(&role);
            let mut sql =
                format!("BEGIN; CREATE ROLE {quoted} NOLOGIN; COMMENT ON ROLE {quoted} IS {}", quoted_text(&comment));
            if role == objects {
                sql.push_str(&format!("; GRANT {quoted} TO CURRENT_USER"));
            }
            sql.push_str("; COMMIT");
            self.transaction("create", &format!("role `{role}`"), &sql, deadline).await?;
        }
        // A role of an earlier build may have been made by another user.
        if found.iter().any(|found| found.name == objects) {
            let sql = format!("GRANT {} TO CURRENT_USER", quoted_name(&objects));
            run(&mut self.session, "join", &format!("role `{objects}`"), &sql, deadline).await?;
        }
        Ok(())
    }

    /// Names of extensions that the server does not have.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub(crate) async fn missing_extensions(
        &mut self,
        inspection: &SourceInspection,
        deadline: &Deadline,
    ) -> Result<Vec<String>, Error> {
        let found: Vec<AvailableRow> = rows(&mut self.session, "the extensions", AVAILABLE, &[], deadline).await?;
        let known: BTreeSet<_> = found.into_iter().map(|row| row.name).collect();
        let names = inspection.extensions.iter().map(|extension| extension.name.clone());
        Ok(names.filter(|name| !known.contains(name)).collect())
    }

    /// True if the session is a superuser's.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub(crate) async fn is_superuser(&mut self, deadline: &Deadline) -> Result<bool, Error> {
        let found: Vec<SuperuserRow> = rows(&mut self.session, "the role", SUPERUSER, &[], deadline).await?;
        Ok(found.first().is_some_and(|row| row.is_superuser))
    }
}

impl DumpedStructure {
    /// Reads the structure of the source in a snapshot.
    ///
    /// # Errors
    ///
    /// [`StructureError`].
    pub(crate) async fn dump(
        tools: &DumpTools,
        source: &Postgres,
        snapshot: &str,
        inspection: &SourceInspection,
        is_superuser: bool,
        deadline: &Deadline,
    ) -> Result<Self, StructureError> {
        let snapshot = format!("--snapshot={snapshot}");
        let arguments = [
            "--schema-only",
            "--format=custom",
            "--no-subscriptions",
            "--no-security-labels",
            "--no-password",
            &snapshot,
        ];
        let archive = tools.dump(source.access(), &arguments, deadline).await?;
        let list = tools.restore(None, &["--list"], &archive, deadline).await?;
        let wide = inspection.wide_publications.iter().map(|(object, _)| *object).collect();
        let schemas = inspection.extensions.iter().map(|extension| (NAMESPACES, extension.schema_oid)).collect();
        let list = String::from_utf8_lossy(&list);
        let mut entries = ArchiveEntries::choose(&list, &inspection.removed, &schemas, &wide);
        let mut removed = inspection.removed_names.clone();
        if !is_superuser && !entries.superuser.is_empty() {
            entries.superuser.clear();
            let names = inspection.wide_publications.iter().map(|(_, name)| format!("publication {name}"));
            removed.extend(names);
        }
        Ok(Self { archive, entries, removed })
    }

    /// Restores the structure into a database that was just born. All objects belong to the objects' role.
    ///
    /// # Errors
    ///
    /// [`StructureError`].
    pub(crate) async fn restore(
        &self,
        tools: &DumpTools,
        target: &Postgres,
        name: &GoldenName,
        inspection: &SourceInspection,
        deadline: &Deadline,
    ) -> Result<(), StructureError> {
        let mut session = target.connect(deadline).await?;
        prepare(&mut session, target.access().database(), &name.objects_role(), inspection, deadline).await?;
        session.close(deadline).await?;
        let list = list_file(&self.entries.structure)?;
        let role = format!("--role={}", name.objects_role());
        let list = format!("--use-list={}", list.path().display());
        let database = format!("--dbname={}", target.access().database());
        let arguments = [
            "--no-owner",
            "--no-privileges",
            "--no-tablespaces",
            "--exit-on-error",
            "--single-transaction",
            "--no-password",
            &role,
            &list,
            &database,
        ];
        tools.restore(Some(target.access()), &arguments, &self.archive, deadline).await?;
        if !self.entries.superuser.is_empty() {
            let list = list_file(&self.entries.superuser)?;
            let list = format!("--use-list={}", list.path().display());
            let arguments =
                ["--no-owner", "--exit-on-error", "--single-transaction", "--no-password", &list, &database];
            tools.restore(Some(target.access()), &arguments, &self.archive, deadline).await?;
        }
        Ok(())
    }

    /// Restores the privileges of roles that exist: PUBLIC, the roles of the policy and the predefined roles.
    ///
    /// # Errors
    ///
    /// [`StructureError`]. Statements that the server refuses are in the result.
    pub(crate) async fn restore_privileges(
        &self,
        tools: &DumpTools,
        session: &mut PostgresSession,
        name: &GoldenName,
        roles: &[String],
        deadline: &Deadline,
    ) -> Result<RestoredPrivileges, StructureError> {
        let mut result = RestoredPrivileges::default();
        if self.entries.privileges.is_empty() {
            return Ok(result);
        }
        let list = list_file(&self.entries.privileges)?;
        let list = format!("--use-list={}", list.path().display());
        let script = tools.restore(None, &["--no-owner", &list, "--file=-"], &self.archive, deadline).await?;
        let objects = name.objects_role();
        for statement in privilege_statements(&String::from_utf8_lossy(&script), &objects) {
            let is_known = |role: &String| roles.contains(role) || role.starts_with("pg_");
            // A golden database is opened by its build alone.
            let is_allowed = statement.role.as_ref().is_none_or(is_known) && !statement.sql.contains(" ON DATABASE ");
            if is_allowed {
                let sql = format!("SET ROLE {}; {}; RESET ROLE", quoted_name(&objects), statement.sql);
                match run(session, "restore", "privileges", &sql, deadline).await {
                    Ok(()) => result.restored += 1,
                    Err(error)
                        if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Invalid) =>
                    {
                        run(session, "restore", "the role", "RESET ROLE", deadline).await?;
                        result.left_out.push(statement.sql);
                    }
                    Err(error) => return Err(error.into()),
                }
            } else {
                result.left_out.push(statement.sql);
            }
        }
        Ok(result)
    }
}

/// Object id of the catalogue `pg_namespace`, which is fixed.
const NAMESPACES: u32 = 2615;

/// Creates the schemas of extensions and the extensions, and makes the objects' role the owner of the schemas.
async fn prepare(
    session: &mut PostgresSession,
    database: &str,
    objects: &str,
    inspection: &SourceInspection,
    deadline: &Deadline,
) -> Result<(), Error> {
    let (role, database) = (quoted_name(objects), quoted_name(database));
    let owner = format!("GRANT CREATE ON DATABASE {database} TO {role}; ALTER SCHEMA public OWNER TO {role}");
    run(session, "prepare", "the schemas", &owner, deadline).await?;
    for extension in &inspection.extensions {
        let (name, schema) = (quoted_name(&extension.name), quoted_name(&extension.schema));
        let mut sql = "SET client_min_messages = error; ".to_owned();
        if !extension.owns_schema && !extension.schema.starts_with("pg_") {
            sql.push_str(&format!("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role}; "));
        }
        sql.push_str(&format!("CREATE EXTENSION IF NOT EXISTS {name}"));
        if !extension.owns_schema {
            sql.push_str(&format!(" SCHEMA {schema}"));
        }
        sql.push_str(" CASCADE");
        run(session, "create", &format!("extension {name}"), &sql, deadline).await?;
    }
    Ok(())
}

/// A file with a list of objects, readable by this user only.
fn list_file(text: &str) -> Result<tempfile::NamedTempFile, std::io::Error> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    Ok(file)
}
