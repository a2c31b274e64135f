//! Report and estimate of a build as text. Neither contains values.

use std::fmt::Write as _;

use eod_golden::{BuildEstimate, BuildReport, GoldenName};

use super::privileges_text;
use crate::command::mask::quantity::{counted, size_text};
use crate::table::{TextTable, printable};

/// Number of digits of a digest in a text. The JSON document has all of them.
const DIGITS: usize = 16;

/// Text of a report.
pub(super) fn report_text(report: &BuildReport) -> String {
    let BuildReport { name, database, source, facts, attempts, tables, steps, .. } = report;
    let mut text = format!(
        "golden database {name}: built as {database} from {}, not published yet\n\
         snapshot {}, manifest {}, policy {}, key check {}\n",
        printable(source),
        facts.taken_at,
        facts.manifest,
        facts.policy,
        facts.key_check
    );
    let mut table = TextTable::new(&["TABLE", "ROWS", "MASKED", "RULES", "DIGEST"]);
    for row in tables {
        let (rules, digest) = (short(&row.rules), short(&row.digest));
        table.row(vec![row.name.to_string(), row.rows.to_string(), row.masked.to_string(), rules, digest]);
    }
    text.push_str(&table.text());
    let mut table = TextTable::new(&["STEP", "SECONDS"]);
    for step in steps {
        let (seconds, tenths) = (step.milliseconds / 1000, step.milliseconds % 1000 / 100);
        table.row(vec![step.step.to_string(), format!("{seconds}.{tenths}")]);
    }
    text.push_str(&table.text());
    let _ = writeln!(
        text,
        "{} in {}; {}, {}, {}",
        counted(facts.rows, "row"),
        counted(facts.tables, "table"),
        counted(report.sequences, "sequence"),
        counted(report.views, "materialized view"),
        counted(report.large_objects, "large object"),
    );
    if *attempts > 1 {
        let _ = writeln!(text, "{attempts} attempts, because a standby has interrupted the build");
    }
    let _ = writeln!(text, "verified: {} of the source are in no column of it", counted(report.values, "value"));
    text.push_str(searched(report));
    for (title, list) in [
        ("accepted", &report.accepted),
        ("left out", &report.removed),
        ("privilege left out", &report.privileges_left_out),
    ] {
        for entry in list {
            let _ = writeln!(text, "{title}: {}", printable(entry));
        }
    }
    text.push_str(&privileges_text(&report.privileges));
    match report.raw_copy_removed {
        Some(true) => text.push_str("the raw copy was removed\n"),
        Some(false) => text.push_str("the raw copy could not be removed: it is closed, and still has its raw rows\n"),
        None => {}
    }
    let _ = writeln!(text, "next: eod mask golden publish {name}");
    text
}

/// Sentence about the files of the database.
fn searched(report: &BuildReport) -> &'static str {
    match (report.files, report.checkpoint) {
        (true, _) => "files: none of these values is in the bytes of the files\n",
        (false, true) => "files: not searched, because they are not on this host or cannot be read\n",
        (false, false) => {
            "files: not searched, because the role may not make a checkpoint (GRANT pg_checkpoint); files of replaced rows \
             are removed with the next checkpoint of the server\n"
        }
    }
}

/// Text of an estimate.
pub(super) fn estimate_text(name: &GoldenName, estimate: &BuildEstimate) -> String {
    let BuildEstimate { source, source_version, server_version, tools_version, bytes, rows, seconds, .. } = estimate;
    let mut text = format!(
        "dry run: golden database {name} would be built from {} (PostgreSQL {}) on PostgreSQL {}",
        printable(source),
        source_version / 10_000,
        server_version / 10_000
    );
    if let Some(version) = tools_version {
        let _ = write!(text, ", with pg_dump {version}");
    }
    text.push('\n');
    let mut table = TextTable::new(&["TABLE", "SIZE", "ROWS", "INDEXES", "MASKED"]);
    for row in &estimate.tables {
        let size = if row.is_empty { "stays empty".to_owned() } else { size_text(row.bytes) };
        table.row(vec![
            row.name.to_string(),
            size,
            row.rows.to_string(),
            row.indexes.to_string(),
            row.masked.to_string(),
        ]);
    }
    text.push_str(&table.text());
    for entry in &estimate.removed {
        let _ = writeln!(text, "would be left out: {}", printable(entry));
    }
    let _ = writeln!(
        text,
        "estimate: {}, about {}, {}; disks and networks can be slower. Nothing was written",
        size_text(*bytes),
        counted(*rows, "row"),
        counted(*seconds, "second")
    );
    text
}

fn short(digest: &str) -> String {
    digest.chars().take(DIGITS).collect()
}
