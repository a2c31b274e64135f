//! A run of Terraform, and its results.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Child,
    time::Duration,
};

use crate::{
    process::{Signal, providers_of, send_signal},
    wait::wait_until,
};

/// Maximum duration of a run. The longest stories wait for the deletion of 50 namespaces.
const PATIENCE: Duration = Duration::from_secs(600);

/// A run that has not ended yet; it is killed when it is dropped.
pub struct Running {
    child: Child,
    line: String,
    folder: PathBuf,
    /// Path of the run's files, without their extensions.
    files: PathBuf,
}

/// A run that has ended. Its `Display` has the details needed to understand a failure.
pub struct Run {
    line: String,
    folder: PathBuf,
    /// Configuration at the end of the run, and the names of other files.
    configuration: String,
    /// Exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// All output on stdout.
    pub stdout: String,
    /// All output on stderr.
    pub stderr: String,
    /// Log of Terraform and the provider at level TRACE.
    pub log: String,
}

impl Running {
    pub(super) fn new(child: Child, line: String, folder: PathBuf, files: PathBuf) -> Self {
        Self { child, line, folder, files }
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// If it takes longer than 10 minutes; then it is killed.
    #[track_caller]
    pub fn wait(mut self) -> Run {
        for _ in 0..PATIENCE.as_millis() / 10 {
            if self.child.try_wait().unwrap().is_some() {
                return self.ended();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().unwrap();
        panic!("Terraform did not end within {PATIENCE:?}\n{}", self.ended());
    }

    /// Sends a signal to Terraform alone, not to its providers.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        send_signal(signal, self.child.id());
    }

    /// Waits until the log contains a text that shows the progress of the run.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        wait_until(&format!("`{text}` in the log"), PATIENCE / 4, || {
            let log = self.read("log");
            if log.contains(text) { Ok(()) } else { Err(last_lines(&log, 5)) }
        });
    }

    /// Process ids of the running providers.
    pub fn providers(&self) -> Vec<u32> {
        providers_of(self.child.id())
    }

    /// Kills the providers with SIGKILL.
    #[track_caller]
    pub fn kill_providers(&self) {
        let providers = self.providers();
        assert!(!providers.is_empty(), "no provider is running");
        for provider in providers {
            send_signal(Signal::SIGKILL, provider);
        }
    }

    fn ended(&mut self) -> Run {
        Run {
            line: self.line.clone(),
            folder: self.folder.clone(),
            configuration: configuration(&self.folder),
            code: self.child.wait().unwrap().code(),
            stdout: self.read("stdout"),
            stderr: self.read("stderr"),
            log: self.read("log"),
        }
    }

    fn read(&self, end: &str) -> String {
        let bytes = fs::read(self.files.with_extension(end)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has ended by itself, which is the normal case.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Run {
    /// Asserts exit code 0.
    ///
    /// # Panics
    /// If the exit code is another one.
    #[track_caller]
    pub fn expect_ok(self) -> Self {
        assert!(self.code == Some(0), "expected exit code 0\n{self}");
        self
    }

    /// Asserts that it failed and printed a text. Line breaks and the frame around messages are ignored.
    ///
    /// # Panics
    /// If it succeeded, or did not print the text.
    #[track_caller]
    pub fn expect_err(self, said: &str) -> Self {
        assert!(self.code != Some(0), "expected a failure that says `{said}`\n{self}");
        self.expect_said(said)
    }

    /// Asserts that it printed a text, independent of its exit code.
    ///
    /// # Panics
    /// If it did not print the text.
    #[track_caller]
    pub fn expect_said(self, said: &str) -> Self {
        assert!(self.said().contains(&flat(said)), "expected it to say `{said}`\n{self}");
        self
    }

    /// Stdout and stderr on one line, without frames.
    pub fn said(&self) -> String {
        flat(&format!("{}\n{}", self.stdout, self.stderr))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, folder, configuration, code, stdout, stderr, log } = self;
        writeln!(f, "command: {line}\nexit code: {code:?}\nfolder: {}", folder.display())?;
        writeln!(f, "{configuration}")?;
        writeln!(f, "--- stdout\n{stdout}\n--- stderr\n{stderr}")?;
        writeln!(f, "--- the end of the log\n{}", last_lines(log, 50))
    }
}

/// Files of a folder: the configuration in full, and the names of the rest, because a state may be long.
fn configuration(folder: &Path) -> String {
    let mut text = String::new();
    for file in files(folder) {
        text += &format!("--- {}\n", file.strip_prefix(folder).unwrap_or(&file).display());
        if file.extension().is_some_and(|end| end == "tf" || end == "tfvars") {
            text += &fs::read_to_string(&file).unwrap_or_default();
        }
    }
    text
}

/// Every file below a folder, in order of their names.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found.sort();
    found
}

fn flat(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches(['│', '╷', '╵', '|']));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
