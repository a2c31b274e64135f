//! Measurement of clones on a server: time per file, and sharing of blocks.
//!
//! Databases of the measurement have the prefix `eod_doctor_`. They contain random numbers only, and are removed in any
//! case.

use std::path::Path;
use std::time::{Duration, Instant};

use eod_clients::postgres::{Postgres, PostgresSession};
use eod_clients::{Deadline, Error as ClientError};
use eod_golden::{quoted_name, rows, run};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::command::mask::bar::StatusLine;

/// Size of the table of the measurement in bytes.
const BYTES: u64 = 16 << 20;
/// Time limit of the removal of the databases, also after Ctrl-C.
const CLEANUP: Duration = Duration::from_secs(30);

/// Table of random numbers. Rows of about 1 KB are not compressed.
const FILL: &str = "\
CREATE TABLE numbers AS SELECT i, pg_catalog.string_agg(pg_catalog.md5(i::text || j::text), '') AS text
FROM pg_catalog.generate_series(1, 15000) i, pg_catalog.generate_series(1, 31) j GROUP BY i";

/// Result of a measurement.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    /// Sharing of blocks between a database and its clone.
    pub(super) sharing: BlockSharing,
    /// Duration of a clone of [`BYTES`] bytes.
    pub(super) clone_seconds: f64,
    /// Duration of a clone of an empty database.
    pub(super) empty_seconds: f64,
    /// Number of files of an empty database; none if the role cannot list them.
    pub(super) files: Option<u64>,
}

/// Sharing of blocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum BlockSharing {
    /// A clone needs almost no space.
    Shared,
    /// A clone needs as much space as its source.
    Copied,
    /// The server is on another host, or others wrote at the same time.
    Unknown,
}

#[derive(Deserialize)]
struct FileCount {
    count: u64,
}

impl Measurement {
    /// Duration per file of a clone in milliseconds.
    pub(super) fn milliseconds_per_file(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "a number of files")]
        self.files.filter(|files| *files > 0).map(|files| self.empty_seconds * 1000.0 / files as f64)
    }

    /// Text for people.
    pub(super) fn text(&self) -> String {
        let Self { sharing, clone_seconds, empty_seconds, files, .. } = self;
        let sharing = match sharing {
            BlockSharing::Shared => "blocks are shared",
            BlockSharing::Copied => "blocks are copied",
            BlockSharing::Unknown => "sharing of blocks is unknown: run this on the host of the server",
        };
        let files = match (files, self.milliseconds_per_file()) {
            (Some(files), Some(cost)) => format!(" ({files} files, {cost:.2} ms each)"),
            _ => String::new(),
        };
        format!(
            "{sharing}; clone of {} MB in {clone_seconds:.2} s, of an empty database in {empty_seconds:.2} s{files}",
            BYTES >> 20
        )
    }
}

/// Creates a database with numbers, clones it, and removes both. `data_directory` is the folder of the server on its host.
pub(super) async fn measure(
    server: &Postgres,
    session: &mut PostgresSession,
    data_directory: &str,
    deadline: &Deadline,
) -> Result<Measurement, ClientError> {
    let prefix = format!("eod_doctor_{}", std::process::id());
    let names = [format!("{prefix}_source"), format!("{prefix}_clone"), format!("{prefix}_empty")];
    let mut line = StatusLine::on_stderr();
    let result = clones(server, session, data_directory, &names, &mut line, deadline).await;
    line.show("removing the databases of the measurement");
    // The command may have been cancelled: the removal has its own time limit, and a session that still works.
    let cleanup = Deadline::within(CLEANUP, CancellationToken::new());
    let mut other = None;
    let session = if session.is_closed() { other.insert(server.connect(&cleanup).await?) } else { session };
    let mut removed = Ok(());
    for name in &names {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted_name(name));
        removed = run(session, "remove", &format!("database `{name}`"), &sql, &cleanup).await.and(removed);
    }
    let result = result?;
    removed?;
    Ok(result)
}

async fn clones(
    server: &Postgres,
    session: &mut PostgresSession,
    data_directory: &str,
    [source, clone, empty]: &[String; 3],
    line: &mut StatusLine,
    deadline: &Deadline,
) -> Result<Measurement, ClientError> {
    line.show(&format!("creating database {source} with {} MB", BYTES >> 20));
    create(session, source, "template0", deadline).await?;
    let mut inside = Postgres::new(server.access().with_database(source)).connect(deadline).await?;
    run(&mut inside, "fill", &format!("database `{source}`"), FILL, deadline).await?;
    inside.close(deadline).await?;
    line.show("measuring clones");
    // The first clone also writes the new table to disk; only its successors are measured.
    create(session, empty, "template0", deadline).await?;
    drop_database(session, empty, deadline).await?;
    let empty_seconds = create(session, empty, "template0", deadline).await?;
    let folder = Path::new(data_directory);
    let before = free_bytes(folder);
    let clone_seconds = create(session, clone, source, deadline).await?;
    let after = free_bytes(folder);
    let used = before.zip(after).map(|(before, after)| before.saturating_sub(after));
    let sharing = match used {
        Some(used) if used <= BYTES / 4 => BlockSharing::Shared,
        Some(used) if (BYTES / 4 * 3..BYTES * 3).contains(&used) => BlockSharing::Copied,
        _ => BlockSharing::Unknown,
    };
    let count = "SELECT pg_catalog.count(*) AS count FROM pg_catalog.pg_ls_dir('base/' || (SELECT oid FROM \
                 pg_catalog.pg_database WHERE datname = $1))";
    // Only superusers and members of some roles may list files.
    let files = rows::<FileCount>(session, "files of a database", count, &[empty], deadline).await;
    let files = files.ok().and_then(|rows| rows.first().map(|row| row.count));
    Ok(Measurement { sharing, clone_seconds, empty_seconds, files })
}

/// Creates a database as a copy of files; returns the seconds.
async fn create(
    session: &mut PostgresSession,
    name: &str,
    template: &str,
    deadline: &Deadline,
) -> Result<f64, ClientError> {
    // CREATE DATABASE ... STRATEGY came with PostgreSQL 15.
    let strategy = if session.server_version() >= 150_000 { " STRATEGY FILE_COPY" } else { "" };
    let sql = format!("CREATE DATABASE {} TEMPLATE {}{strategy}", quoted_name(name), quoted_name(template));
    let begin = Instant::now();
    run(session, "create", &format!("database `{name}`"), &sql, deadline).await?;
    Ok(begin.elapsed().as_secs_f64())
}

async fn drop_database(session: &mut PostgresSession, name: &str, deadline: &Deadline) -> Result<(), ClientError> {
    let sql = format!("DROP DATABASE IF EXISTS {}", quoted_name(name));
    run(session, "remove", &format!("database `{name}`"), &sql, deadline).await
}

/// Free bytes of the file system with the data of the server; none on another host. Needs the rights to see the folder.
fn free_bytes(folder: &Path) -> Option<u64> {
    // Only the folder of a running server has this file.
    if !folder.is_absolute() || !folder.join("postmaster.pid").exists() {
        return None;
    }
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bfree * found.f_frsize)
}
