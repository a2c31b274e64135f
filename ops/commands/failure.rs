//! Errors of commands and their exit codes.

use std::process::ExitCode;

use eod_clients::{Error as ClientError, ErrorKind, kubernetes::ClusterConnectError};

/// Failure of a command: a problem and a remedy for people.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct Failure {
    kind: FailureKind,
    problem: String,
    remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FailureKind {
    /// The command failed: exit code 1.
    Failed,
    /// The command line, the configuration or the input is invalid: exit code 2.
    Usage,
}

/// Result of a command, which is its exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// Done: exit code 0.
    Done,
    /// Done, but something is blocked, left or found wrong: exit code 3.
    Found,
    /// A breaker stopped the command before its first end: exit code 4.
    Breaker,
}

impl Failure {
    /// A failed command.
    pub(crate) fn failed(problem: impl Into<String>) -> Self {
        Self { kind: FailureKind::Failed, problem: problem.into(), remedy: None }
    }

    /// Invalid usage or input.
    pub(crate) fn usage(problem: impl Into<String>) -> Self {
        Self { kind: FailureKind::Usage, problem: problem.into(), remedy: None }
    }

    /// Adds a remedy.
    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Remedy, if there is one.
    pub(crate) fn remedy_text(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// Text for stderr.
    pub(crate) fn text(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("error: {}\nremedy: {remedy}", self.problem),
            None => format!("error: {}", self.problem),
        }
    }

    /// Exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            FailureKind::Failed => ExitCode::from(1),
            FailureKind::Usage => ExitCode::from(2),
        }
    }
}

impl Outcome {
    /// Exit code.
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Found => ExitCode::from(3),
            Self::Breaker => ExitCode::from(4),
        }
    }
}

/// Remedy for a missing permission in a remote system.
fn permission_remedy(system: &str) -> &'static str {
    match system {
        "Kubernetes" => "run `eod doctor rights` to see the missing rule",
        "Vault" => "give the token a policy with this path and capability",
        _ => "give the token the permission for this repository",
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let failure = Self::failed(error.chain());
        match error.kind {
            ErrorKind::Denied => failure.remedy(permission_remedy(error.system)),
            ErrorKind::Unauthenticated if ClusterConnectError::of(&error).is_some() => {
                failure.remedy("renew the credentials of the cluster, or set --kubeconfig or --context to use others")
            }
            ErrorKind::Timeout => failure.remedy("try again, or set a longer --timeout"),
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests;
