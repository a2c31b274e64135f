//! Inventory of a golden database: definitions of indexes and types, and the privileges of roles.

use std::collections::BTreeMap;

use eod_clients::{Deadline, Error, postgres::PostgresSession};
use eod_masking::TableName;
use serde::{Deserialize, Serialize};

use crate::sql::rows;

/// Definitions of a database.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DatabaseInventory {
    /// Version of the system catalogue of the server.
    pub catalogue_version: u32,
    /// Definitions of the indexes of each table.
    pub indexes: BTreeMap<TableName, Vec<String>>,
    /// Definitions of enums, composite types, domains and ranges.
    pub types: Vec<String>,
}

/// Privileges of a role in a database.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RolePrivileges {
    /// Role; `PUBLIC` for all roles.
    pub role: String,
    /// True if the role can log in to the server.
    pub can_login: bool,
    /// True for a superuser.
    pub is_superuser: bool,
    /// Privileges, for example `SELECT on 12 relations`.
    pub privileges: Vec<String>,
}

#[derive(Deserialize)]
struct IndexDefinitionRow {
    schema: String,
    table: String,
    definition: String,
}

#[derive(Deserialize)]
struct TypeRow {
    definition: String,
}

#[derive(Deserialize)]
struct CatalogueRow {
    version: u32,
}

const CATALOGUE: &str = "SELECT catalog_version_no AS version FROM pg_control_system()";

const INDEXES: &str = "\
SELECT n.nspname AS schema, c.relname AS \"table\", pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY schema, \"table\", definition";

const TYPES: &str = "\
SELECT format_type(t.oid, NULL) || ' ' || CASE t.typtype
         WHEN 'e' THEN 'enum ' || (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
           FROM pg_enum e WHERE e.enumtypid = t.oid)
         WHEN 'd' THEN 'domain ' || format_type(t.typbasetype, t.typtypmod)
         WHEN 'r' THEN 'range ' || (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid)
         ELSE 'composite ' || coalesce((SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', '
           ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND NOT a.attisdropped), '') END AS definition
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typtype IN ('e', 'd', 'r', 'c') AND (c.oid IS NULL OR c.relkind = 'c')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY definition";

/// Privileges that were granted, without those of owners.
const PRIVILEGES: &str = "\
WITH granted AS (
  SELECT 'relations' AS kind, a.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.grantee <> c.relowner
  UNION ALL SELECT 'columns', a.* FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.grantee <> c.relowner
  UNION ALL SELECT 'schemas', a.* FROM pg_namespace n, aclexplode(n.nspacl) a
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.grantee <> n.nspowner
  UNION ALL SELECT 'functions', a.* FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(p.proacl) a
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.grantee <> p.proowner
  UNION ALL SELECT 'later objects', a.* FROM pg_default_acl d, aclexplode(d.defaclacl) a WHERE a.grantee <> d.defaclrole
), counted AS (
  SELECT grantee, privilege_type || ' on ' || count(*) || ' ' || kind AS privilege FROM granted
  GROUP BY grantee, privilege_type, kind
)
SELECT coalesce(r.rolname, 'PUBLIC') AS role, coalesce(r.rolcanlogin, false) AS can_login,
       coalesce(r.rolsuper, false) AS is_superuser, array_agg(c.privilege ORDER BY c.privilege) AS privileges
FROM counted c LEFT JOIN pg_roles r ON r.oid = c.grantee
GROUP BY 1, 2, 3 ORDER BY role";

impl DatabaseInventory {
    /// Reads the inventory of the database of a session. The search path must be empty.
    ///
    /// # Errors
    ///
    /// A query failed.
    pub async fn read(session: &mut PostgresSession, deadline: &Deadline) -> Result<Self, Error> {
        let target = "the inventory of the database";
        let catalogue: Vec<CatalogueRow> = rows(session, target, CATALOGUE, &[], deadline).await?;
        let found: Vec<IndexDefinitionRow> = rows(session, target, INDEXES, &[], deadline).await?;
        let types: Vec<TypeRow> = rows(session, target, TYPES, &[], deadline).await?;
        let mut indexes: BTreeMap<TableName, Vec<String>> = BTreeMap::new();
        for IndexDefinitionRow { schema, table, definition } in found {
            indexes.entry(TableName::new(schema, table)).or_default().push(definition);
        }
        let catalogue_version = catalogue.first().map(|row| row.version).unwrap_or_default();
        Ok(Self { catalogue_version, indexes, types: types.into_iter().map(|row| row.definition).collect() })
    }
}

/// Privileges of all roles in the database of a session.
///
/// # Errors
///
/// The query failed.
pub(crate) async fn privileges(
    session: &mut PostgresSession,
    deadline: &Deadline,
) -> Result<Vec<RolePrivileges>, Error> {
    rows(session, "the privileges of roles", PRIVILEGES, &[], deadline).await
}
