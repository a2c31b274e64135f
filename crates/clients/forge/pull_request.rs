//! Pull requests and comments, in the form that all forges share.

use std::collections::BTreeSet;

/// A pull request, or a merge request of GitLab.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PullRequest {
    /// Number within its repository.
    pub number: u64,
    /// State of the pull request.
    pub state: MergeState,
    /// Name of the author's account.
    pub author: String,
    /// Names of the labels.
    pub labels: BTreeSet<String>,
    /// Name of the head branch.
    pub branch: String,
    /// The newest commit of the head branch.
    pub head_sha: String,
    /// True if the head branch is in another repository. A deleted fork counts as one.
    pub is_fork: bool,
    /// True for a draft.
    pub is_draft: bool,
    /// URL of the page for people.
    pub url: String,
    /// Path of the repository in the response: `acme/shop`; `None` if the forge does not return it. It differs from the
    /// requested one if the repository was renamed or moved.
    pub repository: Option<String>,
}

/// States of pull requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MergeState {
    /// Open, or locked by GitLab while it merges.
    Open,
    /// Closed without a merge.
    Closed,
    /// Merged.
    Merged,
}

/// A comment on a pull request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comment {
    /// Id of the comment.
    pub id: u64,
    /// Name of the author's account.
    pub author: String,
    /// Text of the comment.
    pub body: String,
}
