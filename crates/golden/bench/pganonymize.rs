//! pganonymize: masks a table in place. It is measured with fewer rows, because it needs minutes for a million.

use std::{fs, path::Path, process::Command, time::Instant};

use anyhow::{Context, ensure};
use eod_testkit::postgres::{PASSWORD, SUPERUSER};

use crate::bench::{
    contestants::Servers,
    customers::{INDEXES, TABLE, rows},
};

/// Most rows that are measured.
const ROWS: u32 = 100_000;
/// Database that is masked.
const DATABASE: &str = "pganonymize";
/// Rules for the same columns as ours. Three of them are constants, which is less work than ours.
const RULES: &str = include_str!("pganonymize.yaml");

/// Milliseconds for a thousand rows with a program.
///
/// # Errors
/// If it fails, or leaves a row unmasked.
pub(crate) fn measure(servers: &Servers, program: &Path, count: u32) -> anyhow::Result<f64> {
    let count = count.min(ROWS);
    eprintln!("bench: pganonymize, {count} rows");
    servers.create(servers.preview.port, DATABASE, &[TABLE, &rows(count), INDEXES, "VACUUM (FREEZE, ANALYZE)"])?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("rules.yaml");
    fs::write(&file, RULES)?;
    servers.settle()?;
    let begun = Instant::now();
    let mut command = Command::new(program);
    command.arg(format!("--schema={}", file.display())).arg(format!("--port={}", servers.preview.port));
    command.args(["--host=127.0.0.1", &format!("--user={SUPERUSER}"), &format!("--dbname={DATABASE}")]);
    command.arg(format!("--password={PASSWORD}"));
    // The program has no names of schemas.
    command.env("PGOPTIONS", "-c search_path=app").env("PGSSLMODE", "disable");
    let output = command.output().with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(output.status.success(), "pganonymize failed: {}", String::from_utf8_lossy(&output.stderr));
    servers.run(servers.preview.port, DATABASE, &["ANALYZE app.customers"])?;
    let seconds = begun.elapsed().as_secs_f64();
    servers.check(DATABASE, count)?;
    servers.run(servers.preview.port, "postgres", &[&format!("DROP DATABASE {DATABASE}")])?;
    Ok(seconds * 1e6 / f64::from(count))
}
