//! Facts of a server, and the findings that follow from them.

use std::collections::BTreeMap;

use eod_clients::postgres::PostgresSession;
use eod_clients::{Deadline, Error as ClientError};
use eod_golden::{quoted_name, rows};
use serde::Deserialize;

use super::measure::{BlockSharing, Measurement};

/// First version whose CREATEROLE does not include access to files.
const SAFE_ROLES: u32 = 160_000;
/// First version that can share blocks of files.
const SHARED_BLOCKS: u32 = 180_000;
/// Cost of `fsync` per file from which on it is a finding, in milliseconds.
const SLOW_FILE: f64 = 0.5;

/// Facts of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerFacts {
    /// Version as a number, for example 180004.
    pub(super) version: u32,
    /// Role of the session.
    pub(super) role: String,
    /// Attributes of the role.
    pub(super) own: OwnRights,
    /// Roles that log in as superuser or with REPLICATION.
    pub(super) roles: Vec<PowerfulRole>,
    /// Standbys, other receivers of WAL, and replication slots.
    pub(super) receivers: Vec<WalReceiver>,
    /// Databases that every role may enter.
    pub(super) open_databases: Vec<String>,
    /// Settings of the server by name. A setting that this version does not have is missing.
    pub(super) settings: BTreeMap<String, String>,
}

/// Attributes of the role of the session.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct OwnRights {
    name: String,
    superuser: bool,
    createdb: bool,
    createrole: bool,
    /// True if the role may see the sessions and settings of others.
    monitor: bool,
}

/// Role that logs in and can read rows past all locks.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PowerfulRole {
    name: String,
    superuser: bool,
    /// True for the role that owns the system catalogue, which cannot lose SUPERUSER.
    bootstrap: bool,
}

/// Receiver of WAL.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WalReceiver {
    kind: String,
    name: String,
}

#[derive(Deserialize)]
struct OpenDatabase {
    name: String,
}

#[derive(Deserialize)]
struct SettingRow {
    name: String,
    setting: String,
}

/// Group of a finding.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum FindingGroup {
    /// Rows can be read before they are masked.
    Access,
    /// A privilege is missing.
    Privilege,
    /// Clones are slower or larger than necessary.
    Speed,
}

/// A finding with its remedy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct DoctorFinding {
    pub(super) group: FindingGroup,
    pub(super) message: String,
    /// Statements that repair it.
    pub(super) sql: Vec<String>,
    /// Step after the statements.
    pub(super) after: Option<&'static str>,
}

const OWN: &str = "\
SELECT rolname AS name, rolsuper AS superuser, rolcreatedb AS createdb, rolcreaterole AS createrole,
       pg_catalog.pg_has_role(oid, 'pg_monitor', 'USAGE') AS monitor
FROM pg_catalog.pg_roles WHERE rolname = current_user";
const ROLES: &str = "\
SELECT rolname AS name, rolsuper AS superuser, oid = 10 AS bootstrap FROM pg_catalog.pg_roles
WHERE rolcanlogin AND (rolsuper OR rolreplication) ORDER BY rolname";
const RECEIVERS: &str = "\
SELECT 'session' AS kind, COALESCE(application_name, '') AS name FROM pg_catalog.pg_stat_replication
UNION ALL SELECT 'slot', slot_name FROM pg_catalog.pg_replication_slots ORDER BY kind, name";
const OPEN: &str = "\
SELECT d.datname AS name FROM pg_catalog.pg_database d
WHERE d.datname IN ('postgres', 'template1') AND d.datallowconn AND EXISTS (
  SELECT FROM pg_catalog.aclexplode(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
  WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT')
ORDER BY name";
const SETTINGS: &str = "\
SELECT name, COALESCE(setting, '') AS setting FROM pg_catalog.pg_settings WHERE name IN ('archive_mode',
  'client_connection_check_interval', 'data_directory', 'file_copy_method', 'fsync', 'max_wal_senders', 'wal_level')";

impl ServerFacts {
    /// Reads the facts. A role without pg_monitor does not see some of them.
    pub(super) async fn read(session: &mut PostgresSession, deadline: &Deadline) -> Result<Self, ClientError> {
        let own: Vec<OwnRights> = rows(session, "the own role", OWN, &[], deadline).await?;
        let own = own.into_iter().next().unwrap_or_default();
        let open: Vec<OpenDatabase> = rows(session, "privileges of databases", OPEN, &[], deadline).await?;
        let settings: Vec<SettingRow> = rows(session, "settings", SETTINGS, &[], deadline).await?;
        Ok(Self {
            version: session.server_version(),
            role: own.name.clone(),
            own,
            roles: rows(session, "roles", ROLES, &[], deadline).await?,
            receivers: rows(session, "receivers of WAL", RECEIVERS, &[], deadline).await?,
            open_databases: open.into_iter().map(|row| row.name).collect(),
            settings: settings.into_iter().map(|row| (row.name, row.setting)).collect(),
        })
    }

    /// True if the measurement can create its databases.
    pub(super) fn can_create_databases(&self) -> bool {
        self.own.superuser || self.own.createdb
    }

    /// Version for people, such as `18.4`.
    pub(super) fn version_text(&self) -> String {
        format!("{}.{}", self.version / 10_000, self.version % 10_000)
    }

    /// A setting; empty if the version does not have it or the role does not see it.
    pub(super) fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// All findings, those about access first.
pub(super) fn findings(facts: &ServerFacts, measured: Option<&Measurement>) -> Vec<DoctorFinding> {
    let mut found = access(facts);
    found.extend(privileges(facts));
    found.extend(speed(facts, measured));
    found
}

fn finding(group: FindingGroup, message: String, sql: Vec<String>, after: Option<&'static str>) -> DoctorFinding {
    DoctorFinding { group, message, sql, after }
}

const RESTART: Option<&str> = Some("restart the server");

/// Ways past the locks of a database that is not masked yet.
fn access(facts: &ServerFacts) -> Vec<DoctorFinding> {
    let group = FindingGroup::Access;
    let mut found = Vec::new();
    for PowerfulRole { name, superuser, bootstrap } in &facts.roles {
        let role = quoted_name(name);
        let (message, sql) = match (superuser, *name == facts.role) {
            (true, true) => (
                format!(
                    "role {name} of this session is a superuser. Builds and clones work without: use a role with CREATEDB \
                     and CREATEROLE, and let {name} log in only for maintenance"
                ),
                vec!["CREATE ROLE eod LOGIN CREATEDB CREATEROLE;".to_owned(), "GRANT pg_monitor TO eod;".to_owned()],
            ),
            (true, false) => (
                format!("role {name} logs in and is a superuser: it can read rows before they are masked"),
                // The bootstrap role must stay a superuser.
                vec![format!("ALTER ROLE {role} {};", if *bootstrap { "NOLOGIN" } else { "NOSUPERUSER" })],
            ),
            (false, _) => (
                format!("role {name} logs in with REPLICATION: it can copy pages that are not masked, past every lock"),
                vec![format!("ALTER ROLE {role} NOREPLICATION;")],
            ),
        };
        found.push(finding(group, message, sql, None));
    }
    for WalReceiver { kind, name } in &facts.receivers {
        let sql = if kind == "slot" {
            vec![format!("SELECT pg_drop_replication_slot('{}');", name.replace('\'', "''"))]
        } else {
            Vec::new()
        };
        let message = format!("{kind} `{name}` receives WAL, which can contain rows that are not masked");
        let after = (kind != "slot").then_some("stop the standby, or the process that receives WAL");
        found.push(finding(group, message, sql, after));
    }
    if !matches!(facts.setting("archive_mode"), "" | "off") {
        let message = "WAL is archived, and can contain rows that are not masked".to_owned();
        found.push(finding(group, message, vec!["ALTER SYSTEM SET archive_mode = 'off';".to_owned()], RESTART));
    }
    for database in &facts.open_databases {
        let message =
            format!("every role may enter database {database}, and read the names of all databases and roles");
        let sql = format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC;", quoted_name(database));
        found.push(finding(group, message, vec![sql], None));
    }
    if facts.version < SAFE_ROLES {
        let message = format!(
            "PostgreSQL {}: a role with CREATEROLE can grant itself access to files of the server; PostgreSQL 16 or newer \
             does not permit that",
            facts.version_text()
        );
        found.push(finding(group, message, Vec::new(), Some("plan an upgrade of the server")));
    }
    found
}

/// Missing privileges of the own role.
fn privileges(facts: &ServerFacts) -> Vec<DoctorFinding> {
    let OwnRights { name, superuser, createdb, createrole, monitor } = &facts.own;
    if *superuser {
        return Vec::new();
    }
    let role = quoted_name(name);
    let mut found = Vec::new();
    let missing = [("CREATEDB", *createdb), ("CREATEROLE", *createrole)];
    let missing: Vec<&str> = missing.into_iter().filter(|(_, has)| !has).map(|(attribute, _)| attribute).collect();
    if !missing.is_empty() {
        let attributes = missing.join(" ");
        let message = format!("role {name} needs {} for golden databases and clones", missing.join(" and "));
        found.push(finding(FindingGroup::Privilege, message, vec![format!("ALTER ROLE {role} {attributes};")], None));
    }
    if !monitor {
        let message =
            format!("role {name} cannot see sessions and some settings of the server, so findings can be missing");
        let sql = vec![format!("GRANT pg_monitor TO {role};")];
        found.push(finding(FindingGroup::Privilege, message, sql, None));
    }
    found
}

/// Settings that make clones slower or larger.
fn speed(facts: &ServerFacts, measured: Option<&Measurement>) -> Vec<DoctorFinding> {
    let group = FindingGroup::Speed;
    let mut found = Vec::new();
    let sharing = measured.map(|measured| measured.sharing);
    match facts.setting("file_copy_method") {
        "copy" => {
            let message =
                "file_copy_method is `copy`: a clone copies all bytes of its golden database. On XFS, btrfs and \
                           ZFS `clone` shares the blocks"
                    .to_owned();
            let sql =
                vec!["ALTER SYSTEM SET file_copy_method = 'clone';".to_owned(), "SELECT pg_reload_conf();".to_owned()];
            found.push(finding(group, message, sql, None));
        }
        "clone" if sharing == Some(BlockSharing::Copied) => {
            let message = "file_copy_method is `clone`, but the file system copied the blocks".to_owned();
            let after = "move the data directory to XFS with reflink, btrfs or ZFS";
            found.push(finding(group, message, Vec::new(), Some(after)));
        }
        "" if facts.version < SHARED_BLOCKS => {
            let message = format!(
                "PostgreSQL {} copies all bytes of a golden database for each clone; PostgreSQL 18 or newer can share blocks",
                facts.version_text()
            );
            found.push(finding(group, message, Vec::new(), Some("plan an upgrade of the server")));
        }
        _ => {}
    }
    let per_file = measured.and_then(Measurement::milliseconds_per_file);
    if facts.setting("fsync") == "on" && per_file.is_some_and(|cost| cost >= SLOW_FILE) {
        let message = format!(
            "a clone waits {:.1} ms per file, mostly for fsync. A server with databases that can be built again can do \
             without; a crash of the machine then loses all of them",
            per_file.unwrap_or_default()
        );
        let sql = vec!["ALTER SYSTEM SET fsync = 'off';".to_owned(), "SELECT pg_reload_conf();".to_owned()];
        found.push(finding(group, message, sql, None));
    }
    if facts.setting("wal_level") != "minimal" && !facts.setting("wal_level").is_empty() {
        let message = "wal_level is not `minimal`: a build writes all rows to WAL, too".to_owned();
        let sql = vec![
            "ALTER SYSTEM SET wal_level = 'minimal';".to_owned(),
            "ALTER SYSTEM SET max_wal_senders = 0;".to_owned(),
        ];
        found.push(finding(group, message, sql, RESTART));
    }
    found
}
