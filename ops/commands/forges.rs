//! Forges of the configuration file, by host.

use std::collections::BTreeMap;

use eod_clients::Deadline;
use eod_clients::forge::{
    Forge, ForgeAccess, ForgeKind, ForgeSettings, GitHubApp, MergeState, PullRequest, TokenSource,
};
use eod_clients::kubernetes::SecretString;
use eod_domain::{EnvironmentName, Identity, PullRequestState, Repository, Subject};

use crate::config::{ForgeAuthConfig, ForgeConfig, ForgeKindKey};
use crate::failure::Failure;

/// Forges by the host of their repositories.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forges {
    by_host: BTreeMap<String, ConfiguredForge>,
}

/// Forge with the labels of the platform.
#[derive(Clone, Debug)]
pub(crate) struct ConfiguredForge {
    /// Client of the forge.
    pub(crate) client: Forge,
    /// Label that requests an environment.
    pub(crate) trigger_label: Option<String>,
    /// Label that puts an environment to sleep.
    pub(crate) sleep_label: Option<String>,
}

/// Pull request of an environment at its forge.
#[derive(Debug)]
pub(crate) struct ForgePullRequest<'a> {
    /// Forge of the repository.
    pub(crate) forge: &'a ConfiguredForge,
    /// Repository.
    pub(crate) repository: &'a Repository,
    /// Number of the pull request.
    pub(crate) number: u64,
}

impl Forges {
    /// Clients of all configured forges. Nothing is contacted, and no token file is read.
    pub(crate) fn new(
        configs: &[ForgeConfig],
        variables: &BTreeMap<String, String>,
        user_agent: &str,
    ) -> Result<Self, Failure> {
        let mut by_host = BTreeMap::new();
        for config in configs {
            let invalid = |problem: String| Failure::usage(format!("forge `{}`: {problem}", config.host));
            let access = ForgeAccess::new(ForgeSettings {
                kind: match config.kind {
                    ForgeKindKey::Github => ForgeKind::GitHub,
                    ForgeKindKey::Gitlab => ForgeKind::GitLab,
                },
                host: config.host.clone(),
                api: config.api.clone(),
                token: token(&config.auth, variables).map_err(&invalid)?,
            });
            let access = access.map_err(|error| invalid(error.to_string()))?;
            let client = Forge::new(access, user_agent)?;
            let (trigger_label, sleep_label) = (config.trigger_label.clone(), config.sleep_label.clone());
            let forge = ConfiguredForge { client, trigger_label, sleep_label };
            by_host.insert(config.host.to_ascii_lowercase(), forge);
        }
        Ok(Self { by_host })
    }

    /// State of a pull request, read by its number, or of a branch, read by its name. Unknown if no forge is configured for
    /// it.
    pub(crate) async fn state(
        &self,
        name: &EnvironmentName,
        identity: &Identity,
        deadline: &Deadline,
    ) -> Result<PullRequestState, Failure> {
        let Some((repository, forge)) = identity.repository.as_ref().and_then(|found| Some((found, self.get(found)?)))
        else {
            return Ok(PullRequestState::Unknown);
        };
        match &identity.subject {
            Subject::Given => Ok(PullRequestState::Unknown),
            Subject::Branch(branch) => {
                let exists = forge.client.branch_exists(repository, branch.as_str(), deadline).await?;
                let open = PullRequestState::Open { labelled: None };
                Ok(if exists { open } else { PullRequestState::BranchDeleted })
            }
            Subject::PullRequest(_) => {
                let found = ForgePullRequest::of(self, name, identity)?.read(deadline).await?;
                state(&found, repository, forge.trigger_label.as_ref()).map_err(Failure::failed)
            }
        }
    }

    /// Forge of a repository; none if its host has no forge.
    pub(crate) fn get(&self, repository: &Repository) -> Option<&ConfiguredForge> {
        self.by_host.get(&repository.host().to_ascii_lowercase())
    }
}

impl<'a> ForgePullRequest<'a> {
    /// Pull request of an identity at its configured forge.
    pub(crate) fn of(forges: &'a Forges, name: &EnvironmentName, identity: &'a Identity) -> Result<Self, Failure> {
        let (Some(repository), Subject::PullRequest(number)) = (&identity.repository, &identity.subject) else {
            return Err(Failure::failed(format!("environment `{name}` does not belong to a pull request")));
        };
        let forge = forges.get(repository).ok_or_else(|| {
            let failure = Failure::failed(format!("no forge is configured for host `{}`", repository.host()));
            failure.remedy("add it to `forges` in the configuration file, see --config")
        })?;
        Ok(Self { forge, repository, number: number.get() })
    }

    /// Adds or removes a label.
    pub(crate) async fn set_label(&self, label: &str, present: bool, deadline: &Deadline) -> Result<(), Failure> {
        let Self { forge, repository, number } = self;
        if present {
            forge.client.add_label(repository, *number, label, deadline).await?;
        } else {
            forge.client.remove_label(repository, *number, label, deadline).await?;
        }
        Ok(())
    }

    /// Reads the pull request. A 404 is a failure: it may also mean that the token has no rights.
    pub(crate) async fn read(&self, deadline: &Deadline) -> Result<PullRequest, Failure> {
        let Self { forge, repository, number } = self;
        let found = forge.client.pull_request(repository, *number, deadline).await?;
        found.ok_or_else(|| {
            let failure = Failure::failed(format!("the forge does not show pull request {number} of {repository}"));
            failure.remedy("check that the token may read the repository")
        })
    }
}

/// State of a pull request that was read.
fn state(
    found: &PullRequest,
    repository: &Repository,
    trigger_label: Option<&String>,
) -> Result<PullRequestState, String> {
    check_repository(found, repository)?;
    let labelled = trigger_label.map(|label| found.labels.contains(label));
    let is_open = found.state == MergeState::Open;
    Ok(if is_open { PullRequestState::Open { labelled } } else { PullRequestState::Closed })
}

/// Refuses a closed pull request of another repository: after a repository was renamed or moved, its numbers may be those of
/// other pull requests, so the state counts as unknown.
pub(crate) fn check_repository(found: &PullRequest, repository: &Repository) -> Result<(), String> {
    let expected = format!("{}/{}", repository.owner(), repository.repo());
    match &found.repository {
        Some(path) if found.state != MergeState::Open && !path.eq_ignore_ascii_case(&expected) => {
            Err(format!("the repository {expected} is now {path}: it was renamed or moved"))
        }
        _ => Ok(()),
    }
}

/// Failure for a forge without one of the labels.
pub(crate) fn no_label(key: &str, identity: &Identity) -> Failure {
    let host = identity.repository.as_ref().map(Repository::host).unwrap_or_default();
    let failure = Failure::failed(format!("the forge of host `{host}` has no `{key}` in the configuration file"));
    failure.remedy(format!("add `{key}` to the forge in `forges`, see --config"))
}

/// Source of the token. A token variable is read now, a file at each request.
fn token(auth: &ForgeAuthConfig, variables: &BTreeMap<String, String>) -> Result<TokenSource, String> {
    match auth {
        ForgeAuthConfig { token_file: Some(path), .. } => Ok(TokenSource::File(path.clone())),
        ForgeAuthConfig { token_env: Some(name), .. } => match variables.get(name).filter(|value| !value.is_empty()) {
            Some(value) => Ok(TokenSource::Token(SecretString::from(value.clone()))),
            None => Err(format!("environment variable {name}, which `auth.token_env` names, is not set")),
        },
        ForgeAuthConfig { app: Some(app), .. } => Ok(TokenSource::App(GitHubApp {
            id: app.id.clone(),
            installation: app.installation,
            private_key_file: app.private_key_file.clone(),
        })),
        ForgeAuthConfig { token_file: None, token_env: None, app: None } => Err("`auth` is empty".to_owned()),
    }
}

#[cfg(test)]
mod tests;
