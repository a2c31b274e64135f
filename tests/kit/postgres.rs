//! Real PostgreSQL servers on 127.0.0.1, one per version, shared by all tests of a process.
//!
//! PostgreSQL refuses to run as root. Under root the kit runs it as the user `nobody`, from folders that this user can read.

mod certificates;
mod loop_mount;
mod process;
mod server;

use std::{path::PathBuf, sync::OnceLock};

pub use self::{
    certificates::Certificates,
    loop_mount::{LoopFileSystem, LoopMount},
    server::{PgBouncer, PoolMode, PostgresServer},
};
use crate::testbed;

/// Name of the superuser.
pub const SUPERUSER: &str = "postgres";
/// Name of a role with CREATEDB and CREATEROLE that is not a superuser.
pub const ADMIN: &str = "eod_admin";
/// Name of a role without any privilege.
pub const READER: &str = "eod_reader";
/// Name of a role that logs in only with a client certificate.
pub const CERTIFIED: &str = "eod_cert";
/// Name of a role that the server accepts only with TLS.
pub const TLS_ONLY: &str = "eod_tls";
/// Name of a role that the server accepts only without TLS.
pub const PLAIN_ONLY: &str = "eod_plain";
/// Password of all roles. Tests search logs and messages for it.
pub const PASSWORD: &str = "canary-7Zq9@:/%x";

/// The shared servers: those of `EOD_TEST_POSTGRES`, or PostgreSQL 15 and 18 of the testbed. Started at the first call.
///
/// # Panics
/// If a server does not start; every test of the process gets the same message.
#[track_caller]
pub fn servers() -> &'static [PostgresServer] {
    static SHARED: OnceLock<Result<Vec<PostgresServer>, String>> = OnceLock::new();
    match SHARED.get_or_init(|| folders()?.iter().map(|bin| PostgresServer::start(bin)).collect()) {
        Ok(servers) => servers,
        Err(error) => panic!("PostgreSQL for the tests is missing: {error}"),
    }
}

/// The `bin` folders of the servers.
fn folders() -> Result<Vec<PathBuf>, String> {
    let given = std::env::var("EOD_TEST_POSTGRES").unwrap_or_default();
    let folders: Vec<_> = if given.is_empty() {
        let testbed = testbed::build("postgres")?;
        ["15/bin", "18/bin"].map(|folder| testbed.join(folder)).into()
    } else {
        given.split(',').map(|folder| PathBuf::from(folder.trim())).collect()
    };
    let incomplete = |folder: &&PathBuf| ["initdb", "postgres"].iter().any(|program| !folder.join(program).is_file());
    match folders.iter().find(incomplete) {
        None => Ok(folders),
        Some(folder) => Err(format!("expected initdb and postgres in {}", folder.display())),
    }
}

#[cfg(test)]
mod on_postgres;
