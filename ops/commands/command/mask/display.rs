//! Progress of a build or a verification on stderr: a bar on a terminal, else lines.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eod_clients::Deadline;
use eod_golden::{BuildProgress, BuildStep};
use eod_masking::TableName;

use super::bar::{StatusLine, bar};
use super::quantity::{counted, size_text};
use crate::output::note;
use crate::table::printable;

/// Receiver of the progress of a build or a verification.
pub(super) struct ProgressDisplay {
    state: Mutex<DisplayState>,
}

struct DisplayState {
    step: BuildStep,
    counts: TableCounts,
    line: StatusLine,
}

/// Tables that a step reads.
#[derive(Default)]
struct TableCounts {
    tables: BTreeMap<TableName, TableCount>,
    rows: u64,
}

/// Size of a table, and the part of it that is read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct TableCount {
    size: u64,
    read: u64,
    is_done: bool,
}

impl ProgressDisplay {
    /// A display on stderr.
    pub(super) fn on_stderr() -> Arc<Self> {
        Self::new(StatusLine::on_stderr())
    }

    fn new(line: StatusLine) -> Arc<Self> {
        let state = DisplayState { step: BuildStep::Check, counts: TableCounts::default(), line };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// Waits for work that reports to this display. An interruption is shown at once, because the removal of what was made takes
    /// some time.
    pub(super) async fn during<T>(self: &Arc<Self>, deadline: &Deadline, work: impl Future<Output = T>) -> T {
        let (display, limit) = (Arc::clone(self), deadline.clone());
        let watch = tokio::spawn(async move {
            if let Err(reason) = limit.run(pending::<()>()).await {
                display.note(&format!("{reason}; what was made is being removed"));
            }
        });
        let done = work.await;
        watch.abort();
        self.state().line.clear();
        done
    }

    fn state(&self) -> MutexGuard<'_, DisplayState> {
        // A panic of another worker does not make the counts wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BuildProgress for ProgressDisplay {
    fn step(&self, step: BuildStep) {
        let mut state = self.state();
        state.step = step;
        state.line.show(&step.to_string());
    }

    fn tables(&self, tables: &[(TableName, u64)]) {
        self.state().counts = TableCounts::of(tables);
    }

    fn rows(&self, table: &TableName, rows: u64, bytes: u64) {
        let mut state = self.state();
        state.counts.add(table, rows, bytes);
        state.show_if_due();
    }

    fn table_done(&self, table: &TableName, rows: u64) {
        let mut state = self.state();
        state.counts.finish(table);
        if state.line.is_terminal() {
            state.show_if_due();
        } else {
            let (step, table, counts) = (state.step, printable(&table.to_string()), state.counts.text());
            state.line.show(&format!("{step}: table {table}: {}; {counts}", counted(rows, "row")));
        }
    }

    fn note(&self, text: &str) {
        self.state().line.clear();
        note(&format!("warning: {}", printable(text)));
    }
}

impl DisplayState {
    /// Shows the counts if the last ones are old enough.
    fn show_if_due(&mut self) {
        if self.line.is_due() {
            let text = self.text();
            self.line.show(&text);
        }
    }

    /// Counts, with a bar on a terminal.
    fn text(&self) -> String {
        let Self { step, counts, line } = self;
        if line.is_terminal() {
            let (done, size) = counts.bytes();
            format!("{}{step}  {}", bar(done, size), counts.text())
        } else {
            format!("{step}: {}", counts.text())
        }
    }
}

impl TableCounts {
    fn of(tables: &[(TableName, u64)]) -> Self {
        let tables =
            tables.iter().map(|(name, size)| (name.clone(), TableCount { size: *size, ..TableCount::default() }));
        Self { tables: tables.collect(), rows: 0 }
    }

    fn add(&mut self, table: &TableName, rows: u64, bytes: u64) {
        self.rows += rows;
        if let Some(count) = self.tables.get_mut(table) {
            count.read += bytes;
        }
    }

    fn finish(&mut self, table: &TableName) {
        if let Some(count) = self.tables.get_mut(table) {
            count.is_done = true;
        }
    }

    /// Bytes that are read, and all bytes. A table counts by its size, which is not that of its rows in the format of COPY.
    fn bytes(&self) -> (u64, u64) {
        let read = |count: &TableCount| if count.is_done { count.size } else { count.read.min(count.size) };
        (self.tables.values().map(read).sum(), self.tables.values().map(|count| count.size).sum())
    }

    fn text(&self) -> String {
        let (read, size) = self.bytes();
        let done = self.tables.values().filter(|count| count.is_done).count();
        format!(
            "{done} of {} tables, {} of {}, {}",
            self.tables.len(),
            size_text(read),
            size_text(size),
            counted(self.rows, "row")
        )
    }
}

#[cfg(test)]
mod tests;
