//! One suite for all servers of the kit, as superuser and as a role with CREATEDB and CREATEROLE.

mod copies;
mod faults;
mod poolers;
mod secrets;
mod statements;
mod tls;

use std::time::Duration;

use eod_testkit::postgres::{ADMIN, PASSWORD, PostgresServer, SUPERUSER, servers};
use tokio_util::sync::CancellationToken;

use crate::{
    Deadline, Error,
    postgres::{Postgres, PostgresAccess, PostgresSession, PostgresSettings, SqlStatement},
};

/// Roles that the suite runs as.
const ROLES: [&str; 2] = [SUPERUSER, ADMIN];

/// A long time limit, which ends a broken test.
fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(60), CancellationToken::new())
}

/// A short time limit, for statements that do not end by themselves.
fn short() -> Deadline {
    Deadline::within(Duration::from_millis(300), CancellationToken::new())
}

/// Settings of a server for a role, with more keywords.
fn settings(server: &PostgresServer, user: &str, more: &[(&str, &str)]) -> PostgresSettings {
    let mut settings = PostgresSettings::default();
    let port = server.port.to_string();
    let base = [("host", "localhost"), ("hostaddr", "127.0.0.1"), ("port", port.as_str()), ("dbname", "postgres")];
    for (keyword, value) in base.into_iter().chain([("user", user), ("password", PASSWORD)]) {
        settings.set(keyword, value).unwrap();
    }
    for (keyword, value) in more {
        settings.set(keyword, value).unwrap();
    }
    settings
}

fn client(settings: &PostgresSettings) -> Postgres {
    Postgres::new(PostgresAccess::new(settings).unwrap())
}

async fn connect(server: &PostgresServer, user: &str, more: &[(&str, &str)]) -> Result<PostgresSession, Error> {
    client(&settings(server, user, more)).connect(&deadline()).await
}

/// One session per server and role.
async fn sessions() -> Vec<(&'static PostgresServer, PostgresSession)> {
    let mut sessions = Vec::new();
    for server in servers() {
        for role in ROLES {
            sessions.push((server, connect(server, role, &[]).await.unwrap()));
        }
    }
    sessions
}

fn statement(sql: &str) -> SqlStatement<'_> {
    SqlStatement::new("run", "the statement", sql)
}

/// The first value of the first row as text.
async fn value(session: &mut PostgresSession, sql: &str) -> String {
    let sql = format!("SELECT ({sql})::text");
    let rows = session.query(&statement(&sql), &[], &deadline()).await.unwrap();
    rows[0].get::<_, Option<String>>(0).unwrap_or_default()
}

/// Waits until a query returns a value. Polls the server.
async fn eventually(session: &mut PostgresSession, sql: &str, expected: &str) {
    let mut seen = String::new();
    for _ in 0..300 {
        seen = value(session, sql).await;
        if seen == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("`{sql}` is {seen}, expected {expected}");
}
