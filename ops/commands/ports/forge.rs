//! Forges of the configuration file.

use eod_clients::forge::{MergeState, PullRequest};
use eod_domain::{BranchName, Repository};
use eod_reaper::ports::{CallError, CallErrorKind, ForgePort, PullRequestFacts, PullRequestLabel, RepositoryRules};

use super::call::call_error;
use super::failures::FailureLimit;
use super::remote_deadline;
use crate::forges::{ConfiguredForge, check_repository};
use crate::session::OpsSession;

/// Forges of a session.
pub(crate) struct OpsForge<'a> {
    session: &'a OpsSession,
    limit: FailureLimit,
}

impl<'a> OpsForge<'a> {
    pub(super) fn new(session: &'a OpsSession, limit: FailureLimit) -> Self {
        Self { session, limit }
    }

    /// Makes a call to the forge of a repository, unless its failed calls have used up their part of the run.
    async fn call<T>(
        &self,
        repository: &Repository,
        call: impl Future<Output = Result<T, eod_clients::Error>>,
    ) -> Result<T, CallError> {
        let host = repository.host().to_ascii_lowercase();
        self.limit.run(&host, async { call.await.map_err(|error| call_error(&error)) }).await
    }

    fn forge(&self, repository: &Repository) -> Result<&ConfiguredForge, CallError> {
        let problem = || format!("no forge is configured for host `{}`", repository.host());
        self.session.forges.get(repository).ok_or_else(|| CallError::new(CallErrorKind::Invalid, problem()))
    }
}

impl ForgePort for OpsForge<'_> {
    fn rules(&self, repository: &Repository) -> Option<RepositoryRules> {
        let forge = self.session.forges.get(repository)?;
        Some(RepositoryRules { trigger_label: forge.trigger_label.clone(), sleep_label: forge.sleep_label.clone() })
    }

    async fn open_pull_requests(&self, repository: &Repository) -> Result<Vec<PullRequestFacts>, CallError> {
        let deadline = remote_deadline(self.session)?;
        let client = &self.forge(repository)?.client;
        let call = client.open_pull_requests(repository, &deadline);
        Ok(self.call(repository, call).await?.into_iter().map(facts).collect())
    }

    async fn pull_request(&self, repository: &Repository, number: u64) -> Result<PullRequestFacts, CallError> {
        let deadline = remote_deadline(self.session)?;
        let client = &self.forge(repository)?.client;
        let found = self.call(repository, client.pull_request(repository, number, &deadline)).await?;
        let missing = || {
            let problem = format!("the forge does not show pull request {number} of {repository}");
            CallError::new(CallErrorKind::NotFound, problem)
        };
        let found = found.ok_or_else(missing)?;
        check_repository(&found, repository).map_err(|problem| CallError::new(CallErrorKind::Invalid, problem))?;
        Ok(facts(found))
    }

    async fn branch_exists(&self, repository: &Repository, branch: &BranchName) -> Result<bool, CallError> {
        let deadline = remote_deadline(self.session)?;
        let client = &self.forge(repository)?.client;
        self.call(repository, client.branch_exists(repository, branch.as_str(), &deadline)).await
    }

    async fn set_label(
        &self,
        repository: &Repository,
        number: u64,
        label: PullRequestLabel,
        present: bool,
    ) -> Result<(), CallError> {
        let forge = self.forge(repository)?;
        let name = match label {
            PullRequestLabel::Trigger => forge.trigger_label.as_ref(),
            PullRequestLabel::Sleep => forge.sleep_label.as_ref(),
        };
        let none = || CallError::new(CallErrorKind::Invalid, "the forge has no such label in the configuration file");
        let name = name.ok_or_else(none)?;
        let deadline = remote_deadline(self.session)?;
        if present {
            self.call(repository, forge.client.add_label(repository, number, name, &deadline)).await
        } else {
            self.call(repository, forge.client.remove_label(repository, number, name, &deadline)).await
        }
    }
}

fn facts(found: PullRequest) -> PullRequestFacts {
    PullRequestFacts {
        number: found.number,
        is_open: found.state == MergeState::Open,
        labels: found.labels,
        head_sha: found.head_sha.parse().ok(),
        is_fork: found.is_fork,
    }
}
