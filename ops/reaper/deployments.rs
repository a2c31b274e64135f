//! Observation of deployments: the commit that runs, the first success, and failures.

use std::collections::BTreeMap;

use eod_domain::ledger::{EventKind, LedgerPhase, MadeBy};
use eod_domain::{HeadSha, Repository, labels};
use jiff::Timestamp;

use crate::observed::Observed;
use crate::ports::{
    ApplicationFacts, ApplicationHealth, ApplicationLookup, ApplicationsAge, CallError, ClusterPort, DeploymentFacts,
    NotificationKind, Ports, SyncedSource,
};
use crate::run::{About, Run};

/// Maximum length of the annotation `/failing` in characters.
const FAILING_MAX: usize = 256;

/// Detail of a deployment without a commit.
const UNKNOWN_COMMIT: &str = "the commit is unknown";

/// State of a deployment.
#[derive(Clone, Debug, Eq, PartialEq)]
enum DeploymentState {
    /// Nothing is known, or it is not finished.
    Unknown,
    /// Everything runs, at this commit if it is known.
    Running(Option<HeadSha>),
    /// Something fails: cause and object.
    Failing(String),
}

impl<P: Ports> Run<'_, P> {
    /// Observes an environment with a commit that is not known to run yet.
    pub(crate) async fn observe(&mut self, observed: &mut Observed, now: Timestamp) -> Result<(), CallError> {
        if !needs_observation(observed) || self.ending.contains(&observed.name) {
            return Ok(());
        }
        // The run has changed the namespace since it was read.
        let is_changed = self.report.actions.iter().any(|action| action.target == observed.name.as_str());
        if is_changed {
            self.read_again(observed, now).await;
        }
        if !needs_observation(observed) {
            return Ok(());
        }
        let state = self.deployment(observed).await?;
        self.record_deployment(observed, &state, now).await
    }

    /// State of a deployment. The Deployments of all environments are listed once per run.
    async fn deployment(&mut self, observed: &Observed) -> Result<DeploymentState, CallError> {
        let cluster = self.ports.cluster();
        let mut applications = match cluster.applications(&observed.name, ApplicationsAge::Run).await? {
            ApplicationLookup::Found(applications) => applications,
            ApplicationLookup::NotConfigured => Vec::new(),
        };
        applications.retain(|application| application.other_cluster.is_none());
        if applications.is_empty() {
            return Ok(of_deployments(self.deployments_of(observed).await));
        }
        let reading = &observed.reading;
        let repository = reading.identity.as_ref().and_then(|identity| identity.repository.as_ref());
        match of_applications(&applications, repository) {
            // A rendered namespace has its commit from the same sync. Another one has its commit from Terraform, and only its
            // Deployments name the running commit.
            DeploymentState::Running(None) if reading.made_by != Some(MadeBy::Argocd) => {
                Ok(match of_deployments(self.deployments_of(observed).await) {
                    DeploymentState::Running(None) => DeploymentState::Unknown,
                    state => state,
                })
            }
            state => Ok(state),
        }
    }

    /// Deployments of an environment. A failure of their list is reported once.
    async fn deployments_of(&mut self, observed: &Observed) -> &[DeploymentFacts] {
        if self.deployments.is_none() {
            let listed = self.ports.cluster().deployments().await;
            self.deployments = Some(listed.unwrap_or_else(|error| {
                self.report.problem("deployments", format!("cannot list the Deployments: {error}"));
                BTreeMap::new()
            }));
        }
        let found = self.deployments.as_ref().and_then(|deployments| deployments.get(observed.name.as_str()));
        found.map(Vec::as_slice).unwrap_or_default()
    }

    async fn record_deployment(
        &mut self,
        observed: &mut Observed,
        state: &DeploymentState,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let reading = &observed.reading;
        let mut annotations: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut events = Vec::new();
        match state {
            DeploymentState::Unknown => return Ok(()),
            DeploymentState::Failing(cause) => {
                let cause: String = cause.chars().take(FAILING_MAX).collect();
                if reading.failing.as_ref() == Some(&cause) {
                    return Ok(());
                }
                events.push((EventKind::Failing, NotificationKind::Failed, cause.clone()));
                annotations.insert(labels::FAILING.to_owned(), Some(cause));
            }
            DeploymentState::Running(commit) => {
                if reading.failing.is_some() {
                    events.push((
                        EventKind::Recovered,
                        NotificationKind::Live,
                        "the deployment has recovered".to_owned(),
                    ));
                    annotations.insert(labels::FAILING.to_owned(), None);
                }
                let is_first = reading.deployed_at.is_none();
                if is_first {
                    annotations.insert(labels::DEPLOYED_AT.to_owned(), Some(now.to_string()));
                }
                let commit = commit.as_ref().or(reading.head_sha.as_ref());
                if let Some(commit) = commit.filter(|commit| reading.deployed_sha.as_ref() != Some(*commit)) {
                    events.push((EventKind::Deployed, NotificationKind::Live, commit.to_string()));
                    annotations.insert(labels::DEPLOYED_SHA.to_owned(), Some(commit.to_string()));
                } else if is_first {
                    // Without a commit, too: the time to the first deployment is computed from this event.
                    events.push((EventKind::Deployed, NotificationKind::Live, UNKNOWN_COMMIT.to_owned()));
                }
            }
        }
        if annotations.is_empty() {
            return Ok(());
        }
        if !self.options.dry_run {
            self.annotate(observed, &annotations).await?;
        }
        for (kind, notification, detail) in events {
            self.report.act(&observed.name, kind.into(), detail.as_str());
            if self.options.dry_run {
                continue;
            }
            let event = self.event(now, observed.reading.generation, kind);
            let name = if kind == EventKind::Deployed && detail != UNKNOWN_COMMIT { "sha" } else { "cause" };
            self.append(&observed.name, event.with(name, &detail)).await?;
            self.notify(notification, now, &About::from(&*observed), detail).await;
        }
        Ok(())
    }
}

/// True if the commit of a living environment is not known to run yet.
fn needs_observation(observed: &Observed) -> bool {
    let reading = &observed.reading;
    let is_live = observed.own_head().is_some_and(|head| head.phase == LedgerPhase::Live);
    let runs_newest = match (&reading.deployed_sha, &reading.head_sha) {
        (Some(runs), Some(newest)) => runs.is_same_commit(newest),
        (_, None) => true,
        (None, Some(_)) => false,
    };
    let is_settled = reading.deployed_at.is_some() && runs_newest && reading.failing.is_none();
    is_live && !is_settled && !reading.terminating && reading.problems.is_empty()
}

/// State of all Applications of an environment: a failure of one counts for all. The commit is that of the sources in the
/// repository of the environment: a commit of another repository, such as a catalog of manifests, says nothing about it.
fn of_applications(applications: &[ApplicationFacts], repository: Option<&Repository>) -> DeploymentState {
    let failure = applications.iter().find_map(|application| match &application.health {
        ApplicationHealth::Degraded(cause) => Some(format!("Application {}: {cause}", application.name)),
        ApplicationHealth::Healthy | ApplicationHealth::Progressing => None,
    });
    if let Some(cause) = failure {
        return DeploymentState::Failing(cause);
    }
    let runs =
        |application: &ApplicationFacts| application.is_synced && application.health == ApplicationHealth::Healthy;
    if applications.is_empty() || !applications.iter().all(runs) {
        return DeploymentState::Unknown;
    }
    let is_own = |source: &&SyncedSource| repository.is_some_and(|repository| repository.is_at(&source.url));
    let sources = applications.iter().flat_map(|application| &application.sources);
    let mut commits = sources.filter(is_own).filter_map(|source| source.sha.as_ref());
    let first = commits.next();
    // Different commits are an unfinished deployment.
    if commits.any(|commit| Some(commit) != first) {
        return DeploymentState::Unknown;
    }
    DeploymentState::Running(first.cloned())
}

/// State of all Deployments of an environment. Different commits are an unfinished deployment.
fn of_deployments(deployments: &[DeploymentFacts]) -> DeploymentState {
    let failure = deployments.iter().find_map(|deployment| {
        deployment.failing.as_ref().map(|cause| format!("Deployment {}: {cause}", deployment.name))
    });
    if let Some(cause) = failure {
        return DeploymentState::Failing(cause);
    }
    match deployments {
        [first, rest @ ..]
            if first.is_available && rest.iter().all(|other| other.is_available && other.sha == first.sha) =>
        {
            DeploymentState::Running(first.sha.clone())
        }
        _ => DeploymentState::Unknown,
    }
}

#[cfg(test)]
mod tests;
