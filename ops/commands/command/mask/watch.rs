//! `eod mask watch`: progress of the work on a database, from views of the server.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use eod_clients::Error as ClientError;
use eod_clients::postgres::PostgresSession;
use eod_golden::rows;
use serde::Deserialize;
use serde_json::{Value, json};

use super::MaskContext;
use super::access::{server, statement_failure};
use super::bar::bar;
use crate::arguments::{MaskWatchArguments, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::print;
use crate::table::printable;

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Number of looks without any work after which the work is over: between two tables a builder has no session for a moment.
const QUIET: u32 = 3;

/// Sessions of EoD in a database, and in the build and the copy for a verification of a golden database of that name.
/// `application_name` has their phase and table.
const SESSIONS: &str = "\
SELECT a.pid, a.application_name AS name, COALESCE(a.state, '') AS state, a.wait_event_type = 'Lock' AS waits,
       EXTRACT(epoch FROM pg_catalog.now() - a.query_start)::float8 AS seconds,
       c.tuples_processed AS rows, c.bytes_processed AS bytes, NULLIF(c.bytes_total, 0) AS bytes_total,
       i.phase AS index_phase, i.blocks_done AS blocks, NULLIF(i.blocks_total, 0) AS blocks_total
FROM pg_catalog.pg_stat_activity a
LEFT JOIN pg_catalog.pg_stat_progress_copy c ON c.pid = a.pid
LEFT JOIN pg_catalog.pg_stat_progress_create_index i ON i.pid = a.pid
WHERE a.datname::pg_catalog.text IN ($1::pg_catalog.text, $1::pg_catalog.text || '_next', $1::pg_catalog.text || '_verify')
  AND a.application_name LIKE 'eod%' AND a.pid <> pg_catalog.pg_backend_pid()
ORDER BY a.backend_start, a.pid";

#[derive(Deserialize)]
struct DatabaseCount {
    count: u64,
}

/// Work of one session.
#[derive(Clone, Debug, Deserialize, PartialEq)]
struct WatchedSession {
    pid: i32,
    name: String,
    state: String,
    waits: Option<bool>,
    seconds: Option<f64>,
    rows: Option<u64>,
    bytes: Option<u64>,
    bytes_total: Option<u64>,
    index_phase: Option<String>,
    blocks: Option<u64>,
    blocks_total: Option<u64>,
}

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &MaskWatchArguments) -> Result<Outcome, Failure> {
    let failed = |error: ClientError| statement_failure(&error);
    let server = server(context, &arguments.server)?;
    let database = &arguments.database;
    let mut session = server.connect(&context.deadline).await.map_err(failed)?;
    let known = "SELECT pg_catalog.count(*) AS count FROM pg_catalog.pg_database \
                 WHERE datname::pg_catalog.text IN ($1::pg_catalog.text, $1::pg_catalog.text || '_next')";
    let known: Vec<DatabaseCount> =
        rows(&mut session, "databases", known, &[database], &context.deadline).await.map_err(failed)?;
    if known.first().is_none_or(|row| row.count == 0) {
        let failure = Failure::failed(format!("the server has no database `{}`", printable(database)));
        return Err(failure.remedy("check --server, or PGHOST; the name of a golden database shows its build, too"));
    }
    if context.output == OutputFormat::Json {
        let sessions = look(&mut session, context, database).await?;
        context.print_document(json!({ "database": database, "sessions": document(&sessions) }))?;
        return Ok(Outcome::Done);
    }
    follow(&mut session, context, database).await?;
    // The work is over; a session that ends with an error has done its part.
    drop(session.close(&context.deadline).await);
    Ok(Outcome::Done)
}

/// Shows the sessions until there are none.
async fn follow(session: &mut PostgresSession, context: &MaskContext, database: &str) -> Result<(), Failure> {
    let is_terminal = io::stdout().is_terminal();
    let (mut quiet, mut shown, mut lines) = (0, Vec::new(), 0);
    loop {
        let sessions = look(session, context, database).await?;
        quiet = if sessions.is_empty() { quiet + 1 } else { 0 };
        let texts: Vec<String> = sessions.iter().map(WatchedSession::line).collect();
        if is_terminal {
            // Moves up over the lines of the last look, and clears them.
            let up = if lines > 0 { format!("\u{1b}[{lines}A\u{1b}[J") } else { String::new() };
            print(&format!("{up}{}", texts.iter().map(|line| format!("{line}\n")).collect::<String>()))?;
            lines = texts.len();
        } else {
            let new: String =
                texts.iter().filter(|line| !shown.contains(*line)).map(|line| format!("{line}\n")).collect();
            print(&new)?;
        }
        let was_shown = !shown.is_empty();
        if !texts.is_empty() {
            shown = texts;
        }
        if quiet > 0 && (!was_shown || quiet >= QUIET) {
            let what = if was_shown { "the work has ended" } else { "no work of EoD is running" };
            return print(&format!("database {}: {what}\n", printable(database)));
        }
        if context.deadline.pause(INTERVAL).await.is_err() {
            // Ctrl-C ends the view, not the work.
            return Ok(());
        }
    }
}

async fn look(
    session: &mut PostgresSession,
    context: &MaskContext,
    database: &str,
) -> Result<Vec<WatchedSession>, Failure> {
    let found = rows(session, "sessions of the database", SESSIONS, &[&database], &context.deadline).await;
    found.map_err(|error| statement_failure(&error))
}

impl WatchedSession {
    /// Text of one line: a bar if the end is known, the phase with the table, and what is done.
    fn line(&self) -> String {
        let part = match (self.blocks.zip(self.blocks_total), self.bytes.zip(self.bytes_total)) {
            (Some(part), _) | (None, Some(part)) => Some(part),
            (None, None) => None,
        };
        let mut line = part.map(|(done, total)| bar(done, total)).unwrap_or_default();
        line.push_str(&printable(&self.name));
        if let Some(phase) = &self.index_phase {
            let _ = write!(line, "  index: {}", printable(phase));
        }
        if let Some(rows) = self.rows {
            let _ = write!(line, "  {rows} rows");
        }
        if let Some(bytes) = self.bytes {
            let _ = write!(line, "  {} MB", bytes >> 20);
        }
        if self.waits == Some(true) {
            line.push_str("  waits for a lock");
        }
        line
    }
}

fn document(sessions: &[WatchedSession]) -> Vec<Value> {
    let one = |session: &WatchedSession| {
        json!({
            "pid": session.pid, "work": session.name, "state": session.state, "waits": session.waits,
            "seconds": session.seconds, "rows": session.rows, "bytes": session.bytes,
            "bytes_total": session.bytes_total, "index_phase": session.index_phase, "blocks": session.blocks,
            "blocks_total": session.blocks_total,
        })
    };
    sessions.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
