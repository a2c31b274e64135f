//! Panic messages in the format that Terraform recognises.
//!
//! Terraform collects the lines of stderr from a line that begins with `panic: ` and shows them to the user as the
//! crash report of the plugin. Rust's default message begins differently and would be a line of the debug log.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// Replaces the panic hook of the process.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        // One write, so that other log lines cannot interrupt it. An error is ignored: the host may have closed stderr.
        let _ = std::io::stderr().write_all(report(info).as_bytes());
    }));
}

fn report(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("(a panic without text)");
    let place = info.location().map_or_else(|| "an unknown location".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    let mut text = format!("panic: {message}\n\nat {place}\nin thread {}\n", thread.name().unwrap_or("without a name"));
    // Captured only if RUST_BACKTRACE is set.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        text.push_str(&format!("{backtrace}\n"));
    }
    text
}

#[cfg(test)]
mod tests;
