//! [`RequestContext`]: cancellation, capabilities and warnings of one request.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::diag::{Diag, Diags};

/// Capabilities that the host reports. Never derive them from a version number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// True if a plan may be deferred.
    pub deferral_allowed: bool,
    /// True if the host does not store write-only arguments in plan and state.
    pub write_only_allowed: bool,
}

/// One request: cancellation, capabilities of the host, and warnings.
#[derive(Debug, Default)]
pub struct RequestContext {
    /// Cancelled when the user interrupts Terraform. The call then returns soon, with the work done so far.
    pub cancel: CancellationToken,
    /// Capabilities of the host.
    pub capabilities: Capabilities,
    warnings: Mutex<Diags>,
}

impl RequestContext {
    /// Creates the context of a request, which is cancelled together with `cancel`.
    pub fn new(cancel: CancellationToken, capabilities: Capabilities) -> Self {
        Self { cancel, capabilities, warnings: Mutex::default() }
    }

    /// Shows `diag` to the user, both if the call succeeds and if it fails.
    pub fn warn(&self, diag: Diag) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(diag);
    }

    /// Removes and returns the warnings so far.
    pub(crate) fn take_warnings(&self) -> Diags {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
