//! Forges: facts about pull requests and branches, and the labels of pull requests.

use std::collections::BTreeSet;

use eod_domain::{BranchName, HeadSha, Repository};

use super::call::CallError;

/// Forges of all configured hosts.
pub trait ForgePort {
    /// Rules for a repository; none if no forge is configured for its host.
    fn rules(&self, repository: &Repository) -> Option<RepositoryRules>;

    /// Lists the open pull requests of a repository.
    ///
    /// # Errors
    ///
    /// The call failed, or a page is not complete.
    async fn open_pull_requests(&self, repository: &Repository) -> Result<Vec<PullRequestFacts>, CallError>;

    /// Reads a pull request by its number, also a closed one. A 404 is an error of the kind
    /// [`super::CallErrorKind::NotFound`]: it says nothing about the state.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn pull_request(&self, repository: &Repository, number: u64) -> Result<PullRequestFacts, CallError>;

    /// True if a branch exists; false only if the repository exists and the branch does not.
    ///
    /// # Errors
    ///
    /// The call failed, or the repository cannot be read.
    async fn branch_exists(&self, repository: &Repository, branch: &BranchName) -> Result<bool, CallError>;

    /// Adds or removes a label of a pull request. Succeeds if it is there, or not there, already.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn set_label(
        &self,
        repository: &Repository,
        number: u64,
        label: PullRequestLabel,
        present: bool,
    ) -> Result<(), CallError>;
}

/// Labels that the reaper sets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PullRequestLabel {
    /// The label that requests an environment.
    Trigger,
    /// The label that puts an environment to sleep.
    Sleep,
}

/// Rules for the repositories of a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RepositoryRules {
    /// Label that requests an environment; none if the platform uses no trigger label.
    pub trigger_label: Option<String>,
    /// Label that puts an environment to sleep.
    pub sleep_label: Option<String>,
}

/// Facts about a pull request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PullRequestFacts {
    /// Number within its repository.
    pub number: u64,
    /// True if it is open. A merged one is not.
    pub is_open: bool,
    /// Names of its labels.
    pub labels: BTreeSet<String>,
    /// Newest commit; none if the forge's text is not a commit.
    pub head_sha: Option<HeadSha>,
    /// True if its branch is in another repository. A deleted one counts.
    pub is_fork: bool,
}
