//! Hand-over: time for Argo CD or the pipeline to remove the environment.

use eod_domain::ledger::{EndReason, MadeBy, StepOutcome};
use jiff::{SignedDuration, Timestamp};

use super::{EndError, HeldEnd};
use crate::mutation::mutated;
use crate::ports::{ApplicationFacts, ApplicationLookup, ApplicationsAge, ClusterPort, Ports};
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

    async fn applications_are_gone(&mut self, end: &mut HeldEnd, now: Timestamp) -> Result<StepOutcome, EndError> {
        if mutated!(DeleteUnderApplication) {
            return Ok(StepOutcome::Done);
        }
        let applications = match self.ports.cluster().applications(&end.name, ApplicationsAge::Recent).await {
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
            return Ok(self.unclaimed(end));
        }
        let awaits = |found: &ApplicationFacts| found.awaits_confirmation && found.other_cluster.is_none();
        if applications.iter().any(awaits) {
            let look = self.look_begins().await?;
            let is_in_use = !mutated!(NoLookBeforeHandOver) && self.is_in_use(end).await?;
            self.check_held(end).await?;
            // The next try looks again, and cancels the end if the environment is in use.
            if is_in_use || !self.is_recent(look).await? {
                return Ok(StepOutcome::Pending);
            }
        }
        for application in &applications {
            self.follow(end, application, now).await;
        }
        Ok(StepOutcome::Pending)
    }

    /// A namespace without an Application is deleted once. If another tool creates it again, that is not repeated for ever.
    fn unclaimed(&mut self, end: &HeldEnd) -> StepOutcome {
        if !self.summary.recreated.contains(end.name.as_str()) {
            return StepOutcome::Done;
        }
        let problem = "the namespace was created again after its end, so it is not deleted again: remove it from the Argo CD \
            that creates it; if that is in another cluster, set `argocd.namespaces` to `[]`";
        self.report.problem(&end.name, problem);
        StepOutcome::Pending
    }

    /// Confirms a deletion that is approved, and reports an Application that does not go away.
    async fn follow(&mut self, end: &HeldEnd, application: &ApplicationFacts, now: Timestamp) {
        let name = format!("{}/{}", application.namespace, application.name);
        // An approval is for an environment of this cluster.
        if application.awaits_confirmation
            && application.other_cluster.is_none()
            && let Err(error) = self.ports.cluster().confirm_deletion(application).await
        {
            self.report.problem(&end.name, format!("the deletion of Application `{name}` was not confirmed: {error}"));
        }
        let is_late = now.duration_since(end.head.since) >= self.settings.policy.handover;
        if application.deleting_since.is_some_and(|since| now.duration_since(since) >= HANGING) {
            let problem = format!("Application `{name}` is still being deleted; check its conditions and finalizers");
            self.report.problem(&end.name, problem);
        } else if application.is_never_deleted {
            let problem = format!(
                "Application `{name}` is never deleted by its ApplicationSet, or leaves its objects: delete it, or set \
                    `applicationsSync: sync`"
            );
            self.report.problem(&end.name, problem);
        } else if let Some(cluster) = application.other_cluster.as_ref().filter(|_| is_late) {
            let problem = format!(
                "Application `{name}` deploys into a namespace of this name in the cluster `{cluster}`, and EoD cannot \
                    tell if that is this cluster: set its destination to `https://kubernetes.default.svc`, or give its \
                    namespace another name"
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
            "the trigger label is removed, and Argo CD deletes the Application at the next refresh of its ApplicationSet, \
                unless `applicationsSync` is `create-only` or `create-update`"
        }
        Some(EndReason::Expired | EndReason::Requested) => {
            "EoD cannot remove the trigger label: remove it, then Argo CD deletes the Application"
        }
        _ => {
            "Argo CD deletes the Application at the next refresh of its ApplicationSet, unless `applicationsSync` is \
                `create-only` or `create-update`"
        }
    }
}
