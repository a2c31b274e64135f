//! Ends of rendered environments: the hand-over to Argo CD, whose API the proxy plays. Argo CD itself runs in the stories of
//! the plugin.

use std::time::Duration;

use eod_testkit::fault::{Fault, Logged};
use serde_json::{Value, json};

use super::{Interrupted, InterruptedCommand, Interruption, PLAIN, Subject, interrupt_everywhere};

/// Path of the Applications.
const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

/// State of the Application that claims the namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ApplicationState {
    /// Argo CD is not configured.
    NotUsed,
    /// Application that claims the namespace until the trigger label is off.
    Claims,
    /// Application in deletion after the label is off.
    Deleting,
    /// Application in deletion, for which Argo CD waits for a confirmation.
    AwaitsConfirmation,
    /// Deleted Application that has left the namespace.
    Gone,
}

impl Interrupted {
    /// Answers the calls about Applications.
    pub(super) fn serve_applications(&self) {
        let state = self.application.get();
        if state == ApplicationState::NotUsed {
            return;
        }
        let (name, object) = (self.name.clone(), application(&self.name, state));
        let items: Vec<&Value> = if state == ApplicationState::Gone { Vec::new() } else { vec![&object] };
        let list = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList", "metadata": {}, "items": items,
        });
        let answer = |code: u16, body: &Value| Fault::Status { code, headers: Vec::new(), body: body.to_string() };
        let missing = json!({
            "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
            "details": { "name": name, "group": "argoproj.io", "kind": "applications" },
        });
        let one = if state == ApplicationState::Gone { answer(404, &missing) } else { answer(200, &object) };
        self.proxies[0].rule(|call: &Logged| call.path == APPLICATIONS, usize::MAX, answer(200, &list));
        self.proxies[0].rule(|call: &Logged| call.path.starts_with(APPLICATIONS), usize::MAX, one);
    }

    /// Lets Argo CD follow the label and the confirmation, after a run.
    pub(super) fn follow_label(&self) {
        let is_confirmed = || {
            let patch = |call: &Logged| call.method == "PATCH" && call.path.starts_with(APPLICATIONS);
            self.proxies[0].calls(|call| patch(call) && call.status == Some(200)) > 0
        };
        let next = match self.application.get() {
            ApplicationState::Claims if self.story.forge.labels(1).is_empty() => ApplicationState::Deleting,
            ApplicationState::Deleting => ApplicationState::Gone,
            ApplicationState::AwaitsConfirmation if is_confirmed() => ApplicationState::Gone,
            state => state,
        };
        self.application.set(next);
    }
}

fn application(name: &str, state: ApplicationState) -> Value {
    let is_deleting = matches!(state, ApplicationState::Deleting | ApplicationState::AwaitsConfirmation);
    let needs_confirmation = state == ApplicationState::AwaitsConfirmation;
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {
            "namespace": "argocd", "name": name, "uid": name, "resourceVersion": "1",
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
            "deletionTimestamp": is_deleting.then_some("2026-08-01T10:00:00Z"),
        },
        "spec": {
            "destination": { "name": "in-cluster", "namespace": name },
            "source": { "repoURL": "https://github.com/acme/shop.git" },
        },
        "status": {
            "sync": { "status": "Synced", "revision": super::FIRST }, "health": { "status": "Healthy" },
            "resources": [{ "kind": "Namespace", "name": name, "requiresDeletionConfirmation": needs_confirmation }],
        },
    })
}

#[test]
fn hand_over_of_a_rendered_environment_is_finished_although_every_run_is_killed() {
    let rendered =
        Interrupted::new(Subject { test: "opsintargo", application: ApplicationState::Claims, is_due: true, ..PLAIN });
    interrupt_everywhere(&rendered, InterruptedCommand::Reap, Interruption::Killed, "expired");
    assert_eq!(rendered.application.get(), ApplicationState::Gone);
}

#[test]
fn application_is_confirmed_after_the_approval_only_although_every_run_is_killed() {
    let compliance = Interrupted::new(Subject {
        test: "opsintcomply",
        tier: "compliance",
        application: ApplicationState::AwaitsConfirmation,
        ..PLAIN
    });
    compliance.story.forge.set_open(1, false);
    // Without an approval no run ends the environment or confirms the deletion, however often it runs.
    for _ in 0..3 {
        compliance.run(usize::MAX, Interruption::Killed, InterruptedCommand::Reap);
        std::thread::sleep(Duration::from_millis(400));
    }
    assert_eq!(compliance.application.get(), ApplicationState::AwaitsConfirmation);
    assert!(compliance.story.ops.cluster.namespace_exists(&compliance.name));
    // The API server of the story has no Applications, so the approval confirms none: the reaper does.
    compliance.story.eod(&["approve", &compliance.name]).expect_ok();
    interrupt_everywhere(&compliance, InterruptedCommand::Reap, Interruption::Killed, "closed");
    assert_eq!(compliance.application.get(), ApplicationState::Gone);
}
