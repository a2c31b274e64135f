//! Requests to the repo-server and its answers.

use std::{path::Path, process::Command, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Repository, tools::servers};
use crate::command;

/// An Application and the options of the call that renders it.
///
/// The Application and its destination namespace are named like its folder, the project is `default`, and the revision is
/// the branch `main`. Methods change these.
#[derive(Clone)]
pub struct Request(Value);

/// Answer of the repo-server.
pub struct TimedOutcome {
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
    /// Name of the failed call, if there was more than one.
    pub call: String,
    /// The gRPC code's name, such as `FailedPrecondition`.
    pub code: String,
    /// The text of the gRPC status.
    pub message: String,
    /// Text of the Application's condition, as users see it.
    pub shown: String,
}

impl Request {
    /// A request for one folder of a repository.
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

    /// A request for an Application as it is applied to a cluster.
    pub fn of(application: &Value) -> Self {
        Self(json!({ "application": application }))
    }

    /// Sets the Application's name, which is a part of the cache key.
    #[must_use]
    pub fn application(self, name: &str) -> Self {
        self.set("/application/metadata", "name", json!(name))
    }

    /// Sets the AppProject.
    #[must_use]
    pub fn project(self, name: &str) -> Self {
        self.set("/application/spec", "project", json!(name))
    }

    /// Sets the destination namespace.
    #[must_use]
    pub fn namespace(self, name: &str) -> Self {
        self.set("/application/spec/destination", "namespace", json!(name))
    }

    /// Sets the revision: a branch, a tag or a SHA.
    #[must_use]
    pub fn revision(self, revision: &str) -> Self {
        self.set("/application/spec/source", "targetRevision", json!(revision))
    }

    /// Sets the annotation `manifest-generate-paths`: folders relative to the Application's own.
    #[must_use]
    pub fn generate_paths(self, paths: &str) -> Self {
        let annotations = json!({ "argocd.argoproj.io/manifest-generate-paths": paths });
        self.set("/application/metadata", "annotations", annotations)
    }

    /// Sets the plugin. Must precede [`Request::env`] and [`Request::parameter`].
    #[must_use]
    pub fn plugin(self, name: &str) -> Self {
        self.set("/application/spec/source", "plugin", json!({ "name": name, "env": [], "parameters": [] }))
    }

    /// Adds an entry to `plugin.env`.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.push("/application/spec/source/plugin/env", json!({ "name": name, "value": value }))
    }

    /// Adds an entry to `plugin.parameters`: a string, a list of strings or a map of strings.
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

    /// Sets the Kubernetes version and the API versions of the destination cluster.
    #[must_use]
    pub fn cluster(self, kube_version: &str, api_versions: &[&str]) -> Self {
        self.set("", "kube_version", json!(kube_version)).set("", "api_versions", json!(api_versions))
    }

    /// A refresh: fetches new commits; a cached answer for the same commit is used.
    #[must_use]
    pub fn refresh(self) -> Self {
        self.set("", "refresh", json!(true))
    }

    /// Bypasses cached answers for the same commit.
    #[must_use]
    pub fn no_cache(self) -> Self {
        self.set("", "no_cache", json!(true))
    }

    /// A hard refresh: fetches new commits and bypasses cached answers.
    #[must_use]
    pub fn hard(self) -> Self {
        self.set("", "hard", json!(true))
    }

    /// Sets the caller's deadline. The default is 60 s, as in the controller.
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

impl TimedOutcome {
    /// Returns the manifests only.
    ///
    /// # Panics
    /// If the call failed.
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

    /// Returns the error.
    ///
    /// # Panics
    /// If the call succeeded.
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

/// Sends all requests to a repo-server, from one client process.
#[track_caller]
pub(super) fn ask(repo_server: &str, requests: &[Request], at_once: usize) -> Vec<TimedOutcome> {
    let input: Vec<_> = requests.iter().map(|Request(request)| request.to_string()).collect();
    let at_once = at_once.to_string();
    let arguments = ["generate", "--repo-server", repo_server, "--at-once", &at_once];
    let output = command::run(&mut client(&arguments), &input.join("\n")).expect_ok();
    output.lines().map(TimedOutcome::parse).collect()
}

/// Gets the details of an Application's source, as the API server does for the parameters tab of the web interface.
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

/// A client command without the machine's environment, in particular without proxy settings.
#[track_caller]
pub(super) fn client(arguments: &[&str]) -> Command {
    let binary: &Path = servers().unwrap_or_else(|error| panic!("there is no Argo CD to test with: {error}"));
    let mut command = Command::new(binary);
    command.args(arguments).env_clear().env("TMPDIR", std::env::temp_dir());
    command
}
