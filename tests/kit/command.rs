//! Programs that run to their end, with their output.

use std::{
    ffi::OsStr,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

/// A program that has ended.
pub struct Finished {
    /// The command line, for messages.
    pub line: String,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// All output on stdout; invalid UTF-8 is replaced.
    pub stdout: String,
    /// All output on stderr; invalid UTF-8 is replaced.
    pub stderr: String,
}

impl Finished {
    /// Returns stdout.
    ///
    /// # Panics
    /// If the exit code is not 0, with the command and its output.
    #[track_caller]
    pub fn expect_ok(self) -> String {
        assert!(self.code == Some(0), "{}", self.report());
        self.stdout
    }

    /// The command, its exit code and its output, for messages.
    pub fn report(&self) -> String {
        let Self { line, code, stdout, stderr } = self;
        let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        format!("`{line}` ended with {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// Runs a program with `input` on its stdin.
///
/// # Panics
/// If it cannot be started.
#[track_caller]
pub fn run(command: &mut Command, input: &str) -> Finished {
    let line = line(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start `{line}`: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // In a thread, because the program may fill its output pipe before it has read all input. A program that closes its
    // stdin early is not an error.
    let feeder = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    Finished {
        line,
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The command line, for messages.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Path of a program, searched for in PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    in_path(&std::env::var_os("PATH")?, name)
}

/// Path of a program, searched for in a list of folders in the format of PATH.
pub fn in_path(folders: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}
