//! One suite for all servers of the kit, as superuser and as a role with CREATEDB, CREATEROLE and membership only.

mod contract;
mod intruders;
mod keep;
mod kill;
mod life;
mod logins;
mod observed;
mod refused;
mod restore;
mod schema_kill;
mod schemas;
mod shared;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use eod_clients::{
    Deadline,
    postgres::{Postgres, PostgresAccess, PostgresSession, PostgresSettings, SqlStatement, lock_key},
};
use eod_domain::{Installation, Nonce};
use eod_golden::{DatabaseTemplate, GoldenFacts, GoldenManifest, GoldenName, GoldenServer, PublishSettings};
use eod_testkit::postgres::{ADMIN, PASSWORD, PostgresServer, READER, SUPERUSER, servers};
use tokio_util::sync::CancellationToken;

use crate::{CloneName, CloneOwner, ClonePassword, CloneRequest, CloneServer, KeptClone};

/// Roles that the suite runs as.
const ROLES: [&str; 2] = [SUPERUSER, ADMIN];
const ENVIRONMENT: &str = "shop-pr-7";
/// Time of the snapshot of all goldens of the suite.
const TAKEN_AT: &str = "2026-11-28T12:00:00Z";
/// Rows of the golden database.
const ROWS: &str = "\
CREATE SCHEMA app; CREATE TABLE app.orders (id int PRIMARY KEY, note text);
INSERT INTO app.orders SELECT i, 'masked' FROM generate_series(1, 100) i";

/// A published golden database with one table.
struct Golden<'s> {
    server: &'s PostgresServer,
    /// Role that makes clones.
    role: &'static str,
    installation: Installation,
    name: GoldenName,
}

/// A long time limit, which ends a broken test.
fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(120), CancellationToken::new())
}

fn client(server: &PostgresServer, user: &str, password: &str, database: &str) -> Postgres {
    client_at(server.port, user, password, database)
}

fn client_at(port: u16, user: &str, password: &str, database: &str) -> Postgres {
    let mut settings = PostgresSettings::default();
    let port = port.to_string();
    let values = [("host", "127.0.0.1"), ("port", &port), ("dbname", database), ("user", user), ("password", password)];
    for (keyword, value) in values {
        settings.set(keyword, value).unwrap();
    }
    Postgres::new(PostgresAccess::new(&settings).unwrap())
}

async fn run(session: &mut PostgresSession, sql: &str) {
    let done = session.batch(&SqlStatement::new("run", "the statement", sql), &deadline()).await;
    done.unwrap_or_else(|error| panic!("{}: {sql}", error.chain()));
}

/// The first column of all rows.
async fn values(session: &mut PostgresSession, sql: &str) -> Vec<String> {
    let rows = session.query(&SqlStatement::new("run", sql, sql), &[], &deadline()).await;
    let rows = rows.unwrap_or_else(|error| panic!("{}: {sql}", error.chain()));
    rows.iter().map(|row| row.get::<_, String>(0)).collect()
}

async fn superuser(server: &PostgresServer, database: &str) -> PostgresSession {
    client(server, SUPERUSER, PASSWORD, database).connect(&deadline()).await.unwrap()
}

/// One golden database per server and role.
async fn goldens() -> Vec<Golden<'static>> {
    let mut goldens = Vec::new();
    for server in servers() {
        for role in ROLES {
            goldens.push(Golden::publish(server, role).await);
        }
    }
    goldens
}

impl<'s> Golden<'s> {
    async fn publish(server: &'s PostgresServer, role: &'static str) -> Self {
        Self::publish_with(server, role, ROWS).await
    }

    /// A golden database with the tables of these statements.
    async fn publish_with(server: &'s PostgresServer, role: &'static str, rows: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = GoldenName::new(&format!("gold_{number}")).unwrap();
        let golden = Self { server, role, installation: format!("clones-{number}").parse().unwrap(), name };
        let objects = golden.name.objects_role();
        let mut session = golden.maintenance().connect(&deadline()).await.unwrap();
        run(&mut session, &format!("CREATE ROLE {objects} NOLOGIN; GRANT {objects} TO CURRENT_USER")).await;
        let next = golden.name.next();
        let mut goldens = golden.goldens().await;
        goldens.begin(&next, DatabaseTemplate { name: "template0", locale: "" }, &deadline()).await.unwrap();
        let mut inside = client(server, role, PASSWORD, next.as_str()).connect(&deadline()).await.unwrap();
        run(&mut inside, &format!("SET ROLE {}; GRANT CREATE ON DATABASE {next} TO {objects}", next.owner())).await;
        run(&mut inside, &format!("SET ROLE {objects}; {rows}; RESET ROLE")).await;
        let manifest = GoldenManifest {
            version: 1,
            policy: "abc".to_owned(),
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
            policy: "abc".to_owned(),
            key_check: "def".to_owned(),
        };
        goldens.finish(&next, &facts, &deadline()).await.unwrap();
        let settings = PublishSettings { valid_for: Duration::from_hours(24 * 3650), keep: 0 };
        goldens.publish(&golden.name, settings, &deadline()).await.unwrap();
        golden
    }

    fn maintenance(&self) -> Postgres {
        client(self.server, self.role, PASSWORD, "postgres")
    }

    async fn goldens(&self) -> GoldenServer {
        GoldenServer::connect(&self.maintenance(), self.installation.as_str(), &deadline()).await.unwrap()
    }

    async fn clones(&self) -> CloneServer {
        CloneServer::connect(&self.maintenance(), &self.installation, &deadline()).await.unwrap()
    }

    fn owner(&self, environment: &str) -> CloneOwner {
        CloneOwner { environment: environment.parse().unwrap(), installation: self.installation.clone() }
    }

    fn clone_name(&self, environment: &str) -> CloneName {
        CloneName::of(&self.name, &environment.parse().unwrap())
    }

    /// Creates and opens the clone of an environment; returns its password.
    async fn opened(&self, environment: &str) -> ClonePassword {
        let (name, owner, password) = (self.clone_name(environment), self.owner(environment), password(1));
        let mut clones = self.clones().await;
        let request = CloneRequest { name: &name, owner: &owner, golden: &self.name, nonce: &nonce(1) };
        clones.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        clones.open(&name, &owner, &password, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        drop(clones);
        released(self.server, &name).await;
        password
    }

    /// Keeps the clone of an environment.
    async fn kept(&self, environment: &str, keep_for: Duration) -> KeptClone {
        let (name, owner) = (self.clone_name(environment), self.owner(environment));
        let mut clones = self.clones().await;
        let kept = clones.keep(&name, &owner, None, keep_for, &deadline()).await;
        drop(clones);
        released(self.server, &name).await;
        kept.unwrap_or_else(|error| panic!("{}", error.chain())).unwrap()
    }

    /// True if the role can connect to the database.
    async fn enters(&self, role: &str, password: &str, database: &str) -> bool {
        client(self.server, role, password, database).connect(&deadline()).await.is_ok()
    }

    /// True if a role without privileges can connect to the clone.
    async fn stranger_enters(&self, name: &CloneName) -> bool {
        self.enters(READER, PASSWORD, name.as_str()).await
    }

    /// Databases and roles with names that begin with that of the clone.
    async fn left(&self, name: &CloneName) -> Vec<String> {
        left(self.server, name).await
    }

    /// Name for messages.
    fn described(&self) -> String {
        format!("PostgreSQL {} as {}", self.server.version, self.role)
    }
}

/// Waits until no session has the lock of a name. The server releases it a moment after the end of a session.
async fn released(server: &PostgresServer, name: &CloneName) {
    let mut session = superuser(server, "postgres").await;
    let keys = [format!("clone {name}"), format!("schema {name}")].map(|lock| lock_key(&lock).to_string());
    let sql = format!(
        "SELECT pid::text FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
         AND (classid::int8 << 32) | objid::int8 IN ({})",
        keys.join(", ")
    );
    while !values(&mut session, &sql).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Databases and roles with names that begin with this one.
async fn left(server: &PostgresServer, name: &CloneName) -> Vec<String> {
    let sql = format!(
        "SELECT datname::text FROM pg_database WHERE starts_with(datname, '{name}') \
         UNION ALL SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, '{name}') ORDER BY 1"
    );
    values(&mut superuser(server, "postgres").await, &sql).await
}

fn nonce(number: u8) -> Nonce {
    Nonce::new([number; 16])
}

fn password(number: u8) -> ClonePassword {
    ClonePassword::new([number; 32])
}
