//! Keywords of a ledger's head: phase, reason of an end, and tool.

use crate::text::{KeywordError, keyword};

/// Phase of an environment's life.
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = KeywordError, parse_err_fn = LedgerPhase::unsupported)]
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
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = KeywordError, parse_err_fn = EndReason::unsupported)]
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
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = KeywordError, parse_err_fn = MadeBy::unsupported)]
pub enum MadeBy {
    /// The Terraform provider.
    Terraform,
    /// Argo CD with the plugin.
    Argocd,
}

keyword!(LedgerPhase, "ledger phase");
keyword!(EndReason, "reason of an end");
keyword!(MadeBy, "tool");
