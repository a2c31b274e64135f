//! Progress on stderr: a bar on a terminal, else lines.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::output::note;

/// Number of characters of a bar.
const BAR: u64 = 20;
/// Time between two bars.
const BAR_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two lines about the same work.
const LINE_INTERVAL: Duration = Duration::from_secs(30);
/// Begin of a line that replaces the bar.
const CLEAR: &str = "\r\u{1b}[K";

/// Line on stderr about work that runs. A terminal has one line that is replaced; elsewhere there are new lines, more rarely.
pub(super) struct StatusLine {
    is_terminal: bool,
    last: Instant,
    has_bar: bool,
}

impl StatusLine {
    /// A line on stderr.
    pub(super) fn on_stderr() -> Self {
        Self::new(io::stderr().is_terminal())
    }

    pub(super) fn new(is_terminal: bool) -> Self {
        // Short work has no line.
        Self { is_terminal, last: Instant::now(), has_bar: false }
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Shows a text at once.
    pub(super) fn show(&mut self, text: &str) {
        self.last = Instant::now();
        if !self.is_terminal {
            note(text);
            return;
        }
        // An error of stderr cannot be reported.
        let mut out = io::stderr().lock();
        let _ = write!(out, "{CLEAR}{text}").and_then(|()| out.flush());
        self.has_bar = true;
    }

    /// True if the last text is old enough to be replaced.
    pub(super) fn is_due(&self) -> bool {
        let interval = if self.is_terminal { BAR_INTERVAL } else { LINE_INTERVAL };
        self.last.elapsed() >= interval
    }

    /// Shows the number of things that are done, if the last text is old enough.
    pub(super) fn count(&mut self, things: &str, done: usize, all: usize) {
        if self.is_due() {
            let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            let bar = if self.is_terminal { bar(number(done), number(all)) } else { String::new() };
            self.show(&format!("{bar}{things}: {done} of {all}"));
        }
    }

    /// Removes the bar if there is one.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.has_bar) {
            let mut out = io::stderr().lock();
            let _ = write!(out, "{CLEAR}").and_then(|()| out.flush());
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A bar with a percentage.
pub(super) fn bar(done: u64, total: u64) -> String {
    let done = done.min(total);
    let of =
        |parts: u64| u64::try_from(u128::from(done) * u128::from(parts) / u128::from(total.max(1))).unwrap_or(parts);
    let filled = usize::try_from(of(BAR)).unwrap_or_default();
    let empty = usize::try_from(BAR).unwrap_or_default().saturating_sub(filled);
    format!("[{}{}] {:3}%  ", "#".repeat(filled), "-".repeat(empty), of(100))
}

#[cfg(test)]
mod tests;
