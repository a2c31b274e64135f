//! [`RequestContext`]: what a resource is told about the request it serves.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::diag::{Diag, Diags};

/// What the host says it can handle. Never conclude this from a version number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// A plan may answer that it has to wait for something.
    pub deferral_allowed: bool,
    /// The host keeps write-only arguments out of plan and state.
    pub write_only_allowed: bool,
}

/// One request: how it is cancelled, what the host can do, and where warnings go.
#[derive(Debug, Default)]
pub struct RequestContext {
    /// Cancelled when the user interrupts Terraform. Work should then end soon, with what it has done so far.
    pub cancel: CancellationToken,
    /// What the host can handle.
    pub capabilities: Capabilities,
    warnings: Mutex<Diags>,
}

impl RequestContext {
    /// A call with these capabilities that ends when `cancel` does.
    pub fn new(cancel: CancellationToken, capabilities: Capabilities) -> Self {
        Self { cancel, capabilities, warnings: Mutex::default() }
    }

    /// Shows `diag` to the user, whatever the call answers.
    pub fn warn(&self, diag: Diag) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(diag);
    }

    /// The warnings given so far.
    pub(crate) fn take_warnings(&self) -> Diags {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
