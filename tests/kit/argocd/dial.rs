//! A plugin's socket, called as the repo-server calls it and without a repo-server between.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;

use super::{Failure, request::client};
use crate::command;

/// One call: the check that always comes first, and then a folder is sent.
///
/// The client is the repo-server's own, with the authority that other HTTP/2 libraries
/// refuse.
pub struct Dial<'a> {
    /// The plugin's socket.
    pub socket: &'a Path,
    /// What is sent, as the root of a repository.
    pub root: &'a Path,
    /// The application's folder below it.
    pub path: &'a str,
    /// What the plugin sees, such as `("ARGOCD_APP_NAME", "shop-pr-1")`.
    pub environment: &'a [(&'a str, &'a str)],
    /// Deadline of the call.
    pub deadline: Duration,
}

/// What a plugin answered.
#[derive(Deserialize)]
pub struct Dialled {
    /// `isDiscoveryConfigured` and `provideGitCreds`, where they are true.
    #[serde(default)]
    pub check: Value,
    #[serde(default)]
    answer: Value,
    error: Option<Failure>,
}

impl Dial<'_> {
    /// The strings of manifests, as many and as they were sent.
    #[track_caller]
    pub fn generate(&self) -> Dialled {
        self.call("generate")
    }

    /// Whether the plugin wants the folder.
    #[track_caller]
    pub fn matches(&self) -> Dialled {
        self.call("match")
    }

    /// The parameters it announces.
    #[track_caller]
    pub fn parameters(&self) -> Dialled {
        self.call("parameters")
    }

    /// Begins a call for manifests, for a test that does not want to wait for them.
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

/// A call that is under way; it is broken off when this is dropped.
pub struct Dialling(Child);

impl Dialling {
    /// Breaks it off as the death of the caller does.
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
    pub fn outcome(self) -> Result<Value, Failure> {
        match self.error {
            Some(failure) => Err(failure),
            None => Ok(self.answer),
        }
    }
}
