//! Share of generated sources, in the shapes of real repositories, that render with an ordinary policy: before narrowing, if
//! the policy refuses every request that it could remove, and with the default.

use std::path::Path;

use eod_testkit::corpus::survey;

use crate::bench::{
    measured::{Pair, Unit},
    table::Table,
};

/// Renders the sources, prints the refusals, and counts.
#[allow(clippy::cast_precision_loss, reason = "there are few sources")]
pub(super) fn measure(binary: &Path, sources: usize, table: &mut Table) {
    eprintln!("bench: {sources} generated sources");
    let survey = survey(binary, 0..sources);
    for (number, reasons) in &survey.refused {
        let found = reasons.lines().find_map(|line| line.strip_prefix("  found:  ")).unwrap_or(reasons);
        eprintln!("bench: source {number} is refused: {found}");
    }
    let wrong = survey.widened.iter().chain(&survey.lost);
    wrong.for_each(|wrong| eprintln!("bench: {wrong}"));
    eprintln!("{survey}");
    let (built, before, after) = survey.totals();
    let of = |what: &str| format!("{sources} generated sources, {built} of them can be built: {what}");
    let pair = |ours: f64, peer| Pair { ours: Some(ours), peer };
    let rendered = of("rendered (peer: without narrowing)");
    table.add(&rendered, Unit::Count, "", pair(after as f64, Some(before as f64)));
    let percent = |part: usize| 100.0 * part as f64 / built.max(1) as f64;
    let share = of("share (peer: without narrowing)");
    table.add(&share, Unit::Percent, "85 % or more", pair(percent(after), Some(percent(before))));
    table.add(&of("requests that were widened"), Unit::Count, "0", pair(survey.widened.len() as f64, None));
}
