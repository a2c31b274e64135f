//! Programs that are run to their end, with everything they said.

use std::{
    ffi::OsStr,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

/// A program that has ended.
pub struct Finished {
    /// The command as one would type it, for messages.
    pub line: String,
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// All output on stdout; invalid UTF-8 is replaced.
    pub stdout: String,
    /// All output on stderr; invalid UTF-8 is replaced.
    pub stderr: String,
}

impl Finished {
    /// Answers stdout, or panics with all that is known when the program failed.
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
/// When it cannot be started.
#[track_caller]
pub fn run(command: &mut Command, input: &str) -> Finished {
    let line = line(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start `{line}`: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // From a thread, since a program may write much before it has read all. One that
    // does not want its input closes the pipe, which is no error.
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

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Where a program stands on PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    in_path(&std::env::var_os("PATH")?, name)
}

/// Where a program stands in a list of folders that is written as PATH is.
pub fn in_path(folders: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}
