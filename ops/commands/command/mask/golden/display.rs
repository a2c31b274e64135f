//! Progress of a build on stderr: a bar on a terminal, else lines.

use std::collections::BTreeMap;
use std::future::pending;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use eod_clients::Deadline;
use eod_golden::{BuildProgress, BuildStep};
use eod_masking::TableName;
use tokio::task::JoinHandle;

use super::{counted, size_text};
use crate::command::mask::bar::bar;
use crate::output::note;
use crate::table::printable;

/// Time between two bars.
const BAR_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two lines about a table that is not complete yet.
const LINE_INTERVAL: Duration = Duration::from_secs(30);
/// Begin of a line that replaces the bar.
const CLEAR: &str = "\r\u{1b}[K";

/// Receiver of the progress of a build.
pub(super) struct BuildDisplay {
    is_terminal: bool,
    state: Mutex<DisplayState>,
}

#[derive(Default)]
struct DisplayState {
    step: Option<BuildStep>,
    counts: LoadCounts,
    last: Option<Instant>,
    has_bar: bool,
}

/// Tables of the load.
#[derive(Default)]
struct LoadCounts {
    tables: BTreeMap<TableName, TableCount>,
    rows: u64,
}

/// Size of a table in the source, and the part of it that is loaded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct TableCount {
    size: u64,
    loaded: u64,
    is_done: bool,
}

impl BuildDisplay {
    /// A display on stderr.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { is_terminal: io::stderr().is_terminal(), state: Mutex::default() })
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.state().clear();
    }

    /// Task that tells people about an interruption, because the removal of a build takes some time.
    pub(super) fn watch(self: &Arc<Self>, deadline: Deadline) -> JoinHandle<()> {
        let display = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(reason) = deadline.run(pending::<()>()).await {
                display.note(&format!("{reason}; what was made is being removed"));
            }
        })
    }

    fn state(&self) -> MutexGuard<'_, DisplayState> {
        // A panic of another worker does not make the counts wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the counts if the last ones are old enough.
    fn show(&self, state: &mut DisplayState) {
        let interval = if self.is_terminal { BAR_INTERVAL } else { LINE_INTERVAL };
        if state.last.is_some_and(|last| last.elapsed() < interval) {
            return;
        }
        state.last = Some(Instant::now());
        if self.is_terminal {
            state.draw();
        } else {
            note(&format!("load: {}", state.counts.text()));
        }
    }
}

impl BuildProgress for BuildDisplay {
    fn step(&self, step: BuildStep) {
        let mut state = self.state();
        state.step = Some(step);
        state.last = Some(Instant::now());
        if self.is_terminal {
            state.draw();
        } else {
            note(&step.to_string());
        }
    }

    fn tables(&self, tables: &[(TableName, u64)]) {
        let mut state = self.state();
        state.counts = LoadCounts::of(tables);
    }

    fn rows(&self, table: &TableName, rows: u64, bytes: u64) {
        let mut state = self.state();
        state.counts.add(table, rows, bytes);
        self.show(&mut state);
    }

    fn table_done(&self, table: &TableName, rows: u64) {
        let mut state = self.state();
        state.counts.finish(table);
        if self.is_terminal {
            self.show(&mut state);
        } else {
            let table = printable(&table.to_string());
            note(&format!("load: table {table}: {}; {}", counted(rows, "row"), state.counts.text()));
        }
    }

    fn note(&self, text: &str) {
        let mut state = self.state();
        state.clear();
        note(&format!("warning: {}", printable(text)));
    }
}

impl DisplayState {
    /// Replaces the bar.
    fn draw(&mut self) {
        let Some(step) = self.step else { return };
        let line = match step {
            BuildStep::Load => {
                let (loaded, size) = self.counts.bytes();
                format!("{}{step}  {}", bar(loaded, size), self.counts.text())
            }
            _ => step.to_string(),
        };
        // An error of stderr cannot be reported.
        let mut out = io::stderr().lock();
        let _ = write!(out, "{CLEAR}{line}").and_then(|()| out.flush());
        self.has_bar = true;
    }

    /// Removes the bar if there is one.
    fn clear(&mut self) {
        if std::mem::take(&mut self.has_bar) {
            let mut out = io::stderr().lock();
            let _ = write!(out, "{CLEAR}").and_then(|()| out.flush());
        }
    }
}

impl LoadCounts {
    fn of(tables: &[(TableName, u64)]) -> Self {
        let tables =
            tables.iter().map(|(name, size)| (name.clone(), TableCount { size: *size, ..TableCount::default() }));
        Self { tables: tables.collect(), rows: 0 }
    }

    fn add(&mut self, table: &TableName, rows: u64, bytes: u64) {
        self.rows += rows;
        if let Some(count) = self.tables.get_mut(table) {
            count.loaded += bytes;
        }
    }

    fn finish(&mut self, table: &TableName) {
        if let Some(count) = self.tables.get_mut(table) {
            count.is_done = true;
        }
    }

    /// Bytes that are loaded, and all bytes. A table counts by its size in the source, which is not that of its rows in the
    /// format of COPY.
    fn bytes(&self) -> (u64, u64) {
        let loaded = |count: &TableCount| if count.is_done { count.size } else { count.loaded.min(count.size) };
        (self.tables.values().map(loaded).sum(), self.tables.values().map(|count| count.size).sum())
    }

    fn text(&self) -> String {
        let (loaded, size) = self.bytes();
        let done = self.tables.values().filter(|count| count.is_done).count();
        format!(
            "{done} of {} tables, {} of {}, {}",
            self.tables.len(),
            size_text(loaded),
            size_text(size),
            counted(self.rows, "row")
        )
    }
}

#[cfg(test)]
mod tests;
