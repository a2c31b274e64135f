//! A database of a story, on a server that all tests share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use eod_clients::{
    Deadline,
    postgres::{Postgres, PostgresAccess, PostgresSession, PostgresSettings, SqlStatement},
};
use eod_testkit::postgres::{PASSWORD, PostgresServer, READER, SUPERUSER};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Tables with every kind of rule. All personal values contain `canary`.
const TABLES: &str = "\
CREATE SCHEMA app;
CREATE TABLE app.customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE,
  name text NOT NULL,
  plate varchar(20) CHECK (length(plate) <= 20),
  profile jsonb
);
CREATE TABLE app.orders (
  id bigint PRIMARY KEY, customer_id bigint REFERENCES app.customers, buyer text, state text, note text
);
INSERT INTO app.customers (email, name, plate, profile)
SELECT 'canary' || i || '@canary.example', 'Canary Berger', 'CANARY ' || i, jsonb_build_object('mail', 'canary') FROM generate_series(1, 200) i;
INSERT INTO app.orders SELECT i, i % 200 + 1, 'canary' || i || '@canary.example', CASE i % 2 WHEN 0 THEN 'new' ELSE 'paid' END, 'Canary said so'
FROM generate_series(1, 300) i;
ANALYZE";

/// A CHECK that no masked address passes.
const CONSTRAINT: &str = "ALTER TABLE app.customers ADD CONSTRAINT at_canary CHECK (email LIKE '%@canary.example')";

/// A database of one test. It is removed with the server.
pub(super) struct MaskDatabase {
    /// Name.
    pub(super) name: String,
    server: &'static PostgresServer,
    runtime: Runtime,
}

/// A session that is open until it is dropped.
pub(super) struct OpenSession<'a> {
    database: &'a MaskDatabase,
    session: Option<PostgresSession>,
}

/// A long time limit, which ends a broken test.
pub(super) fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(60), CancellationToken::new())
}

impl MaskDatabase {
    #[track_caller]
    pub(super) fn create(server: &'static PostgresServer, test: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let name = format!("mask_{test}_{number}");
        let database = Self { name, server, runtime };
        database.run_in("postgres", &format!("CREATE DATABASE {} TEMPLATE template0", database.name));
        database.run_in(&database.name, TABLES);
        database.run_in(&database.name, &format!("GRANT USAGE ON SCHEMA app TO {READER}"));
        if test == "check" {
            database.run_in(&database.name, CONSTRAINT);
        }
        database
    }

    /// The maintenance database of a server.
    #[track_caller]
    pub(super) fn maintenance(server: &'static PostgresServer) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { name: "postgres".to_owned(), server, runtime }
    }

    fn client(&self, database: &str, program: &str) -> Postgres {
        Self::client_named(self.server, database, program)
    }

    /// A superuser's client of a database.
    pub(super) fn client_of(server: &PostgresServer, database: &str) -> Postgres {
        Self::client_named(server, database, "story")
    }

    fn client_named(server: &PostgresServer, database: &str, program: &str) -> Postgres {
        let mut settings = PostgresSettings::default();
        let port = server.port.to_string();
        for (keyword, value) in [
            ("host", "127.0.0.1"),
            ("port", &port),
            ("dbname", database),
            ("user", SUPERUSER),
            ("password", PASSWORD),
            ("application_name", program),
        ] {
            settings.set(keyword, value).unwrap();
        }
        Postgres::new(PostgresAccess::new(&settings).unwrap())
    }

    /// Runs statements in a database of the server.
    #[track_caller]
    pub(super) fn run_in(&self, database: &str, sql: &str) {
        let done = self.runtime.block_on(async {
            let mut session = self.client(database, "story").connect(&deadline()).await?;
            session.batch(&SqlStatement::new("run", "the statement", sql), &deadline()).await?;
            session.close(&deadline()).await
        });
        done.unwrap_or_else(|error| panic!("{}: {sql}", error.chain()));
    }

    /// First column of all rows.
    #[track_caller]
    pub(super) fn values(&self, sql: &str) -> Vec<String> {
        self.values_in(&self.name, sql)
    }

    /// First column of all rows of a query in a database of the server.
    #[track_caller]
    pub(super) fn values_in(&self, database: &str, sql: &str) -> Vec<String> {
        let sql = format!("SELECT (x.*)::text FROM ({sql}) x");
        let rows = self.runtime.block_on(async {
            let mut session = self.client(database, "story").connect(&deadline()).await?;
            session.query(&SqlStatement::new("run", "the query", &sql), &[], &deadline()).await
        });
        let rows = rows.unwrap_or_else(|error| panic!("{}: {sql}", error.chain()));
        let text = |row: &eod_clients::postgres::Row| row.get::<_, String>(0);
        rows.iter().map(|row| text(row).trim_matches(['(', ')']).to_owned()).collect()
    }

    /// Fails if the server cannot parse a statement. The statement is not run.
    #[track_caller]
    pub(super) fn parses(&self, statement: &str) {
        // A function body in SQL is only parsed. Utility statements are accepted in it, too.
        let body = statement.trim_end_matches(';').replace('\'', "''");
        let sql = format!("DO 'BEGIN RETURN; {};END'", body.replace("SELECT ", "PERFORM "));
        self.run_in(&self.name, &sql);
    }

    /// Stops the creation and removal of databases of the server until the result is dropped.
    #[track_caller]
    pub(super) fn lock_databases(&self) -> OpenSession<'_> {
        self.locked("BEGIN; LOCK TABLE pg_database IN SHARE MODE")
    }

    /// A session with the locks of a transaction, until the result is dropped.
    #[track_caller]
    pub(super) fn locked(&self, sql: &str) -> OpenSession<'_> {
        let session = self.runtime.block_on(async {
            let mut session = self.client(&self.name, "story").connect(&deadline()).await?;
            session.batch(&SqlStatement::new("lock", "the tables", sql), &deadline()).await?;
            Ok::<_, eod_clients::Error>(session)
        });
        OpenSession { database: self, session: Some(session.unwrap_or_else(|error| panic!("{}", error.chain()))) }
    }

    /// A session with this name.
    #[track_caller]
    pub(super) fn work(&self, program: &str) -> OpenSession<'_> {
        let session = self.runtime.block_on(self.client(&self.name, program).connect(&deadline()));
        OpenSession { database: self, session: Some(session.unwrap_or_else(|error| panic!("{}", error.chain()))) }
    }
}

impl Drop for OpenSession<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // The session ends with the test at the latest.
            drop(self.database.runtime.block_on(session.close(&deadline())));
        }
    }
}
