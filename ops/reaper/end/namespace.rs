//! Deletion of the namespace, after one more look at the environment.

use eod_domain::ledger::{EndReason, MadeBy};
use eod_domain::{EnvironmentName, PullRequestState};

use super::{EndError, HeldEnd};
use crate::mutation::mutated;
use crate::observed::Observed;
use crate::ports::{ApplicationLookup, ApplicationsAge, BackendKind, ClusterPort, ObjectVersion, Ports};
use crate::run::Run;

/// Number of attempts to delete a namespace that changes at the same time.
const ATTEMPTS: usize = 3;
/// Maximum number of names in one problem.
const NAMES_MAX: usize = 20;

/// State of the deletion of a namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Deletion {
    /// The namespace does not exist.
    Gone,
    /// The namespace is being deleted.
    Deleting,
    /// The namespace is kept until fewer namespaces are being deleted.
    HeldBack,
    /// The namespace is kept for now.
    Waiting,
    /// The environment is in use again.
    NotDue,
}

impl<P: Ports> Run<'_, P> {
    /// Deletes the namespace of this life under uid and resourceVersion.
    pub(super) async fn delete_namespace(&mut self, end: &mut HeldEnd) -> Result<Deletion, EndError> {
        for _ in 0..ATTEMPTS {
            let (now, look) = (self.now().await?, self.look_begins().await?);
            let Some(mut observed) = self.look(&end.name, now).await? else {
                self.in_deletion.remove(&end.name);
                return Ok(Deletion::Gone);
            };
            if end.head.uid.as_ref() != Some(&observed.reading.uid) && !mutated!(NoUid) {
                self.report.problem(&end.name, "the namespace was created again while its end was not finished");
                return Ok(Deletion::Waiting);
            }
            if observed.reading.terminating {
                self.in_deletion.insert(end.name.clone());
                return Ok(Deletion::Deleting);
            }
            if self.in_deletion.len() >= self.settings.in_deletion {
                return Ok(Deletion::HeldBack);
            }
            observed.pull_request = self.fresh_pull_request(observed.reading.identity.clone().as_ref()).await;
            match self.is_due(end, &observed, now) {
                Some(true) => {}
                Some(false) => return Ok(Deletion::NotDue),
                None => return Ok(Deletion::Waiting),
            }
            if end.head.made_by == MadeBy::Argocd && !self.is_unclaimed(end).await {
                return Ok(Deletion::Waiting);
            }
            self.check_held(end).await?;
            if !self.is_recent(look).await? {
                continue;
            }
            let version = self.deleted_version(&observed).await;
            match self.ports.cluster().delete_namespace(&end.name, &version).await {
                Ok(()) => {
                    self.in_deletion.insert(end.name.clone());
                    return Ok(Deletion::Deleting);
                }
                // Somebody has changed the namespace: look again.
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Deletion::Waiting)
    }

    /// True if the environment may have DNS records.
    pub(super) fn has_dns(&self) -> bool {
        self.ports.backends().iter().any(|backend| backend.kind() == BackendKind::Dns)
    }

    /// True if the namespace of this life exists, and the environment is in use again.
    pub(super) async fn is_in_use(&mut self, end: &HeldEnd) -> Result<bool, EndError> {
        let now = self.now().await?;
        let Some(mut observed) = self.look(&end.name, now).await? else { return Ok(false) };
        if observed.reading.terminating || end.head.uid.as_ref() != Some(&observed.reading.uid) {
            return Ok(false);
        }
        observed.pull_request = self.fresh_pull_request(observed.reading.identity.clone().as_ref()).await;
        Ok(self.is_due(end, &observed, now) == Some(false))
    }

    /// True if the reason of the end still applies; none if that is not known.
    fn is_due(&self, end: &HeldEnd, observed: &Observed, now: jiff::Timestamp) -> Option<bool> {
        let is_of_another_life = end.head.uid.as_ref() != Some(&observed.reading.uid);
        if mutated!(NoLastLook) || mutated!(NoResourceVersion) || (mutated!(NoUid) && is_of_another_life) {
            return Some(true);
        }
        let reported =
            matches!(end.head.reason, Some(EndReason::Closed | EndReason::BranchDeleted | EndReason::Unlabelled));
        if reported && observed.pull_request.state == PullRequestState::Unknown {
            return mutated!(UnknownIsClosed).then_some(true);
        }
        Some(self.is_still_due(observed, now))
    }

    /// True if no Application claims a rendered namespace, as far as it can be read.
    async fn is_unclaimed(&mut self, end: &HeldEnd) -> bool {
        let lookup = self.ports.cluster().applications(&end.name, ApplicationsAge::New).await;
        mutated!(DeleteUnderApplication)
            || matches!(lookup, Ok(ApplicationLookup::Found(applications)) if applications.is_empty())
    }

    /// Preconditions of the delete.
    async fn deleted_version(&self, observed: &Observed) -> ObjectVersion {
        let version = self.namespace_version(observed).await;
        if mutated!(NoUid)
            && let Ok(Some(live)) = self.ports.cluster().namespace(&observed.name).await
        {
            return crate::records::version_of(&live);
        }
        version
    }

    /// Reports ends that wait because many namespaces are being deleted.
    pub(crate) fn report_held_back(&mut self, names: &[EnvironmentName]) {
        if names.is_empty() {
            return;
        }
        let shown: Vec<&str> = names.iter().take(NAMES_MAX).map(EnvironmentName::as_str).collect();
        let more = names.len().saturating_sub(shown.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let problem = format!(
            "ends wait because {} ends are deleting their namespaces and the maximum is {}: {}{more}; the next run continues them, \
                and `eod doctor namespace` shows what holds a namespace",
            self.in_deletion.len(),
            self.settings.in_deletion,
            shown.join(", ")
        );
        self.report.problem(&self.settings.installation, problem);
    }

    /// Reports what holds a namespace in deletion.
    pub(crate) async fn report_blockers(&mut self, end: &HeldEnd) {
        let blockers = match self.ports.cluster().blockers(&end.name).await {
            Ok(blockers) => blockers,
            Err(error) => vec![format!("the reason cannot be read: {error}")],
        };
        let held = if blockers.is_empty() { "no object holds it yet".to_owned() } else { blockers.join("; ") };
        let problem = format!("the namespace is still being deleted: {held}");
        match self.now().await {
            Ok(now) => self.blocked(&end.about(), problem, now).await,
            Err(_) => self.report.problem(&end.name, problem),
        }
    }
}
