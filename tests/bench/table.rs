//! The output: each number when it is known, and all numbers at the end.

use std::fmt;

use crate::bench::measured::{Pair, Unit};

/// Numbers so far.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    what: String,
    ours: String,
    peer: String,
    ratio: String,
    wanted: &'static str,
}

impl Table {
    /// Prints and stores a number. `wanted` is its target, or empty.
    pub(crate) fn add(&mut self, what: &str, unit: Unit, wanted: &'static str, values: Pair<f64>) {
        let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| unit.show(value));
        let row = Row {
            what: what.to_owned(),
            ours: show(values.ours),
            peer: show(values.peer),
            ratio: ratio(values),
            wanted,
        };
        println!("{what}: ours {}, peer {}, {}", row.ours, row.peer, row.ratio);
        self.0.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Row) -> &str, least: usize| {
            self.0.iter().map(|row| of(row).chars().count()).max().unwrap_or_default().max(least)
        };
        let (what, wanted) = (width(|row| &row.what, 6), width(|row| row.wanted, 6));
        let (ours, peer, ratio) = (width(|row| &row.ours, 4), width(|row| &row.peer, 4), width(|row| &row.ratio, 5));
        let (number, aim) = ("number", "wanted");
        writeln!(f, "{number:what$} | {:>ours$} | {:>peer$} | {:>ratio$} | {aim:wanted$}", "ours", "peer", "ratio")?;
        for row in &self.0 {
            writeln!(
                f,
                "{:what$} | {:>ours$} | {:>peer$} | {:>ratio$} | {:wanted$}",
                row.what, row.ours, row.peer, row.ratio, row.wanted
            )?;
        }
        Ok(())
    }
}

/// Ratio of our value to the peer's, as text; empty for zero.
fn ratio(values: Pair<f64>) -> String {
    match (values.ours, values.peer) {
        (Some(ours), Some(peer)) if ours > 0.0 && peer > 0.0 => {
            let (factor, word) = if ours <= peer { (peer / ours, "less") } else { (ours / peer, "more") };
            // Less than a twentieth of a difference is none.
            if factor < 1.05 { "the same".to_owned() } else { format!("{factor:.1}x {word}") }
        }
        _ => "no ratio".to_owned(),
    }
}
