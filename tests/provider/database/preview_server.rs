//! A PostgreSQL server with golden databases.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use eod_clients::{
    Deadline,
    postgres::{Postgres, PostgresAccess, PostgresSession, PostgresSettings, Row, SqlStatement},
};
use eod_golden::{DatabaseTemplate, GoldenFacts, GoldenManifest, GoldenName, GoldenServer, PublishSettings};
use eod_testkit::postgres::{PASSWORD, PostgresServer, SUPERUSER};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Time of the snapshot of all golden databases.
const TAKEN_AT: &str = "2026-11-28T12:00:00Z";
/// Version that follows from it.
pub(crate) const VERSION: &str = "20261128120000";
/// Rows of the golden databases.
const ROWS: &str = "\
CREATE SCHEMA app; CREATE TABLE app.customers (id int PRIMARY KEY, email text, city text);
INSERT INTO app.customers SELECT i, 'user' || i || '@example.test', 'Bonn' FROM generate_series(1, 100) i";

/// A server, and the role that the provider logs in with.
pub(crate) struct PreviewServer {
    pub(crate) server: &'static PostgresServer,
    role: &'static str,
    runtime: Runtime,
}

/// A session that is open until it is dropped.
pub(crate) struct HeldSession<'a> {
    server: &'a PreviewServer,
    session: Option<PostgresSession>,
}

/// A long time limit, which ends a broken test.
fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(120), CancellationToken::new())
}

impl PreviewServer {
    pub(crate) fn new(server: &'static PostgresServer, role: &'static str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { server, role, runtime }
    }

    /// This server with a runtime of its own.
    pub(crate) fn again(&self) -> Self {
        Self::new(self.server, self.role)
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port
    }

    pub(crate) fn role(&self) -> &'static str {
        self.role
    }

    /// Name for messages.
    pub(crate) fn described(&self) -> String {
        format!("PostgreSQL {} as {}", self.server.version, self.role)
    }

    fn client(&self, user: &str, password: &str, database: &str) -> Postgres {
        let mut settings = PostgresSettings::default();
        let port = self.port().to_string();
        let values =
            [("host", "127.0.0.1"), ("port", &port), ("dbname", database), ("user", user), ("password", password)];
        for (keyword, value) in values {
            settings.set(keyword, value).unwrap();
        }
        Postgres::new(PostgresAccess::new(&settings).unwrap())
    }

    /// Publishes a golden database with one table, built with this policy; returns its name.
    #[track_caller]
    pub(crate) fn publish(&self, installation: &str, policy: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = GoldenName::new(&format!("story_{}", COUNT.fetch_add(1, Ordering::Relaxed))).unwrap();
        self.runtime.block_on(self.publish_as(&name, installation, policy));
        name.as_str().to_owned()
    }

    /// Publishes a newer version of a golden database.
    #[track_caller]
    pub(crate) fn publish_again(&self, name: &str, installation: &str, policy: &str) {
        self.runtime.block_on(self.publish_as(&GoldenName::new(name).unwrap(), installation, policy));
    }

    async fn publish_as(&self, name: &GoldenName, installation: &str, policy: &str) {
        let objects = name.objects_role();
        let mut session = self.client(self.role, PASSWORD, "postgres").connect(&deadline()).await.unwrap();
        let exists = format!("SELECT count(*)::text FROM pg_roles WHERE rolname = '{objects}'");
        if query(&mut session, &exists).await == ["0"] {
            run(&mut session, &format!("CREATE ROLE {objects} NOLOGIN; GRANT {objects} TO CURRENT_USER")).await;
        }
        let next = name.next();
        let maintenance = self.client(self.role, PASSWORD, "postgres");
        let mut goldens = GoldenServer::connect(&maintenance, installation, &deadline()).await.unwrap();
        goldens.begin(&next, DatabaseTemplate { name: "template0", locale: "" }, &deadline()).await.unwrap();
        let mut inside = self.client(self.role, PASSWORD, next.as_str()).connect(&deadline()).await.unwrap();
        run(&mut inside, &format!("SET ROLE {}; GRANT CREATE ON DATABASE {next} TO {objects}", next.owner())).await;
        run(&mut inside, &format!("SET ROLE {objects}; {ROWS}; RESET ROLE")).await;
        let policy: String = Sha256::digest(policy.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let manifest = GoldenManifest {
            version: 1,
            policy: policy.clone(),
            key_check: "def".to_owned(),
            server_version: inside.server_version(),
            catalogue_version: 1,
            source: "production".to_owned(),
            taken_at: TAKEN_AT.to_owned(),
            tables: Vec::new(),
            types: Vec::new(),
        };
        manifest.store(&mut inside, &next.owner(), &deadline()).await.unwrap();
        inside.close(&deadline()).await.unwrap();
        let facts = GoldenFacts {
            manifest: manifest.digest(),
            taken_at: TAKEN_AT.parse().unwrap(),
            built_at: TAKEN_AT.parse().unwrap(),
            published_at: None,
            valid_until: None,
            tables: 1,
            rows: 100,
            policy: policy[..16].to_owned(),
            key_check: "def".to_owned(),
        };
        goldens.finish(&next, &facts, &deadline()).await.unwrap();
        let settings = PublishSettings { valid_for: Duration::from_hours(24 * 3650), keep: 0 };
        goldens.publish(name, settings, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
    }

    /// Removes a golden database.
    #[track_caller]
    pub(crate) fn unpublish(&self, name: &str, installation: &str) {
        self.runtime.block_on(async {
            let maintenance = self.client(self.role, PASSWORD, "postgres");
            let mut goldens = GoldenServer::connect(&maintenance, installation, &deadline()).await.unwrap();
            let name = GoldenName::new(name).unwrap();
            goldens.destroy(&name, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        });
    }

    /// Runs statements as superuser.
    #[track_caller]
    pub(crate) fn run(&self, database: &str, sql: &str) {
        self.run_as(SUPERUSER, PASSWORD, database, sql);
    }

    /// Runs statements as a role.
    #[track_caller]
    pub(crate) fn run_as(&self, user: &str, password: &str, database: &str, sql: &str) {
        self.runtime.block_on(async {
            let mut session = self.client(user, password, database).connect(&deadline()).await.unwrap();
            run(&mut session, sql).await;
        });
    }

    /// Removes a database and its roles by hand.
    #[track_caller]
    pub(crate) fn remove(&self, database: &str) {
        self.run("postgres", &format!("DROP DATABASE {database}"));
        self.run("postgres", &format!("DROP ROLE {database}_app; DROP ROLE {database}_owner"));
    }

    /// First column of all rows, as superuser.
    #[track_caller]
    pub(crate) fn values(&self, database: &str, sql: &str) -> Vec<String> {
        self.values_as(SUPERUSER, PASSWORD, database, sql)
    }

    /// First column of all rows, as a role.
    #[track_caller]
    pub(crate) fn values_as(&self, user: &str, password: &str, database: &str, sql: &str) -> Vec<String> {
        self.runtime.block_on(async {
            let mut session = self.client(user, password, database).connect(&deadline()).await.unwrap();
            query(&mut session, sql).await
        })
    }

    /// True if the role can connect to the database.
    pub(crate) fn enters(&self, user: &str, password: &str, database: &str) -> bool {
        self.runtime.block_on(async { self.client(user, password, database).connect(&deadline()).await.is_ok() })
    }

    /// A session in a database that stays open.
    #[track_caller]
    pub(crate) fn hold(&self, user: &str, password: &str, database: &str) -> HeldSession<'_> {
        let session = self.runtime.block_on(async { self.client(user, password, database).connect(&deadline()).await });
        HeldSession { server: self, session: Some(session.unwrap()) }
    }

    /// Databases and roles of a clone that exist on the server.
    #[track_caller]
    pub(crate) fn objects(&self, database: &str) -> Vec<String> {
        let sql = format!(
            "SELECT datname::text FROM pg_database WHERE starts_with(datname, '{database}') \
             UNION ALL SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, '{database}') ORDER BY 1"
        );
        self.values("postgres", &sql)
    }
}

impl HeldSession<'_> {
    /// First column of all rows.
    #[track_caller]
    pub(crate) fn values(&mut self, sql: &str) -> Vec<String> {
        let session = self.session.as_mut().unwrap();
        self.server.runtime.block_on(query(session, sql))
    }
}

impl Drop for HeldSession<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // The session ends with the test at the latest.
            drop(self.server.runtime.block_on(session.close(&deadline())));
        }
    }
}

async fn run(session: &mut PostgresSession, sql: &str) {
    let done = session.batch(&SqlStatement::new("run", "the statement", sql), &deadline()).await;
    done.unwrap_or_else(|error| panic!("{}: {sql}", error.chain()));
}

async fn query(session: &mut PostgresSession, sql: &str) -> Vec<String> {
    let rows = session.query(&SqlStatement::new("run", sql, sql), &[], &deadline()).await;
    let rows = rows.unwrap_or_else(|error| panic!("{}: {sql}", error.chain()));
    rows.iter().map(|row: &Row| row.get::<_, String>(0)).collect()
}
