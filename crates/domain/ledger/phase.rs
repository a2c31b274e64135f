//! Keywords of a ledger's head: phase, reason of an end, and tool.

use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::text::keyword;

/// Phase of an environment's life.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum LedgerPhase {
    /// Refused for lack of a free place, and waiting for one.
    Queued,
    /// Create not finished.
    Creating,
    /// Create finished.
    Live,
    /// End not finished.
    Ending,
    /// End finished: the head is a tombstone.
    Ended,
}

/// Reason of an end.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum EndReason {
    /// Past its end, with an open pull request.
    Expired,
    /// The pull request is closed or merged.
    Closed,
    /// The branch is deleted.
    BranchDeleted,
    /// The trigger label was removed from an open pull request.
    Unlabelled,
    /// A person requested the end.
    Requested,
    /// `terraform destroy`, or Argo CD.
    Destroyed,
    /// The namespace was deleted by hand.
    Lost,
}

/// Tool that created an environment.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum MadeBy {
    /// The Terraform provider.
    Terraform,
    /// Argo CD with the plugin.
    Argocd,
}

impl EndReason {
    /// True if a create with the same commit is refused after an end with this reason, so that a late pipeline does not bring
    /// a closed pull request back.
    pub fn refuses_same_commit(self) -> bool {
        matches!(self, Self::Closed | Self::BranchDeleted)
    }
}

keyword!(LedgerPhase, "ledger phase");
keyword!(EndReason, "reason of an end");
keyword!(MadeBy, "tool");
