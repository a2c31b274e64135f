//! Everything of production that could act from a copy: present in the source, absent in the golden database.

use std::sync::OnceLock;

use eod_testkit::postgres::{ADMIN, PASSWORD, PostgresServer, SUPERUSER, servers};

use super::{Build, MAPPED, MARKER};
use crate::{
    inspection::REMOVED_EXTENSIONS,
    tests::on_postgres::{client, deadline, disarm_list::DISARMED, run, values},
};

/// A server with settings of a production server. They need no restart, and act on nothing.
fn production() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(|| PostgresServer::start(&servers()[0].programs).unwrap())
}

/// Lines of the list that the source of [`arm`] has. The others cannot exist here: their packages are not installed, or they
/// need a restart of the server.
const ARMED: [&str; 11] = [
    "archive and restore commands",
    "a connection to a primary",
    "replication slots",
    "subscriptions",
    "extensions that run jobs or connect to other servers",
    "foreign servers, their tables and user mappings",
    "foreign data wrappers",
    "logins and password hashes of production's roles",
    "event triggers",
    "settings of the database and of roles in it",
    "preloaded libraries of production",
];

async fn arm(build: &Build) {
    let mut session = client(production(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
    for sql in [
        // The trigger would refuse the statements below.
        "ALTER EVENT TRIGGER watch DISABLE".to_owned(),
        format!("ALTER SYSTEM SET archive_command = 'push-to-{MARKER} %p'"),
        format!("ALTER SYSTEM SET primary_conninfo = 'host=db.{MARKER}.example password={MAPPED}'"),
        format!("ALTER SYSTEM SET restore_command = 'pull-from-{MARKER} %f'"),
        "SELECT pg_reload_conf()".to_owned(),
        "SELECT pg_create_physical_replication_slot('production') WHERE NOT EXISTS (SELECT FROM pg_replication_slots)"
            .to_owned(),
        "CREATE EXTENSION dblink; CREATE EXTENSION file_fdw".to_owned(),
        "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw".to_owned(),
        "CREATE FOREIGN TABLE app.passwords (line text) SERVER files OPTIONS (filename '/etc/hostname')".to_owned(),
        format!("ALTER DATABASE {} SET session_preload_libraries = 'auto_explain'", build.source),
        format!("ALTER ROLE build_app IN DATABASE {} SET work_mem = '7MB'", build.source),
    ] {
        run(&mut session, &sql).await;
    }
    session.close(&deadline()).await.unwrap();
}

fn query(sql: &str, database: &str) -> String {
    sql.replace("DATABASE", database)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_production_acts_in_a_golden_database() {
    for (preview, role) in [(&servers()[0], SUPERUSER), (servers().last().unwrap(), ADMIN)] {
        let build = Build::create_on(production(), preview, role, MARKER).await;
        let label = build.label();
        arm(&build).await;
        // All of it is in the source, so that the queries find it.
        let mut source = client(production(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
        for line in ARMED {
            let (_, sql) = DISARMED.iter().find(|(name, _)| *name == line).unwrap();
            assert_ne!(values(&mut source, &query(sql, &build.source)).await, [""; 0], "{line}");
        }
        source.close(&deadline()).await.unwrap();

        build.run().await.unwrap_or_else(|error| panic!("{label}: {}", error.chain()));
        build.publish(0).await;
        let clone = build.clone_as(&format!("disarmed_{}", build.name)).await;
        let mut session = clone.connect(&deadline()).await.unwrap();
        for (line, sql) in DISARMED {
            let found = values(&mut session, &query(sql, build.name.as_str())).await;
            assert_eq!(found, [""; 0], "{label}: {line}");
        }
        // The role of the policy exists, for the privileges of migrations.
        assert_eq!(
            values(&mut session, "SELECT 1 FROM pg_roles WHERE rolname = 'build_app'").await.len(),
            1,
            "{label}"
        );
        // A password of production works nowhere on the preview server.
        let entered = client(preview, "build_app", "postgres").connect(&deadline()).await;
        assert!(entered.is_err(), "{label}: {PASSWORD:.0}");
    }
}

#[test]
fn extensions_with_jobs_and_connections_are_left_out() {
    // Packages of these are not installed here.
    for extension in ["pg_cron", "pg_background", "pg_net", "pgagent", "pglogical", "http"] {
        assert!(REMOVED_EXTENSIONS.contains(&extension), "{extension}");
    }
}
