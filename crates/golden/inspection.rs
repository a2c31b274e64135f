//! Inspection of a source: everything that decides if a golden database can be built from it, before anything is written.

use std::collections::BTreeSet;

use eod_clients::{Deadline, Error, ErrorKind, postgres::PostgresSession};
use serde::Deserialize;

use crate::{
    sql::{quoted_name, quoted_text, rows},
    toc::ObjectId,
};

/// Extensions that connect to other servers or run jobs by themselves. A golden database does not have them.
pub(crate) const REMOVED_EXTENSIONS: [&str; 14] = [
    "aws_lambda",
    "aws_s3",
    "dblink",
    "file_fdw",
    "http",
    "mysql_fdw",
    "oracle_fdw",
    "pg_background",
    "pg_cron",
    "pg_net",
    "pgagent",
    "pglogical",
    "postgres_fdw",
    "tds_fdw",
];

/// Facts about a source.
#[derive(Clone, Debug)]
pub(crate) struct SourceInspection {
    /// Version of the server, for example 150018.
    pub(crate) version: u32,
    /// True for a standby.
    pub(crate) in_recovery: bool,
    /// Options of `CREATE DATABASE` for the same encoding and collation.
    pub(crate) locale: String,
    /// Major version that these options need.
    pub(crate) locale_needs: u32,
    /// Statements that give the role the privileges that it lacks.
    pub(crate) missing_privileges: Vec<String>,
    /// Roles that policies of row level security name.
    pub(crate) policy_roles: Vec<String>,
    /// Extensions, without [`REMOVED_EXTENSIONS`].
    pub(crate) extensions: Vec<SourceExtension>,
    /// Objects that a golden database does not have.
    pub(crate) removed: BTreeSet<ObjectId>,
    /// Descriptions of these objects.
    pub(crate) removed_names: Vec<String>,
    /// Publications that only a superuser can create.
    pub(crate) wide_publications: Vec<(ObjectId, String)>,
    /// Tables that depend on removed objects.
    pub(crate) lost_tables: Vec<String>,
}

/// An extension of a source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct SourceExtension {
    /// Name.
    pub(crate) name: String,
    /// Schema of its objects.
    pub(crate) schema: String,
    /// Object id of the schema.
    pub(crate) schema_oid: u32,
    /// True if the extension creates its schema.
    pub(crate) owns_schema: bool,
}

#[derive(Deserialize)]
struct FactsRow {
    version: u32,
    in_recovery: bool,
    role: String,
    encoding: String,
    database: DatabaseRow,
}

/// Fields of `pg_database` that depend on the version.
#[derive(Deserialize)]
struct DatabaseRow {
    datcollate: String,
    datctype: String,
    #[serde(default)]
    datlocprovider: Option<String>,
    #[serde(default)]
    daticulocale: Option<String>,
    #[serde(default)]
    datlocale: Option<String>,
    #[serde(default)]
    daticurules: Option<String>,
}

#[derive(Deserialize)]
struct ReadableRow {
    schema: String,
    name: String,
    is_sequence: bool,
    schema_is_usable: bool,
    is_readable: bool,
    hides_rows: bool,
}

#[derive(Deserialize)]
struct NameOnlyRow {
    name: String,
}

#[derive(Deserialize)]
struct RemovedRow {
    catalogue: u32,
    object: u32,
    description: Option<String>,
    is_table: bool,
}

#[derive(Deserialize)]
struct PublicationRow {
    catalogue: u32,
    object: u32,
    name: String,
}

const FACTS: &str = "\
SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS in_recovery, current_user AS role,
       pg_encoding_to_char(d.encoding) AS encoding, to_json(d) AS database
FROM pg_database d WHERE d.datname = current_database()";

const READABLE: &str = "\
SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'S' AS is_sequence,
       has_schema_privilege(n.oid, 'USAGE') AS schema_is_usable,
       CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END
         AS is_readable,
       c.relkind = 'r' AND c.relrowsecurity AND row_security_active(c.oid) AS hides_rows
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY schema, name";

const POLICY_ROLES: &str = "\
SELECT DISTINCT r.rolname AS name FROM pg_policy p JOIN pg_roles r ON r.oid = ANY (p.polroles) ORDER BY name";

const EXTENSIONS: &str = "\
SELECT e.extname AS name, n.nspname AS schema, n.oid::bigint AS schema_oid,
       EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
         AS owns_schema
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' ORDER BY name";

/// Objects that depend on foreign servers and on the extensions that are left out. A view depends through its rule.
const REMOVED: &str = "\
WITH RECURSIVE gone AS (
  SELECT 'pg_foreign_server'::regclass::oid AS catalogue, oid AS object FROM pg_foreign_server
  UNION SELECT 'pg_foreign_data_wrapper'::regclass::oid, oid FROM pg_foreign_data_wrapper
  UNION SELECT 'pg_extension'::regclass::oid, oid FROM pg_extension WHERE extname = ANY (string_to_array($1, ','))
  UNION SELECT x.catalogue, x.object FROM gone g CROSS JOIN LATERAL (
    SELECT d.classid AS catalogue, d.objid AS object FROM pg_depend d
    WHERE d.refclassid = g.catalogue AND d.refobjid = g.object
    UNION ALL SELECT 'pg_class'::regclass::oid, r.ev_class FROM pg_rewrite r
    WHERE g.catalogue = 'pg_rewrite'::regclass AND r.oid = g.object AND r.rulename = '_RETURN'
  ) x
)
SELECT g.catalogue::bigint, g.object::bigint,
       CASE WHEN g.catalogue IN ('pg_foreign_server'::regclass, 'pg_extension'::regclass, 'pg_user_mapping'::regclass,
                                 'pg_class'::regclass, 'pg_proc'::regclass)
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = g.catalogue AND d.objid = g.object
                              AND d.deptype IN ('e', 'i', 'a'))
            THEN pg_describe_object(g.catalogue, g.object, 0) END AS description,
       g.catalogue = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_class c WHERE c.oid = g.object AND c.relkind IN ('r', 'p')
         AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                         AND d.deptype = 'e')) AS is_table
FROM gone g ORDER BY description";

const OTHERS_REMOVED: &str = "\
SELECT 'event trigger ' || evtname AS name FROM pg_event_trigger
UNION ALL SELECT 'subscription ' || subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
WHERE d.datname = current_database() ORDER BY name";

/// Publications of all tables, or of all tables of a schema.
const WIDE_PUBLICATIONS: &str = "\
SELECT 'pg_publication'::regclass::oid::bigint AS catalogue, p.oid::bigint AS object, p.pubname AS name FROM pg_publication p
WHERE p.puballtables OR NOT EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid) ORDER BY name";

impl SourceInspection {
    /// Inspects the database of a session.
    ///
    /// # Errors
    ///
    /// A query failed.
    pub(crate) async fn read(session: &mut PostgresSession, deadline: &Deadline) -> Result<Self, Error> {
        let target = "the catalogue of the source";
        let facts: Vec<FactsRow> = rows(session, target, FACTS, &[], deadline).await?;
        let Some(facts) = facts.into_iter().next() else {
            return Err(
                Error::new("PostgreSQL", "read", target, ErrorKind::Other).because("the server has sent no row")
            );
        };
        let readable: Vec<ReadableRow> = rows(session, target, READABLE, &[], deadline).await?;
        let policy_roles: Vec<NameOnlyRow> = rows(session, target, POLICY_ROLES, &[], deadline).await?;
        let mut extensions: Vec<SourceExtension> = rows(session, target, EXTENSIONS, &[], deadline).await?;
        extensions.retain(|extension| !REMOVED_EXTENSIONS.contains(&extension.name.as_str()));
        let removed_extensions = REMOVED_EXTENSIONS.join(",");
        let removed: Vec<RemovedRow> =
            rows(session, target, REMOVED, &[&removed_extensions.as_str()], deadline).await?;
        let others: Vec<NameOnlyRow> = rows(session, target, OTHERS_REMOVED, &[], deadline).await?;
        let publications: Vec<PublicationRow> = rows(session, target, WIDE_PUBLICATIONS, &[], deadline).await?;
        let names = |rows: Vec<NameOnlyRow>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
        let described = |row: &RemovedRow| row.description.clone();
        let mut removed_names: Vec<_> = removed.iter().filter_map(described).collect();
        removed_names.extend(names(others));
        let (locale, locale_needs) = locale(&facts.encoding, &facts.database);
        Ok(Self {
            version: facts.version,
            in_recovery: facts.in_recovery,
            locale,
            locale_needs,
            missing_privileges: missing(&readable, &facts.role),
            policy_roles: names(policy_roles),
            extensions,
            lost_tables: removed.iter().filter(|row| row.is_table).filter_map(described).collect(),
            removed: removed.iter().map(|row| (row.catalogue, row.object)).collect(),
            removed_names,
            wide_publications: publications.into_iter().map(|row| ((row.catalogue, row.object), row.name)).collect(),
        })
    }

    /// Major version.
    pub(crate) fn major(&self) -> u32 {
        self.version / 10_000
    }
}

/// Options of `CREATE DATABASE`, with the major version of the server that has them.
fn locale(encoding: &str, database: &DatabaseRow) -> (String, u32) {
    let mut options = format!(
        "ENCODING {} LC_COLLATE {} LC_CTYPE {}",
        quoted_text(encoding),
        quoted_text(&database.datcollate),
        quoted_text(&database.datctype)
    );
    let name = database.datlocale.as_deref().or(database.daticulocale.as_deref()).unwrap_or_default();
    match database.datlocprovider.as_deref() {
        Some("i") => {
            options.push_str(&format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", quoted_text(name)));
            let Some(rules) = &database.daticurules else { return (options, 15) };
            options.push_str(&format!(" ICU_RULES {}", quoted_text(rules)));
            (options, 16)
        }
        Some("b") => {
            options.push_str(&format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {}", quoted_text(name)));
            (options, 17)
        }
        _ => {
            // The template of the preview server may have another provider.
            options.push_str(" LOCALE_PROVIDER libc");
            (options, 15)
        }
    }
}

/// Statements for the privileges that a role lacks.
fn missing(readable: &[ReadableRow], role: &str) -> Vec<String> {
    let role = quoted_name(role);
    let mut statements = Vec::new();
    let mut schemas = BTreeSet::new();
    for row in readable {
        let schema = quoted_name(&row.schema);
        if !row.schema_is_usable && schemas.insert(row.schema.as_str()) {
            statements.push(format!("GRANT USAGE ON SCHEMA {schema} TO {role}"));
        }
        if !row.is_readable {
            let kind = if row.is_sequence { "SEQUENCE" } else { "TABLE" };
            statements.push(format!("GRANT SELECT ON {kind} {schema}.{} TO {role}", quoted_name(&row.name)));
        }
    }
    if readable.iter().any(|row| row.hides_rows) {
        statements.push(format!("ALTER ROLE {role} BYPASSRLS"));
    }
    statements
}

#[cfg(test)]
mod tests;
