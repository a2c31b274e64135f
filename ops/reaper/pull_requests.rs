//! States of pull requests and branches. The forge is believed only for facts that it reports by number or by name.

use std::collections::BTreeMap;

use eod_domain::{Identity, PullRequestState, Repository, Subject};

use crate::mutation::mutated;
use crate::observed::KnownPullRequest;
use crate::ports::{CallError, ForgePort, Ports, PullRequestFacts, RepositoryRules};
use crate::run::Run;

/// Open pull requests of the repositories, listed once per run.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenPullRequests {
    /// By canonical repository; none if the list failed.
    lists: BTreeMap<String, Option<BTreeMap<u64, PullRequestFacts>>>,
}

impl<P: Ports> Run<'_, P> {
    /// State of a pull request or branch. A pull request that is not in the list of open ones is read by its number.
    pub(crate) async fn pull_request(
        &mut self,
        open: &mut OpenPullRequests,
        identity: Option<&Identity>,
    ) -> KnownPullRequest {
        if let Some((repository, number)) = identity.and_then(pull_request_of)
            && let Some(rules) = self.ports.forge().rules(repository)
            && let Some(list) = self.listed(open, repository).await
        {
            match list.get(&number) {
                Some(facts) => return known(facts.clone(), &rules),
                None if mutated!(ListIsBelieved) => return PullRequestState::Closed.into(),
                None => {}
            }
        }
        self.fresh_pull_request(identity).await
    }

    /// Facts about a pull request if it is in the list of open ones.
    pub(crate) async fn open_pull_request(
        &mut self,
        open: &mut OpenPullRequests,
        identity: &Identity,
    ) -> Option<KnownPullRequest> {
        let (repository, number) = pull_request_of(identity)?;
        let rules = self.ports.forge().rules(repository)?;
        let facts = self.listed(open, repository).await?.get(&number)?.clone();
        Some(known(facts, &rules))
    }

    /// State of a pull request or branch, read by number or by name.
    pub(crate) async fn fresh_pull_request(&mut self, identity: Option<&Identity>) -> KnownPullRequest {
        let unknowable = KnownPullRequest { is_unknowable: true, ..KnownPullRequest::default() };
        let Some(identity) = identity else { return unknowable };
        let Some(repository) = &identity.repository else { return unknowable };
        let Some(rules) = self.ports.forge().rules(repository) else { return unknowable };
        let result = match &identity.subject {
            Subject::Given => return unknowable,
            Subject::PullRequest(number) => {
                let result = self.ports.forge().pull_request(repository, number.get()).await;
                result.map(|facts| known(facts, &rules))
            }
            Subject::Branch(branch) => self.ports.forge().branch_exists(repository, branch).await.map(|exists| {
                let open = PullRequestState::Open { labelled: None };
                if exists { open.into() } else { PullRequestState::BranchDeleted.into() }
            }),
        };
        result.unwrap_or_else(|error| self.unknown(identity, &error))
    }

    /// State after a failed call: unknown, which is treated as open.
    fn unknown(&mut self, identity: &Identity, error: &CallError) -> KnownPullRequest {
        self.report.problem(identity, format!("the state of the pull request is unknown and counts as open: {error}"));
        if mutated!(UnknownIsClosed) || (mutated!(NotFoundIsClosed) && error.is_not_found()) {
            return PullRequestState::Closed.into();
        }
        KnownPullRequest::default()
    }

    async fn listed<'o>(
        &mut self,
        open: &'o mut OpenPullRequests,
        repository: &Repository,
    ) -> Option<&'o BTreeMap<u64, PullRequestFacts>> {
        let key = repository.canonical();
        if !open.lists.contains_key(&key) {
            let list = match self.ports.forge().open_pull_requests(repository).await {
                Ok(list) => Some(list.into_iter().map(|facts| (facts.number, facts)).collect()),
                Err(error) => {
                    self.report.problem(repository.short(), format!("open pull requests cannot be listed: {error}"));
                    None
                }
            };
            open.lists.insert(key.clone(), list);
        }
        open.lists.get(&key)?.as_ref()
    }
}

/// Repository and number of a pull request's identity.
pub(crate) fn pull_request_of(identity: &Identity) -> Option<(&Repository, u64)> {
    match identity.subject {
        Subject::PullRequest(number) => Some((identity.repository.as_ref()?, number.get())),
        Subject::Branch(_) | Subject::Given => None,
    }
}

fn known(facts: PullRequestFacts, rules: &RepositoryRules) -> KnownPullRequest {
    let labelled = rules.trigger_label.as_ref().map(|label| facts.labels.contains(label));
    let state = if facts.is_open { PullRequestState::Open { labelled } } else { PullRequestState::Closed };
    KnownPullRequest { state, facts: Some(facts), is_unknowable: false }
}

impl From<PullRequestState> for KnownPullRequest {
    fn from(state: PullRequestState) -> Self {
        Self { state, ..Self::default() }
    }
}
