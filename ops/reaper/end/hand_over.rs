//! Hand-over: time for Argo CD or the pipeline to remove the environment.

use eod_domain::ledger::{EndReason, MadeBy, StepOutcome};
use jiff::{SignedDuration, Timestamp};

use super::{EndError, HeldEnd};
use crate::mutation::mutated;
use crate::ports::{ApplicationFacts, ApplicationLookup, ClusterPort, Ports};
use crate::run::Run;

/// Time after which an Application in deletion is reported.
const HANGING: SignedDuration = SignedDuration::from_mins(15);

impl<P: Ports> Run<'_, P> {
    /// Waits for the tool that created the environment. A rendered environment is never taken from its Application.
    pub(super) async fn hand_over(&mut self, end: &mut HeldEnd) -> Result<StepOutcome, EndError> {
        let namespace = self.ports.cluster().namespace(&end.name).await?;
        let uid = namespace.as_ref().map(|namespace| crate::records::version_of(namespace).uid);
        if uid.is_none() || uid != end.head.uid {
            return Ok(StepOutcome::Done);
        }
        let now = self.now().await?;
        if end.head.made_by == MadeBy::Argocd {
            return self.applications_are_gone(end, now).await;
        }
        let is_over = now.duration_since(end.head.since) >= self.settings.policy.handover;
        let is_handed_over = end.head.label.removed_by_us;
        Ok(if is_over || !is_handed_over { StepOutcome::Done } else { StepOutcome::Pending })
    }

    async fn applications_are_gone(&mut self, end: &HeldEnd, now: Timestamp) -> Result<StepOutcome, EndError> {
        if mutated!(DeleteUnderApplication) {
            return Ok(StepOutcome::Done);
        }
        let applications = match self.ports.cluster().applications(&end.name).await {
            Ok(ApplicationLookup::Found(applications)) => applications,
            Ok(ApplicationLookup::NotConfigured) => {
                let problem = "Argo CD created the namespace, and its Applications are not in this cluster or \
                    `argocd.namespaces` is empty: remove the trigger label, then Argo CD removes the environment";
                self.report.problem(&end.name, problem);
                return Ok(StepOutcome::Pending);
            }
            Err(error) => {
                self.report.problem(&end.name, format!("its Applications cannot be read: {error}"));
                return Ok(StepOutcome::Pending);
            }
        };
        if applications.is_empty() {
            return Ok(StepOutcome::Done);
        }
        for application in &applications {
            self.follow(end, application, now).await;
        }
        Ok(StepOutcome::Pending)
    }

    /// Confirms a deletion that is approved, and reports an Application that does not go away.
    async fn follow(&mut self, end: &HeldEnd, application: &ApplicationFacts, now: Timestamp) {
        let name = format!("{}/{}", application.namespace, application.name);
        if application.awaits_confirmation
            && let Err(error) = self.ports.cluster().confirm_deletion(application).await
        {
            self.report.problem(&end.name, format!("the deletion of Application `{name}` was not confirmed: {error}"));
        }
        let is_late = now.duration_since(end.head.since) >= self.settings.policy.handover;
        if application.deleting_since.is_some_and(|since| now.duration_since(since) >= HANGING) {
            let problem = format!("Application `{name}` hangs in deletion: see its condition and its finalizers");
            self.report.problem(&end.name, problem);
        } else if application.is_never_deleted {
            let problem = format!(
                "Application `{name}` is never deleted by its ApplicationSet, or leaves its objects: delete it, or set \
                    `applicationsSync: sync`"
            );
            self.report.problem(&end.name, problem);
        } else if is_late && application.deleting_since.is_none() {
            self.report
                .problem(&end.name, format!("Application `{name}` still claims the namespace: {}", expected(end)));
        }
    }
}

/// Expected behaviour of Argo CD, for people.
fn expected(end: &HeldEnd) -> &'static str {
    match end.head.reason {
        Some(EndReason::Expired | EndReason::Requested) if end.head.label.removed_by_us => {
            "the trigger label is removed, and Argo CD deletes the Application at the next refresh of its ApplicationSet, if \
                `applicationsSync` of the ApplicationSet allows it"
        }
        Some(EndReason::Expired | EndReason::Requested) => {
            "EoD cannot remove the trigger label: remove it, then Argo CD deletes the Application"
        }
        _ => {
            "Argo CD deletes the Application at the next refresh of its ApplicationSet, if `applicationsSync` of the \
                ApplicationSet allows it"
        }
    }
}
