//! Credentials from a program such as `aws eks get-token` or `gke-gcloud-auth-plugin`.
//!
//! kube is not used for it, because kube runs the program three times per client, on the calling thread, and prints its
//! output if it fails. Here the program runs once per credential, with a time limit and without the stdin of this
//! process.
//!
//! # Guarantees
//! - The program is never interactive (`interactive: false`), independent of the kubeconfig.
//! - Its stdout and its environment are never part of an error. The last lines of its stderr are, without possible
//!   secrets.

use std::{collections::BTreeMap, fmt, process::Stdio, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

use super::access_error::ClusterAccessError;
use crate::deadline::{Deadline, Interruption, seconds};

/// Maximum output in bytes. A program with more output is not a credential plugin.
const MAX_OUTPUT: u64 = 1 << 20;

/// A credential program with its arguments.
#[derive(Clone, Default)]
pub struct Exec {
    /// Version of the protocol, `client.authentication.k8s.io/v1` or `.../v1beta1`.
    pub api_version: String,
    /// The program; it is searched in PATH unless it contains a slash.
    pub command: String,
    /// Arguments of the program.
    pub args: Vec<String>,
    /// Environment variables of the program, added to those of this process.
    pub env: BTreeMap<String, String>,
    /// Hint of the kubeconfig for installing the program.
    pub install_hint: Option<String>,
    /// True if the program gets the properties of the cluster.
    pub provide_cluster_info: bool,
}

/// Reasons why the program gave no credentials.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The program is not installed.
    #[error("the exec plugin `{command}` is not installed or not in PATH{}", hint_of(.hint))]
    Missing {
        /// The program.
        command: String,
        /// Hint of the kubeconfig for installing it.
        hint: Option<String>,
    },
    /// The program cannot be started.
    #[error("cannot start the exec plugin `{command}`")]
    Start {
        /// The program.
        command: String,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The program failed.
    #[error("the exec plugin `{command}` ended with {status}{}", quoted(.stderr))]
    Failed {
        /// The program.
        command: String,
        /// Exit status.
        status: String,
        /// Last part of its stderr without secrets; may be empty.
        stderr: String,
    },
    /// The program did not end within its time limit.
    #[error("the exec plugin `{command}` gave no credentials within {}; it runs without a terminal", seconds(.limit))]
    Slow {
        /// The program.
        command: String,
        /// Time limit of the program.
        limit: Duration,
    },
    /// The operation that needs the credentials was cancelled or timed out.
    #[error(transparent)]
    Interrupted(Interruption),
    /// The output is not a credential.
    #[error("the exec plugin `{command}` printed no valid ExecCredential: {problem}")]
    Output {
        /// The program.
        command: String,
        /// The problem, without the output itself.
        problem: &'static str,
    },
}

/// Credentials from the program.
pub(super) struct ExecCredential {
    pub(super) token: Option<SecretString>,
    pub(super) identity: Option<(String, SecretString)>,
    pub(super) expires: Option<Timestamp>,
}

impl Exec {
    /// Checks the version of the protocol and the command.
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
        deadline: &Deadline,
    ) -> Result<ExecCredential, ExecError> {
        let step = deadline.at_most(limit);
        let command = self.command.clone();
        match step.run(self.output(cluster)).await {
            Ok(printed) => self.read(&printed?),
            // The deadline of the step is that of the operation if that expires first.
            Err(Interruption::TimedOut(over)) if over == limit && !deadline.remaining().is_zero() => {
                Err(ExecError::Slow { command, limit })
            }
            Err(reason) => Err(ExecError::Interrupted(reason)),
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
        // The parser's message may quote the output, so it is dropped.
        let value: Value = serde_json::from_slice(printed).map_err(|_| wrong("it is not JSON"))?;
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        if text("/kind").as_deref() != Some("ExecCredential") {
            return Err(wrong("its kind is not ExecCredential"));
        }
        let expires = match text("/status/expirationTimestamp") {
            Some(time) => Some(time.parse().map_err(|_| wrong("its expirationTimestamp is not an RFC 3339 time"))?),
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

    /// The last part of stderr. Every part between blanks is masked if stdout contains it, or if it contains a
    /// configured variable or argument, or is long enough for a token.
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
        // Arguments and values may be secrets; their number and names are enough for debugging.
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
        // A broken pipe means that the program has ended, and its exit status is reported.
        let _read = pipe.take(MAX_OUTPUT).read_to_end(&mut bytes).await;
    }
    bytes
}

fn hint_of(hint: &Option<String>) -> String {
    hint.as_ref().map(|hint| format!(": {}", hint.trim())).unwrap_or_default()
}

fn quoted(stderr: &str) -> String {
    if stderr.is_empty() { " and an empty stderr".to_owned() } else { format!("; its stderr: {stderr}") }
}

#[cfg(test)]
mod tests;
