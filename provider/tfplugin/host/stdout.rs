//! Standard output carries one line and is then given up.

use std::io::{self, Write as _};

/// Prints a line and flushes it.
pub(crate) fn print(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Prints the handshake and turns file descriptor 1 to the null device. The host then sees the end of the pipe at once
/// instead of racing with our exit, and a print by any dependency goes nowhere.
pub(crate) fn hand_over(line: &str) -> io::Result<()> {
    print(line)?;
    // A system without a null device keeps its stdout; the handshake itself has been given.
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

/// Windows has no descriptor to replace without unsafe code; nothing here prints after the handshake.
#[cfg(not(unix))]
fn discard() -> io::Result<()> {
    Ok(())
}
