//! Greenmask: a masked dump, and its restore.

use std::{fs, path::Path, process::Command, time::Instant};

use anyhow::{Context, ensure};
use eod_testkit::postgres::{PASSWORD, SUPERUSER};

use crate::bench::contestants::{SOURCE, Servers};

/// Database that Greenmask restores into.
const DATABASE: &str = "greenmask";
/// Rules for the same columns as ours. Values in JSON are constants, which is less work than ours.
const RULES: &str = include_str!("greenmask.yaml");
/// Key of the values, in hexadecimal digits.
const SALT: &str = "3031323334353637383961626364656630313233343536373839616263646566";

/// Seconds of dump and restore with a program, with ANALYZE as for the others.
///
/// # Errors
/// If it fails, or leaves a row unmasked.
pub(crate) fn measure(servers: &Servers, program: &Path, count: u32) -> anyhow::Result<f64> {
    eprintln!("bench: Greenmask, dump and restore");
    servers.create(servers.preview.port, DATABASE, &[])?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().display().to_string();
    fs::create_dir(folder.path().join("storage"))?;
    let database =
        |port: u16, name: &str| format!("host=127.0.0.1 port={port} user={SUPERUSER} dbname={name} sslmode=disable");
    let rules = RULES
        .replace("PROGRAMS", &servers.source.programs.display().to_string())
        .replace("FOLDER", &path)
        .replace("SOURCE", &database(servers.source.port, SOURCE))
        .replace("TARGET", &database(servers.preview.port, DATABASE));
    let file = folder.path().join("greenmask.yaml");
    fs::write(&file, rules)?;
    servers.settle()?;
    let begun = Instant::now();
    for arguments in [&["dump"][..], &["restore", "latest"]] {
        let mut command = Command::new(program);
        command
            .arg("--config")
            .arg(&file)
            .args(arguments)
            .env("PGPASSWORD", PASSWORD)
            .env("GREENMASK_GLOBAL_SALT", SALT);
        let output = command.output().with_context(|| format!("cannot run {}", program.display()))?;
        let messages = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        ensure!(output.status.success(), "Greenmask {arguments:?} failed: {messages}");
    }
    servers.run(servers.preview.port, DATABASE, &["ANALYZE app.customers"])?;
    let seconds = begun.elapsed().as_secs_f64();
    servers.check(DATABASE, count)?;
    servers.run(servers.preview.port, "postgres", &[&format!("DROP DATABASE {DATABASE}")])?;
    Ok(seconds)
}
