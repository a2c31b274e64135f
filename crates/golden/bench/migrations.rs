//! Time for the scope of a migration, over all migrations of the corpus.

use std::{hint::black_box, time::Instant};

use eod_masking::{RoutineTexts, SqlFile, touched_tables};

use crate::bench::{
    measured::{Pair, Unit},
    table::Table,
};

/// Runs of each migration; the shortest counts.
const RUNS: usize = 5;

/// Measures all migrations.
pub(crate) fn measure(table: &mut Table) {
    let texts: Vec<String> = corpus().collect();
    let routines = RoutineTexts::new();
    let mut times: Vec<f64> = texts.iter().map(|text| least(text, &routines)).collect();
    times.sort_by(f64::total_cmp);
    let mut add = |what: &str, wanted, at: usize| {
        let what = format!("tables of a migration, {what} of {}", times.len());
        table.add(&what, Unit::Milliseconds, wanted, Pair { ours: times.get(at).copied(), peer: None });
    };
    add("median", "under 1 ms", times.len() / 2);
    add("p95", "", times.len() * 95 / 100);
    add("longest", "", times.len().saturating_sub(1));
}

/// The SQL of the corpus, without its answers.
fn corpus() -> impl Iterator<Item = String> {
    let cases = include_str!("../../masking/scope/corpus.txt").split("====\n");
    let sql = cases.filter_map(|case| case.split_once("=> ")).map(|(sql, _)| sql);
    sql.map(|sql| sql.replace("{a}", "customers").replace("{b}", "orders").replace("{c}", "app.\"Order Items\""))
}

/// Shortest time in milliseconds.
fn least(text: &str, routines: &RoutineTexts) -> f64 {
    let run = |_| {
        let begun = Instant::now();
        black_box(touched_tables(&[SqlFile { name: "migration.sql", content: text.as_bytes() }], routines));
        begun.elapsed().as_secs_f64() * 1000.0
    };
    (0..RUNS).map(run).fold(f64::INFINITY, f64::min)
}
