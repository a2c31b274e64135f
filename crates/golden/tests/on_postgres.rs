//! One suite for all servers of the kit, as superuser and as a role with CREATEDB, CREATEROLE and membership only.

mod builds;
mod copies;
mod disarm_list;
mod failures;
mod goldens;
mod in_place;
mod raw_builds;
mod shop;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use eod_clients::{
    Deadline,
    postgres::{Postgres, PostgresAccess, PostgresSession, PostgresSettings, SqlStatement},
};
use eod_masking::{MaskingKey, MaskingPolicy, parse_masking_policy};
use eod_testkit::postgres::{ADMIN, PASSWORD, PostgresServer, SUPERUSER, servers};
use tokio_util::sync::CancellationToken;

/// Roles that the suite runs as.
const ROLES: [&str; 2] = [SUPERUSER, ADMIN];
/// Role that reads the source.
const READ_ALL: &str = "shop_reader";
/// Key of all tests.
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// Two databases with one structure on one server. The first one has rows.
struct Shop {
    server: &'static PostgresServer,
    /// Role that copies.
    role: &'static str,
    /// Role that owns all tables.
    owner: String,
    source: String,
    target: String,
}

/// A long time limit, which ends a broken test.
fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(120), CancellationToken::new())
}

fn client(server: &PostgresServer, user: &str, database: &str) -> Postgres {
    client_named(server, user, database, "eod")
}

/// A client with its `application_name`.
fn client_named(server: &PostgresServer, user: &str, database: &str, program: &str) -> Postgres {
    client_at(server.port, user, database, program)
}

/// A client of a port of 127.0.0.1.
fn client_at(port: u16, user: &str, database: &str, program: &str) -> Postgres {
    let mut settings = PostgresSettings::default();
    let port = port.to_string();
    for (keyword, value) in
        [("host", "127.0.0.1"), ("port", &port), ("dbname", database), ("user", user), ("application_name", program)]
    {
        settings.set(keyword, value).unwrap();
    }
    settings.set("password", PASSWORD).unwrap();
    Postgres::new(PostgresAccess::new(&settings).unwrap())
}

async fn run(session: &mut PostgresSession, sql: &str) {
    let done = session.batch(&SqlStatement::new("run", "the statement", sql), &deadline()).await;
    done.unwrap_or_else(|error| {
        let failure = error.cause::<eod_clients::postgres::PostgresFailure>();
        panic!("{}: {:?}: {:.300}", error.chain(), failure.map(|failure| failure.full_message.reveal().to_owned()), sql)
    });
}

/// The first column of all rows as text.
async fn values(session: &mut PostgresSession, sql: &str) -> Vec<String> {
    let sql = format!("SELECT (x.*)::text FROM ({sql}) x");
    let rows = session.query(&SqlStatement::new("run", &sql, &sql), &[], &deadline()).await;
    let rows = rows.unwrap_or_else(|error| panic!("{}: {sql}", error.chain()));
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect()
}

/// One shop per server and role.
async fn shops() -> Vec<Shop> {
    let mut shops = Vec::new();
    for server in servers() {
        for role in ROLES {
            shops.push(Shop::create(server, role).await);
        }
    }
    shops
}

impl Shop {
    async fn create(server: &'static PostgresServer, role: &'static str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (owner, source, target) =
            (format!("shop_owner_{number}"), format!("shop_{number}"), format!("golden_{number}"));
        let mut session = client(server, role, "postgres").connect(&deadline()).await.unwrap();
        run(&mut session, &format!("CREATE ROLE {owner}; GRANT {owner} TO {role}")).await;
        for database in [&source, &target] {
            run(&mut session, &format!("CREATE DATABASE {database} TEMPLATE template0")).await;
            run(&mut session, &format!("GRANT CREATE ON DATABASE {database} TO {owner}")).await;
            let mut inside = client(server, role, database).connect(&deadline()).await.unwrap();
            run(&mut inside, &shop::EXTENSIONS.replace("OWNER", &owner)).await;
            run(&mut inside, &format!("SET ROLE {owner}")).await;
            run(&mut inside, shop::TABLES).await;
            if *database == source {
                run(&mut inside, shop::ROWS).await;
            }
            run(&mut inside, shop::DEFINITIONS).await;
            if server.version >= 18 {
                run(&mut inside, shop::VIRTUAL).await;
            }
            inside.close(&deadline()).await.unwrap();
        }
        let mut session = client(server, SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
        let reader = format!(
            "DO $$BEGIN CREATE ROLE {READ_ALL} LOGIN BYPASSRLS PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
        );
        run(&mut session, &reader).await;
        Self { server, role, owner, source, target }
    }

    /// A role that may only read. BYPASSRLS, because the policies of the source would hide rows from it.
    fn source(&self) -> Postgres {
        client(self.server, READ_ALL, &self.source)
    }

    fn target(&self) -> Postgres {
        client(self.server, self.role, &self.target)
    }

    /// A superuser, who sees all rows.
    async fn inside(&self, database: &str) -> PostgresSession {
        client(self.server, SUPERUSER, database).connect(&deadline()).await.unwrap()
    }

    /// Name for messages.
    fn described(&self) -> String {
        format!("PostgreSQL {} as {}", self.server.version, self.role)
    }
}

fn policy(text: &str) -> MaskingPolicy {
    parse_masking_policy(text.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn key() -> MaskingKey {
    MaskingKey::from_secret(SECRET).unwrap()
}

/// All definitions of a database, one per line.
async fn definitions(session: &mut PostgresSession) -> Vec<String> {
    run(session, "SET search_path = ''").await;
    let mut found = Vec::new();
    for sql in shop::FINGERPRINT {
        found.extend(values(session, sql).await);
    }
    assert!(found.len() > 100, "{}", found.len());
    found
}

/// Lines of one list that the other one does not have.
fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|line| !after.contains(line)).map(|line| format!("- {line}"));
    let new = after.iter().filter(|line| !before.contains(line)).map(|line| format!("+ {line}"));
    gone.chain(new).collect()
}
