//! Standard output: one line, then redirected to the null device.

use std::io::{self, Write as _};

/// Prints a line and flushes it.
pub(crate) fn print(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Prints the handshake and redirects file descriptor 1 to the null device. The host then sees the end of the pipe at
/// once, not at the exit of this process, and output that a dependency prints is dropped.
pub(crate) fn hand_over(line: &str) -> io::Result<()> {
    print(line)?;
    // If the system has no null device, stdout stays open; the handshake has already been printed.
    if let Err(error) = discard() {
        tracing::debug!(error = %error, "stdout stays open");
    }
    Ok(())
}

#[cfg(unix)]
fn discard() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(null)?)
}

/// On Windows the descriptor cannot be replaced without unsafe code; this crate prints nothing after the handshake.
#[cfg(not(unix))]
fn discard() -> io::Result<()> {
    Ok(())
}
