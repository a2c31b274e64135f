//! Login roles of a clone: their statements, and the end of their traces inside of the clone.

use eod_clients::{Deadline, Error, ErrorKind, postgres::PostgresSession};
use eod_golden::{quoted_name, quoted_text, rows, run, transaction};
use serde::Deserialize;

use crate::name::CloneName;

#[derive(Deserialize)]
struct LoginObjectRow {
    object: String,
}

/// Objects of a role in the database of the session, as `ALTER` writes them. Sequences of columns belong to the owner of their
/// table. Schemas are first, because a new owner of an object needs a privilege on its schema.
const OWNED: &str = "\
SELECT CASE i.type WHEN 'statistics object' THEN 'STATISTICS' ELSE pg_catalog.upper(i.type) END || ' ' || i.identity AS object
FROM pg_catalog.pg_shdepend d, LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) i
WHERE d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype = 'o'
  AND d.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1)
  AND d.classid NOT IN ('pg_catalog.pg_default_acl'::pg_catalog.regclass, 'pg_catalog.pg_user_mapping'::pg_catalog.regclass)
  AND NOT (i.type = 'sequence' AND EXISTS (SELECT FROM pg_catalog.pg_depend p
    WHERE p.classid = d.classid AND p.objid = d.objid AND p.deptype IN ('a', 'i') AND p.refobjsubid > 0))
ORDER BY i.type <> 'schema', object";

/// Statements that create a login role. It acts as the role of the objects in its own database. `options` has its password.
pub(crate) fn login_statements(name: &CloneName, login: &str, objects: &str, options: &str, mark: &str) -> [String; 6] {
    let (database, login, objects) = (quoted_name(name.as_str()), quoted_name(login), quoted_name(objects));
    [
        format!("CREATE ROLE {login} LOGIN {options}"),
        format!("COMMENT ON ROLE {login} IS {}", quoted_text(mark)),
        // Without this membership a role that is not superuser could not end the sessions of the login.
        format!("GRANT {login} TO CURRENT_USER"),
        format!("GRANT {objects} TO {login}"),
        format!("ALTER ROLE {login} IN DATABASE {database} SET role = {objects}"),
        format!("GRANT CONNECT ON DATABASE {database} TO {login}"),
    ]
}

/// Gives objects of a login to the role of the objects, and revokes all privileges of the login, in the database of the session.
/// A migration can grant something to its own login, or act as it after `RESET ROLE`; then the role could not be removed as long
/// as the database exists. The login has no session any more.
///
/// # Errors
///
/// A statement failed, or an object cannot have another owner.
pub(crate) async fn release(
    inside: &mut PostgresSession,
    login: &str,
    objects: &str,
    deadline: &Deadline,
) -> Result<(), Error> {
    let target = format!("the objects of role `{login}`");
    let owned: Vec<LoginObjectRow> = rows(inside, &target, OWNED, &[&login], deadline).await?;
    if !owned.is_empty() {
        let owner = quoted_name(objects);
        let alters = owned.iter().map(|LoginObjectRow { object }| format!("ALTER {object} OWNER TO {owner}"));
        let sql = ["BEGIN".to_owned()].into_iter().chain(alters).chain(["COMMIT".to_owned()]).collect::<Vec<_>>();
        transaction(inside, "change the owner of", &target, &sql.join("; "), deadline).await?;
        let left: Vec<LoginObjectRow> = rows(inside, &target, OWNED, &[&login], deadline).await?;
        if let Some(LoginObjectRow { object }) = left.into_iter().next() {
            // DROP OWNED would remove it.
            let error = Error::new("PostgreSQL", "change the owner of", &target, ErrorKind::Conflict);
            return Err(error.because(format!("{} still belongs to the role", object.to_lowercase())));
        }
    }
    // Only privileges are left. Those on the database itself, such as CONNECT, go as well.
    let sql = format!("DROP OWNED BY {}", quoted_name(login));
    run(inside, "revoke", &format!("the privileges of role `{login}`"), &sql, deadline).await
}
