//! What is asked of the repo-server, and what it answers.

use std::{path::Path, process::Command, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Repository, server};
use crate::command;

/// An Application, and how its manifests are wanted.
///
/// Its first name is that of its folder; the namespace it goes to is called the same, the
/// project is `default`, and the revision is the branch `main`.
#[derive(Clone)]
pub struct Request(Value);

/// The repo-server's answer and how long it took.
pub struct Answer {
    /// The manifests or the error.
    pub outcome: Result<Rendered, Failure>,
    /// Duration of the call.
    pub time: Duration,
}

/// The parameters that a source announces.
pub type Announced = Vec<Value>;

/// A successful answer of the repo-server.
#[derive(Debug)]
pub struct Rendered {
    /// One object each, with Argo CD's tracking label.
    pub manifests: Vec<Value>,
    /// `Directory`, `Helm`, `Kustomize` or `Plugin`.
    pub source_type: String,
    /// The SHA that was rendered.
    pub revision: String,
}

/// An error of a call to a server or a plugin.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Failure {
    /// What was called, where more than one call is made.
    pub call: String,
    /// The gRPC code's name, such as `FailedPrecondition`.
    pub code: String,
    /// The text of the gRPC status.
    pub message: String,
    /// The text of the Application's condition, which is what a user reads.
    pub shown: String,
}

impl Request {
    /// Asks for a folder of a repository.
    pub fn new(repository: &Repository, path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        Self(json!({ "application": {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": { "name": name, "namespace": "argocd" },
            "spec": {
                "project": "default",
                "source": { "repoURL": repository.url(), "path": path, "targetRevision": "main" },
                "destination": { "name": "in-cluster", "namespace": name },
            },
        } }))
    }

    /// Asks for an Application as it would be applied.
    pub fn of(application: &Value) -> Self {
        Self(json!({ "application": application }))
    }

    /// Changes the Application's name, which is part of the key of the cache.
    #[must_use]
    pub fn application(self, name: &str) -> Self {
        self.set("/application/metadata", "name", json!(name))
    }

    /// Sets the AppProject.
    #[must_use]
    pub fn project(self, name: &str) -> Self {
        self.set("/application/spec", "project", json!(name))
    }

    /// Changes the namespace its objects go to.
    #[must_use]
    pub fn namespace(self, name: &str) -> Self {
        self.set("/application/spec/destination", "namespace", json!(name))
    }

    /// A branch, a tag or a SHA.
    #[must_use]
    pub fn revision(self, revision: &str) -> Self {
        self.set("/application/spec/source", "targetRevision", json!(revision))
    }

    /// The annotation that says which folders matter, relative to the Application's own.
    #[must_use]
    pub fn generate_paths(self, paths: &str) -> Self {
        let annotations = json!({ "argocd.argoproj.io/manifest-generate-paths": paths });
        self.set("/application/metadata", "annotations", annotations)
    }

    /// Names the plugin; comes before its variables and parameters.
    #[must_use]
    pub fn plugin(self, name: &str) -> Self {
        self.set("/application/spec/source", "plugin", json!({ "name": name, "env": [], "parameters": [] }))
    }

    /// One entry of `plugin.env`.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.push("/application/spec/source/plugin/env", json!({ "name": name, "value": value }))
    }

    /// One entry of `plugin.parameters`: a text, a list of texts or a map of texts.
    #[must_use]
    pub fn parameter(self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let kind = match value {
            Value::Array(_) => "array",
            Value::Object(_) => "map",
            _ => "string",
        };
        self.push("/application/spec/source/plugin/parameters", json!({ "name": name, kind: value }))
    }

    /// What the cluster would say of itself.
    #[must_use]
    pub fn cluster(self, kube_version: &str, api_versions: &[&str]) -> Self {
        self.set("", "kube_version", json!(kube_version)).set("", "api_versions", json!(api_versions))
    }

    /// A user's refresh: looks for new commits, and takes an earlier answer for the same one.
    #[must_use]
    pub fn refresh(self) -> Self {
        self.set("", "refresh", json!(true))
    }

    /// Does not take an earlier answer for the same commit.
    #[must_use]
    pub fn no_cache(self) -> Self {
        self.set("", "no_cache", json!(true))
    }

    /// A user's hard refresh: looks for new commits and takes no earlier answer.
    #[must_use]
    pub fn hard(self) -> Self {
        self.set("", "hard", json!(true))
    }

    /// The caller's deadline; 60 s without it, as the controller's.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        self.set("", "timeout_seconds", json!(deadline.as_secs_f64()))
    }

    fn set(mut self, pointer: &str, key: &str, value: Value) -> Self {
        self.0.pointer_mut(pointer).unwrap()[key] = value;
        self
    }

    #[track_caller]
    fn push(mut self, pointer: &str, value: Value) -> Self {
        let list = self.0.pointer_mut(pointer).and_then(Value::as_array_mut);
        list.expect("plugin() comes first").push(value);
        self
    }
}

impl Answer {
    /// # Panics
    /// When there was an error, with its text.
    #[track_caller]
    pub fn expect_manifests(self) -> Vec<Value> {
        self.expect_rendered().manifests
    }

    /// Returns the manifests.
    ///
    /// # Panics
    /// If the call failed.
    #[track_caller]
    pub fn expect_rendered(self) -> Rendered {
        let Self { outcome, time } = self;
        outcome.unwrap_or_else(|failure| panic!("an error after {time:?}: {failure:#?}"))
    }

    /// # Panics
    /// When there were manifests after all.
    #[track_caller]
    pub fn expect_failure(self) -> Failure {
        match self.outcome {
            Ok(rendered) => panic!("expected an error, got {rendered:#?}"),
            Err(failure) => failure,
        }
    }

    #[track_caller]
    fn parse(line: &str) -> Self {
        #[derive(Deserialize)]
        struct Line {
            #[serde(default)]
            manifests: Vec<Value>,
            #[serde(default)]
            source_type: String,
            #[serde(default)]
            revision: String,
            seconds: f64,
            error: Option<Failure>,
        }
        let Line { manifests, source_type, revision, seconds, error } =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let outcome = error.map_or_else(|| Ok(Rendered { manifests, source_type, revision }), Err);
        Self { outcome, time: Duration::from_secs_f64(seconds) }
    }
}

/// Asks a repo-server, all requests from one process.
#[track_caller]
pub(super) fn ask(repo_server: &str, requests: &[Request], at_once: usize) -> Vec<Answer> {
    let input: Vec<_> = requests.iter().map(|Request(request)| request.to_string()).collect();
    let at_once = at_once.to_string();
    let arguments = ["generate", "--repo-server", repo_server, "--at-once", &at_once];
    let output = command::run(&mut client(&arguments), &input.join("\n")).expect_ok();
    output.lines().map(Answer::parse).collect()
}

/// Asks a repo-server what it knows of an Application's source, as the API server does when
/// somebody opens its parameters.
#[track_caller]
pub(super) fn announced(repo_server: &str, request: &Request) -> Result<Announced, Failure> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(default)]
        announced: Announced,
        error: Option<Failure>,
    }
    let Request(request) = request.clone().set("", "details", json!(true));
    let output = command::run(&mut client(&["generate", "--repo-server", repo_server]), &request.to_string());
    let output = output.expect_ok();
    let Line { announced, error } = serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {output}"));
    error.map_or(Ok(announced), Err)
}

/// A client that sees nothing of the machine's, a proxy's address least of all.
#[track_caller]
pub(super) fn client(arguments: &[&str]) -> Command {
    let binary: &Path = server::binary().unwrap_or_else(|error| panic!("there is no Argo CD to test with: {error}"));
    let mut command = Command::new(binary);
    command.args(arguments).env_clear().env("TMPDIR", std::env::temp_dir());
    command
}
