//! A plugin's socket, called as the repo-server calls it and without a repo-server between.

use std::{path::Path, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::{Failure, request::client};
use crate::kit::command;

/// One call: the check that always comes first, and then a folder is sent.
///
/// The client is the repo-server's own, with the authority that other HTTP/2 libraries
/// refuse.
pub(crate) struct Dial<'a> {
    pub(crate) socket: &'a Path,
    /// What is sent, as the root of a repository.
    pub(crate) root: &'a Path,
    /// The application's folder below it.
    pub(crate) path: &'a str,
    /// What the plugin sees, such as `("ARGOCD_APP_NAME", "shop-pr-1")`.
    pub(crate) environment: &'a [(&'a str, &'a str)],
    pub(crate) deadline: Duration,
}

/// What a plugin answered.
#[derive(Deserialize)]
pub(crate) struct Dialled {
    /// `isDiscoveryConfigured` and `provideGitCreds`, where they are true.
    #[serde(default)]
    pub(crate) check: Value,
    #[serde(default)]
    answer: Value,
    error: Option<Failure>,
}

impl Dial<'_> {
    /// The strings of manifests, as many and as they were sent.
    #[track_caller]
    pub(crate) fn generate(&self) -> Dialled {
        self.call("generate")
    }

    /// Whether the plugin wants the folder.
    #[track_caller]
    pub(crate) fn matches(&self) -> Dialled {
        self.call("match")
    }

    /// The parameters it announces.
    #[track_caller]
    pub(crate) fn parameters(&self) -> Dialled {
        self.call("parameters")
    }

    #[track_caller]
    fn call(&self, call: &str) -> Dialled {
        let mut command = client(&["dial"]);
        command.arg(self.socket).arg("--root").arg(self.root).args(["--path", self.path, "--call", call]);
        command.arg(format!("--timeout={}ms", self.deadline.as_millis()));
        for (name, value) in self.environment {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        let output = command::run(&mut command, "").expect_ok();
        serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {output}"))
    }
}

impl Dialled {
    /// The answer of the call after the check.
    pub(crate) fn outcome(self) -> Result<Value, Failure> {
        match self.error {
            Some(failure) => Err(failure),
            None => Ok(self.answer),
        }
    }
}
