//! Errors of a native build of a kustomization.

use super::named::Named;
use crate::refusal::Refusal;

/// Failure of a native build.
pub(super) enum BuildFailure {
    /// The kustomization is refused.
    Refused(Vec<Refusal>),
    /// A feature that only the kustomize binary supports.
    NeedsTool(Named),
}

impl From<Refusal> for BuildFailure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}
