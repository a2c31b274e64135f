//! Raw copy on the preview server: closed, and checked for readers of its pages.

use std::{collections::BTreeSet, time::Duration};

use eod_clients::{
    Deadline, Error,
    postgres::{Postgres, PostgresSession},
};
use serde::Deserialize;

use crate::{
    birth::GoldenServer,
    inspection::{REMOVED_EXTENSIONS, SourceInspection},
    sql::{quoted_name, rows, run},
};

/// Number of looks at the sessions of a raw copy.
const ATTEMPTS: u32 = 20;
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// State of a raw copy.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct RawDatabase {
    /// Role that owns the database.
    pub(crate) owner: String,
    /// Comment of that role.
    pub(crate) owner_comment: Option<String>,
    /// Roles with the privilege to connect, without the owner; `PUBLIC` for all roles.
    grantees: Vec<String>,
}

#[derive(Deserialize)]
struct ReaderRow {
    name: String,
}

#[derive(Deserialize)]
struct UserRow {
    role: String,
}

const RAW: &str = "\
SELECT pg_get_userbyid(d.datdba) AS owner, shobj_description(d.datdba, 'pg_authid') AS owner_comment,
       ARRAY(SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
         FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
         WHERE a.grantee <> d.datdba ORDER BY 1) AS grantees
FROM pg_database d WHERE d.datname = $1";

/// Everything that reads pages of all databases past the privileges of one.
const READERS: &str = "\
SELECT rolname AS name FROM pg_roles WHERE rolreplication AND rolcanlogin
UNION SELECT 'standby ' || coalesce(nullif(application_name, ''), usename::text, pid::text) FROM pg_stat_replication
UNION SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE slot_type = 'physical'
UNION SELECT 'archive_mode' WHERE current_setting('archive_mode') <> 'off'
ORDER BY name";

/// Sessions of others.
const USERS: &str = "\
SELECT DISTINCT coalesce(usename::text, backend_type) AS role FROM pg_stat_activity
WHERE datname = $1 AND pid <> pg_backend_pid() AND coalesce(backend_type, 'client backend') = 'client backend' ORDER BY role";

const DISARMED: &str = "\
SELECT format('DROP EVENT TRIGGER %I', evtname) AS name FROM pg_event_trigger
UNION ALL SELECT format('DROP SERVER %I CASCADE', srvname) FROM pg_foreign_server
UNION ALL SELECT format('DROP EXTENSION %I CASCADE', extname) FROM pg_extension
  WHERE extname = ANY (string_to_array($1, ','))
UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER %I CASCADE', fdwname) FROM pg_foreign_data_wrapper w
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid
                    AND d.deptype = 'e')";

impl RawDatabase {
    /// Reads the state of a database; none if it does not exist.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub(crate) async fn read(
        goldens: &mut GoldenServer,
        database: &str,
        deadline: &Deadline,
    ) -> Result<Option<Self>, Error> {
        let target = format!("database `{database}`");
        Ok(rows(&mut goldens.session, &target, RAW, &[&database], deadline).await?.into_iter().next())
    }

    /// Revokes the privilege to connect from all roles but the owner.
    ///
    /// # Errors
    ///
    /// The statement failed.
    pub(crate) async fn close(
        &self,
        goldens: &mut GoldenServer,
        database: &str,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let quoted = quoted_name(database);
        let grantee = |role: &String| if role == "PUBLIC" { role.clone() } else { quoted_name(role) };
        let revoked: Vec<_> = self
            .grantees
            .iter()
            .map(|role| format!("REVOKE ALL ON DATABASE {quoted} FROM {}", grantee(role)))
            .collect();
        let sql = revoked.join("; ");
        run(&mut goldens.session, "close", &format!("database `{database}`"), &sql, deadline).await
    }
}

/// Roles, standbys, slots and settings that take raw pages past the privileges of a database.
///
/// # Errors
///
/// The query failed.
pub(crate) async fn page_readers(goldens: &mut GoldenServer, deadline: &Deadline) -> Result<BTreeSet<String>, Error> {
    let found: Vec<ReaderRow> = rows(&mut goldens.session, "the readers of pages", READERS, &[], deadline).await?;
    Ok(found.into_iter().map(|row| row.name).collect())
}

/// Roles with sessions in a database, without the session of the caller. Sessions that are ending are waited for.
///
/// # Errors
///
/// The query failed, or the deadline passed.
pub async fn sessions_of_others(
    session: &mut PostgresSession,
    database: &str,
    deadline: &Deadline,
) -> Result<Vec<String>, Error> {
    let target = format!("database `{database}`");
    let mut left = ATTEMPTS;
    loop {
        let found: Vec<UserRow> = rows(session, &target, USERS, &[&database], deadline).await?;
        left -= 1;
        if found.is_empty() || left == 0 {
            return Ok(found.into_iter().map(|row| row.role).collect());
        }
        let paused = deadline.pause(PAUSE).await;
        paused.map_err(|reason| Error::new("PostgreSQL", "close", &target, reason.into()).because(reason))?;
    }
}

/// Freezes all rows. A later read of rows that are not frozen changes their pages, and with checksums such a page goes to WAL.
///
/// # Errors
///
/// A statement failed.
pub(crate) async fn freeze(raw: &Postgres, deadline: &Deadline) -> Result<(), Error> {
    let mut session = raw.connect(deadline).await?;
    session.set_phase("freeze", None, deadline).await?;
    let quiet = "SET client_min_messages = error";
    run(&mut session, "prepare", "the session", quiet, deadline).await?;
    run(&mut session, "freeze", "the rows", "VACUUM (FREEZE)", deadline).await?;
    session.close(deadline).await
}

/// Removes everything from a copy that connects to other servers or runs by itself, and large objects if they are not kept.
/// Returns the names of what was removed.
///
/// # Errors
///
/// A statement failed.
pub(crate) async fn disarm(
    session: &mut PostgresSession,
    inspection: &SourceInspection,
    keeps_large_objects: bool,
    deadline: &Deadline,
) -> Result<Vec<String>, Error> {
    let extensions = REMOVED_EXTENSIONS.join(",");
    let statements: Vec<ReaderRow> =
        rows(session, "foreign servers and event triggers", DISARMED, &[&extensions.as_str()], deadline).await?;
    for ReaderRow { name: sql } in statements {
        // A statement before may have removed the object with others.
        let sql =
            sql.replacen(" TRIGGER ", " TRIGGER IF EXISTS ", 1).replacen("DROP SERVER ", "DROP SERVER IF EXISTS ", 1);
        let sql = sql.replacen("DROP EXTENSION ", "DROP EXTENSION IF EXISTS ", 1);
        let sql = sql.replacen("DROP FOREIGN DATA WRAPPER ", "DROP FOREIGN DATA WRAPPER IF EXISTS ", 1);
        run(session, "remove", "foreign servers and event triggers", &sql, deadline).await?;
    }
    if !keeps_large_objects {
        let unlink = "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata";
        run(session, "remove", "the large objects", unlink, deadline).await?;
        for catalogue in ["pg_largeobject", "pg_largeobject_metadata"] {
            let sql = format!("VACUUM (FULL) pg_catalog.{catalogue}");
            run(session, "rewrite", catalogue, &sql, deadline).await?;
        }
    }
    Ok(inspection.removed_names.clone())
}
