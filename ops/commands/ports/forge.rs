//! Forges of the configuration file.

use eod_clients::forge::{MergeState, PullRequest};
use eod_domain::{BranchName, Repository};
use eod_reaper::ports::{CallError, CallErrorKind, ForgePort, PullRequestFacts, PullRequestLabel, RepositoryRules};

use super::call::call_error;
use super::call_deadline;
use crate::forges::ConfiguredForge;
use crate::session::OpsSession;

/// Forges of a session.
pub(crate) struct OpsForge<'a>(pub(super) &'a OpsSession);

impl OpsForge<'_> {
    fn forge(&self, repository: &Repository) -> Result<&ConfiguredForge, CallError> {
        let problem = || format!("no forge is configured for host `{}`", repository.host());
        self.0.forges.get(repository).ok_or_else(|| CallError::new(CallErrorKind::Invalid, problem()))
    }
}

impl ForgePort for OpsForge<'_> {
    fn rules(&self, repository: &Repository) -> Option<RepositoryRules> {
        let forge = self.0.forges.get(repository)?;
        Some(RepositoryRules { trigger_label: forge.trigger_label.clone(), sleep_label: forge.sleep_label.clone() })
    }

    async fn open_pull_requests(&self, repository: &Repository) -> Result<Vec<PullRequestFacts>, CallError> {
        let deadline = call_deadline(self.0);
        let listed = self.forge(repository)?.client.open_pull_requests(repository, &deadline).await;
        let listed = listed.map_err(|error| call_error(&error))?;
        Ok(listed.into_iter().map(facts).collect())
    }

    async fn pull_request(&self, repository: &Repository, number: u64) -> Result<PullRequestFacts, CallError> {
        let deadline = call_deadline(self.0);
        let found = self.forge(repository)?.client.pull_request(repository, number, &deadline).await;
        let missing = || {
            let problem = format!("the forge does not show pull request {number} of {repository}");
            CallError::new(CallErrorKind::NotFound, problem)
        };
        let found = found.map_err(|error| call_error(&error))?.ok_or_else(missing)?;
        check_repository(&found, repository)?;
        Ok(facts(found))
    }

    async fn branch_exists(&self, repository: &Repository, branch: &BranchName) -> Result<bool, CallError> {
        let deadline = call_deadline(self.0);
        let exists = self.forge(repository)?.client.branch_exists(repository, branch.as_str(), &deadline).await;
        exists.map_err(|error| call_error(&error))
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
        let deadline = call_deadline(self.0);
        let written = if present {
            forge.client.add_label(repository, number, name, &deadline).await
        } else {
            forge.client.remove_label(repository, number, name, &deadline).await
        };
        written.map_err(|error| call_error(&error))
    }
}

/// Refuses a closed pull request of another repository: after a repository was renamed or moved, its numbers may be those of
/// other pull requests, so the state counts as unknown.
fn check_repository(found: &PullRequest, repository: &Repository) -> Result<(), CallError> {
    let expected = format!("{}/{}", repository.owner(), repository.repo());
    match &found.repository {
        Some(path) if found.state != MergeState::Open && !path.eq_ignore_ascii_case(&expected) => {
            let problem = format!("the repository {expected} is now {path}: it was renamed or moved");
            Err(CallError::new(CallErrorKind::Invalid, problem))
        }
        _ => Ok(()),
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

#[cfg(test)]
mod tests;
