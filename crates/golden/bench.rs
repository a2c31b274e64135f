//! `make bench`, the part for databases: the masking engine beside UPDATE in place and beside `pg_dump | psql` without masking;
//! its memory; the time for the scope of a migration; collisions of the functions for unique columns. Greenmask, pganonymize and
//! PostgreSQL Anonymizer are measured if they are there.
//!
//! All contestants read and write the same servers with the same settings, one after the other. The engine runs in a process
//! of its own, so that its memory is measured alone. The benchmark asserts no limits. It checks that all have done the work.
//!
//! Variables: `BENCH_ROWS` is the number of rows, `BENCH_VALUES` the number of values of each function. `EOD_BENCH_GREENMASK` and
//! `EOD_BENCH_PGANONYMIZE` are the paths of these programs, `EOD_BENCH_ANON` the `bin` folder of a server with the extension
//! `anon`. `tests/bench/run` sets them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "this is a program for a terminal, and its results go to stdout"
)]

use std::{env, process::ExitCode};

use anyhow::Context;

/// Measurements and their tools.
mod bench {
    pub(crate) mod anonymizer;
    pub(crate) mod contestants;
    pub(crate) mod customers;
    pub(crate) mod engine;
    pub(crate) mod functions;
    pub(crate) mod greenmask;
    #[path = "../../../tests/bench/measured.rs"]
    #[allow(dead_code, reason = "the benchmark of the other binaries uses the rest")]
    pub(crate) mod measured;
    pub(crate) mod migrations;
    pub(crate) mod pganonymize;
    #[path = "../../../tests/bench/table.rs"]
    pub(crate) mod table;
}

use bench::{contestants, engine::EngineOrder, functions, migrations, table::Table};

fn main() -> ExitCode {
    let done = match EngineOrder::given() {
        Ok(Some(order)) => order.carry_out().map(|cost| println!("{cost}")),
        Ok(None) => measure_all().map(|table| println!("\n{table}")),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure_all() -> anyhow::Result<Table> {
    let (rows, values) = (number("BENCH_ROWS", 1_000_000)?, number("BENCH_VALUES", 5_000_000)?);
    let mut table = Table::default();
    migrations::measure(&mut table);
    contestants::measure(rows, &mut table)?;
    functions::measure(values, &mut table);
    Ok(table)
}

fn number(name: &str, otherwise: u32) -> anyhow::Result<u32> {
    let Some(text) = env::var_os(name).filter(|text| !text.is_empty()) else { return Ok(otherwise) };
    let text = text.to_string_lossy();
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .with_context(|| format!("{name} is {text}; expected a number from 1"))
}
