//! Credentials from a program: `aws eks get-token`, `gke-gcloud-auth-plugin`.
//!
//! We run the program ourselves, because kube runs it three times for one client, on the calling thread, and shows
//! what it printed when it fails. Here it runs once per credential, never with our stdin, with its own deadline.
//!
//! # Guarantees
//! - The program is told that nobody can answer a question (`interactive: false`), whatever the kubeconfig says.
//! - Its stdout and its environment never reach an error. Of its stderr the last lines do, without the words that
//!   could be a secret.

use std::{collections::BTreeMap, fmt, process::Stdio, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

use super::access::ClusterAccessError;
use crate::deadline::{Deadline, Stop, seconds};

/// More than any credential needs; a program that prints more is not a credential plugin.
const LONGEST_OUTPUT: u64 = 1 << 20;

/// The program and how to call it.
#[derive(Clone, Default)]
pub struct Exec {
    /// The version of the protocol, `client.authentication.k8s.io/v1` or `.../v1beta1`.
    pub api_version: String,
    /// The program, looked up in PATH unless it has a slash.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables added to our environment.
    pub env: BTreeMap<String, String>,
    /// What to tell the user when the program is not installed.
    pub install_hint: Option<String>,
    /// Whether the program wants to know the cluster.
    pub provide_cluster_info: bool,
}

/// Why there are no credentials from the program.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// It is not installed.
    #[error("the exec plugin `{command}` is not installed or not in PATH{}", hint_of(.hint))]
    Missing {
        /// The program.
        command: String,
        /// What the kubeconfig says about installing it.
        hint: Option<String>,
    },
    /// It could not be started.
    #[error("the exec plugin `{command}` could not be started")]
    Start {
        /// The program.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It failed.
    #[error("the exec plugin `{command}` ended with {status}{}", said(.stderr))]
    Failed {
        /// The program.
        command: String,
        /// Its exit status.
        status: String,
        /// The end of its stderr, secrets removed.
        stderr: String,
    },
    /// It took too long.
    #[error(
        "the exec plugin `{command}` gave no credentials within {}; it runs without a terminal and cannot ask, so log \
         in beforehand",
        seconds(.limit)
    )]
    Slow {
        /// The program.
        command: String,
        /// The time it had.
        limit: Duration,
    },
    /// The call it ran for was stopped or ran out of time.
    #[error(transparent)]
    Stopped(Stop),
    /// It printed something else than a credential.
    #[error("the exec plugin `{command}` printed no usable ExecCredential: {problem}")]
    Output {
        /// The program.
        command: String,
        /// What is wrong, without the output itself.
        problem: &'static str,
    },
}

/// What the program gave.
pub(super) struct ExecCredential {
    pub(super) token: Option<SecretString>,
    pub(super) identity: Option<(String, SecretString)>,
    pub(super) expires: Option<Timestamp>,
}

impl Exec {
    /// The same, if it can be run at all.
    pub(super) fn checked(self) -> Result<Self, ClusterAccessError> {
        let known = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
        if !known.contains(&self.api_version.as_str()) {
            return Err(ClusterAccessError::ExecVersion { got: self.api_version });
        }
        if self.command.trim().is_empty() {
            return Err(ClusterAccessError::ExecCommand);
        }
        Ok(self)
    }

    /// Runs the program once.
    pub(super) async fn run(
        &self,
        cluster: &Value,
        limit: Duration,
        call: &Deadline,
    ) -> Result<ExecCredential, ExecError> {
        let step = call.at_most(limit);
        let command = self.command.clone();
        match step.run(self.output(cluster)).await {
            Ok(printed) => self.read(&printed?),
            // The step's deadline is the operation's own when that comes first.
            Err(Stop::Deadline(over)) if over == limit && !call.remaining().is_zero() => {
                Err(ExecError::Slow { command, limit })
            }
            Err(stop) => Err(ExecError::Stopped(stop)),
        }
    }

    async fn output(&self, cluster: &Value) -> Result<Vec<u8>, ExecError> {
        let command = || self.command.clone();
        let mut child = self.prepared(cluster).spawn().map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => ExecError::Missing { command: command(), hint: self.install_hint.clone() },
            _ => ExecError::Start { command: command(), source },
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr, status) = tokio::join!(all(stdout), all(stderr), child.wait());
        let status = status.map_err(|source| ExecError::Start { command: command(), source })?;
        if !status.success() {
            let stderr = self.tail(&String::from_utf8_lossy(&stderr), &String::from_utf8_lossy(&stdout));
            return Err(ExecError::Failed { command: command(), status: status.to_string(), stderr });
        }
        Ok(stdout)
    }

    fn prepared(&self, cluster: &Value) -> Command {
        let mut spec = json!({ "interactive": false });
        if self.provide_cluster_info
            && let Some(spec) = spec.as_object_mut()
        {
            spec.insert("cluster".into(), cluster.clone());
        }
        let info = json!({ "apiVersion": self.api_version, "kind": "ExecCredential", "spec": spec });
        let mut command = Command::new(&self.command);
        command
            .args(&self.args)
            .envs(&self.env)
            .env("KUBERNETES_EXEC_INFO", info.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn read(&self, printed: &[u8]) -> Result<ExecCredential, ExecError> {
        let wrong = |problem| ExecError::Output { command: self.command.clone(), problem };
        // The parser's own words may repeat the output, so they are dropped.
        let value: Value = serde_json::from_slice(printed).map_err(|_| wrong("it is not JSON"))?;
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        if text("/kind").as_deref() != Some("ExecCredential") {
            return Err(wrong("its kind is not ExecCredential"));
        }
        let expires = match text("/status/expirationTimestamp") {
            Some(time) => Some(time.parse().map_err(|_| wrong("its expirationTimestamp is no RFC 3339 time"))?),
            None => None,
        };
        let token = text("/status/token").filter(|token| !token.is_empty()).map(SecretString::from);
        let key = text("/status/clientKeyData").map(SecretString::from);
        let identity = text("/status/clientCertificateData").zip(key);
        if token.is_none() && identity.is_none() {
            return Err(wrong("it has neither a token nor a client certificate with its key"));
        }
        Ok(ExecCredential { token, identity, expires })
    }

    /// The end of stderr, with every word masked that stands in stdout, in a configured variable or argument, or is
    /// long enough to be a token.
    fn tail(&self, stderr: &str, stdout: &str) -> String {
        let secret = |word: &str| {
            let configured =
                self.env.values().chain(&self.args).any(|value| value.len() >= 6 && word.contains(value.as_str()));
            let long = word.len() >= 40 && !word.contains('/');
            configured || long || (word.len() >= 6 && stdout.contains(word))
        };
        let words = stderr.split_whitespace().map(|word| if secret(word) { "***" } else { word });
        let words: Vec<&str> = words.collect();
        let from = words.len().saturating_sub(40);
        words.get(from..).unwrap_or_default().join(" ")
    }
}

impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments and values may be secrets; their number and names are enough to debug with.
        let Self { api_version, command, args, env, install_hint: _, provide_cluster_info } = self;
        f.debug_struct("Exec")
            .field("api_version", api_version)
            .field("command", command)
            .field("args", &args.len())
            .field("env", &env.keys())
            .field("provide_cluster_info", provide_cluster_info)
            .finish_non_exhaustive()
    }
}

async fn all(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A broken pipe means the program died, and its exit status says that better.
        let _read = pipe.take(LONGEST_OUTPUT).read_to_end(&mut bytes).await;
    }
    bytes
}

fn hint_of(hint: &Option<String>) -> String {
    hint.as_ref().map(|hint| format!("; {}", hint.trim())).unwrap_or_default()
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() { "; run it in a terminal to see why".to_owned() } else { format!(" and said: {stderr}") }
}

#[cfg(test)]
mod tests;
