//! Properties of the requests to Route 53, for errors, logs and retries.

use crate::{
    error::Error,
    send::{FailedRequest, RemoteRequest},
};

use super::failure::{Route53Failure, Route53Problem};

/// Name of the system in errors.
pub(super) const SYSTEM: &str = "Route 53";

/// One request.
pub(super) struct Route53Request {
    /// Verb of the operation.
    operation: &'static str,
    /// Target for errors.
    target: String,
    /// Name of the action in the API.
    action: &'static str,
    /// Number of changes of record sets.
    changes: u32,
}

impl Route53Request {
    /// A read.
    pub(super) fn read(operation: &'static str, target: impl Into<String>, action: &'static str) -> Self {
        Self { operation, target: target.into(), action, changes: 0 }
    }

    /// A batch with this number of changes.
    pub(super) fn batch(target: impl Into<String>, changes: usize) -> Self {
        let changes = u32::try_from(changes).unwrap_or(u32::MAX).max(1);
        Self { operation: "change", target: target.into(), action: "ChangeResourceRecordSets", changes }
    }

    /// Number of changes of record sets; zero for a read.
    pub(super) fn changes(&self) -> u32 {
        self.changes
    }

    /// The error of a failed request.
    pub(super) fn error(&self, failed: FailedRequest<Route53Failure>) -> Error {
        failed.into_error(SYSTEM, self)
    }

    /// The error of a problem in a response, or before the request is sent.
    pub(super) fn problem(&self, problem: Route53Problem) -> Error {
        Error::new(SYSTEM, self.operation, &self.target, problem.kind()).because(problem)
    }
}

impl RemoteRequest for Route53Request {
    fn operation(&self) -> &'static str {
        self.operation
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn counter(&self) -> &str {
        self.action
    }

    /// True for a batch, too: if it was applied, Route 53 refuses it the second time, and applies nothing of it twice.
    fn is_idempotent(&self) -> bool {
        true
    }

    fn writes(&self) -> bool {
        self.changes > 0
    }
}
