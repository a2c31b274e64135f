//! Panics as Terraform recognises them.
//!
//! Terraform collects the lines of stderr from one that begins with `panic: ` and shows them to the user as the plugin's
//! crash report. Rust's own text begins otherwise and would be a line of the debug log.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// Replaces the hook of the process.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        // One write, so that no line of the log comes between. Stderr may be gone with the host.
        let _ = std::io::stderr().write_all(report(info).as_bytes());
    }));
}

fn report(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("(a panic without text)");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    let mut text = format!("panic: {message}\n\nat {place}\nin thread {}\n", thread.name().unwrap_or("without a name"));
    // Taken only where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        text.push_str(&format!("{backtrace}\n"));
    }
    text
}

#[cfg(test)]
mod tests;
