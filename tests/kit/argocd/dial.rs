//! Calls to a plugin's socket with the repo-server's client, without a repo-server.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;

use super::{Failure, request::client};
use crate::command;

/// One call: the check that precedes every call, then the stream with a folder.
///
/// The client is the repo-server's own. It sends an `:authority` that other HTTP/2 libraries reject.
pub struct Dial<'a> {
    /// The plugin's socket.
    pub socket: &'a Path,
    /// Folder that is sent as the root of a repository.
    pub root: &'a Path,
    /// The application's folder below it.
    pub path: &'a str,
    /// Variables that are sent to the plugin, such as `("ARGOCD_APP_NAME", "shop-pr-1")`.
    pub environment: &'a [(&'a str, &'a str)],
    /// Deadline of the call.
    pub deadline: Duration,
}

/// Answer of a plugin.
#[derive(Deserialize)]
pub struct Dialled {
    /// `isDiscoveryConfigured` and `provideGitCreds`, if they are true.
    #[serde(default)]
    pub check: Value,
    #[serde(default)]
    answer: Value,
    error: Option<Failure>,
}

impl Dial<'_> {
    /// Calls `GenerateManifest`; the answer has the manifests as strings, unchanged.
    #[track_caller]
    pub fn generate(&self) -> Dialled {
        self.call("generate")
    }

    /// Calls `MatchRepository`; the answer says if the plugin supports the folder.
    #[track_caller]
    pub fn matches(&self) -> Dialled {
        self.call("match")
    }

    /// Calls `GetParametersAnnouncement`.
    #[track_caller]
    pub fn parameters(&self) -> Dialled {
        self.call("parameters")
    }

    /// Begins to generate manifests and does not wait for them.
    #[track_caller]
    pub fn begin(&self) -> Dialling {
        let mut command = self.command("generate");
        Dialling(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    #[track_caller]
    fn call(&self, call: &str) -> Dialled {
        let output = command::run(&mut self.command(call), "").expect_ok();
        serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {output}"))
    }

    #[track_caller]
    fn command(&self, call: &str) -> Command {
        let mut command = client(&["dial"]);
        command.arg(self.socket).arg("--root").arg(self.root).args(["--path", self.path, "--call", call]);
        command.arg(format!("--timeout={}ms", self.deadline.as_millis()));
        for (name, value) in self.environment {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command
    }
}

/// A call in progress; it is cancelled when this is dropped.
pub struct Dialling(Child);

impl Dialling {
    /// Cancels the call, as if the caller were killed.
    pub fn abandon(self) {
        drop(self);
    }
}

impl Drop for Dialling {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Dialled {
    /// The answer of the call after the check.
    ///
    /// # Errors
    /// The plugin's error.
    pub fn outcome(self) -> Result<Value, Failure> {
        match self.error {
            Some(failure) => Err(failure),
            None => Ok(self.answer),
        }
    }
}
