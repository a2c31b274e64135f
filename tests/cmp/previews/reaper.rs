//! Previews that end with the reaper: it removes the trigger label, and Argo CD removes the environment.
//!
//! One story with several pull requests, because a start of Argo CD is expensive. Time passes by changes of the clock.

use std::process::Command;

use eod_testkit::{
    cluster::PATIENCE,
    command::{self, Finished},
    wait::wait_until,
};
use serde_json::{Value, json};

use super::{CONFIG, Previews, controllers, uid};
use crate::cmp::{POLICY, ours};

/// Expiry of an open pull request, and its return after a push.
const EXPIRED: u32 = 7;
/// Push between the warning and the end.
const PUSHED: u32 = 8;
/// Closed and opened again.
const CLOSED: u32 = 9;
/// Label removed and set again by a person.
const UNLABELLED: u32 = 10;
/// Closed in tier `compliance`.
const APPROVED: u32 = 11;

/// Command `eod` with the installation, the forge and the Argo CD of a story.
struct Reaper<'p, 'a> {
    previews: &'p Previews<'a>,
    folder: tempfile::TempDir,
}

impl<'p, 'a> Reaper<'p, 'a> {
    #[track_caller]
    fn new(previews: &'p Previews<'a>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "version": 1,
            "installation": previews.name,
            "control_namespace": previews.name,
            "domain": "preview.acme.internal",
            "argocd": { "namespaces": [previews.story.argocd.namespace()] },
            "forges": [{
                "host": "github.com", "kind": "github", "api": previews.forge.api(),
                "auth": { "token_env": "FORGE_TOKEN" }, "trigger_label": "preview", "sleep_label": "asleep",
            }],
            "reap": { "handover": "1s" },
        });
        std::fs::write(folder.path().join("eod.yaml"), config.to_string()).unwrap();
        Self { previews, folder }
    }

    #[track_caller]
    fn eod(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
        command.args(arguments).arg("--config").arg(self.folder.path().join("eod.yaml"));
        command.env_clear().env("KUBECONFIG", self.previews.cluster.kubeconfig()).env("FORGE_TOKEN", "test");
        command::run(&mut command, "")
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let finished = self.eod(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", finished.report()))
    }

    /// Runs the reaper until a run does this to a pull request's environment.
    #[track_caller]
    fn reap_until(&self, number: u32, action: &str) {
        let name = self.previews.namespace(number);
        wait_until(&format!("the reaper to {action} {name}"), PATIENCE, || {
            let report = self.json(&["reap"]);
            let actions = report["actions"].as_array().into_iter().flatten();
            let is_done = |one: &Value| one["target"] == name.as_str() && one["action"] == action;
            if actions.clone().any(is_done) { Ok(()) } else { Err(report.to_string()) }
        });
    }

    /// Runs the reaper until an environment is recorded as ended for this reason.
    #[track_caller]
    fn reap_until_ended(&self, number: u32, reason: &str) {
        let name = self.previews.namespace(number);
        wait_until(&format!("{name} to be recorded as {reason}"), PATIENCE, || {
            let run = self.eod(&["reap"]);
            let list = self.json(&["list", "--all"]);
            let found = list["environments"].as_array().unwrap().iter().find(|one| one["name"] == name.as_str());
            match found {
                Some(found) if found["ended_reason"] == reason && found["left"] == json!([]) => Ok(()),
                other => Err(format!("{other:?}\n{}", run.report())),
            }
        });
    }

    /// Number of lives of an environment.
    #[track_caller]
    fn generation(&self, number: u32) -> Value {
        self.json(&["show", &self.previews.namespace(number)])["environment"]["generation"].clone()
    }

    #[track_caller]
    fn namespace(&self, number: u32) -> Value {
        let name = self.previews.namespace(number);
        self.previews.cluster.read(&format!("/api/v1/namespaces/{name}")).unwrap()
    }

    #[track_caller]
    fn annotation(&self, number: u32, key: &str) -> Value {
        ours(&self.namespace(number)["metadata"]["annotations"], key).clone()
    }

    /// Lets time pass: this time of the environment becomes one second after its creation.
    #[track_caller]
    fn jump(&self, number: u32, key: &str) {
        let name = self.previews.namespace(number);
        let created = self.namespace(number)["metadata"]["creationTimestamp"].clone();
        let created: jiff::Timestamp = created.as_str().unwrap().parse().unwrap();
        let past = (created + jiff::SignedDuration::from_secs(1)).to_string();
        let patch = json!({ "metadata": { "annotations": { format!("environment.on-demand/{key}"): past } } });
        let (status, answer) = self.previews.cluster.call("PATCH", &format!("/api/v1/namespaces/{name}"), Some(&patch));
        assert_eq!(status, 200, "{answer}");
    }

    /// Warns an environment, and lets the warning time pass.
    #[track_caller]
    fn warn(&self, number: u32) {
        self.jump(number, "expires-at");
        self.reap_until(number, "mark");
        self.jump(number, "reap-after");
    }
}

#[test]
fn reaper_and_argo_cd_end_previews_together() {
    let argocd = controllers();
    let policy = |name: &str| POLICY.replace("installation: acme", &format!("installation: {name}"));
    let previews = Previews::under(&argocd, policy);
    let reaper = Reaper::new(&previews);
    let labels = |number| if number == APPROVED { vec!["tier/compliance", "preview"] } else { vec!["preview"] };
    let numbers = [EXPIRED, PUSHED, CLOSED, UNLABELLED, APPROVED];
    let heads = numbers.map(|number| (number, previews.open_labelled(number, &labels(number), &[])));
    for (number, head) in &heads {
        previews.expect_synced(*number, head);
    }
    let life = uid(&reaper.namespace(EXPIRED));

    clock_of_the_reaper_is_no_difference_for_argo_cd(&previews, &reaper);
    push_takes_the_warning_away(&previews, &reaper);

    // The ends of four environments, at the same time.
    reaper.warn(EXPIRED);
    reaper.reap_until(EXPIRED, "end");
    assert!(!previews.forge.has_label(EXPIRED, "preview"));
    previews.forge.close(CLOSED);
    previews.forge.unlabel(UNLABELLED, "preview");
    previews.forge.close(APPROVED);
    compliance_waits_for_its_approval(&previews, &reaper);
    for (number, reason) in [(EXPIRED, "expired"), (CLOSED, "closed"), (UNLABELLED, "unlabelled"), (APPROVED, "closed")]
    {
        previews.expect_gone(number);
        reaper.reap_until_ended(number, reason);
    }

    // Their returns.
    let second = previews.push(EXPIRED, &[("shop/config.yaml", &CONFIG.replace("production", "again"))]);
    reaper.reap_until(EXPIRED, "revive");
    assert!(previews.forge.has_label(EXPIRED, "preview"));
    previews.forge.reopen(CLOSED);
    previews.forge.label(UNLABELLED, "preview");
    previews.expect_synced(EXPIRED, &second);
    assert_ne!(uid(&reaper.namespace(EXPIRED)), life);
    for (number, head) in heads.iter().filter(|(number, _)| [CLOSED, UNLABELLED].contains(number)) {
        previews.expect_synced(*number, head);
    }
    for number in [EXPIRED, CLOSED, UNLABELLED] {
        wait_until(&format!("the second life of {number}"), PATIENCE, || {
            let run = reaper.eod(&["reap"]);
            let generation = reaper.generation(number);
            if generation == 2 { Ok(()) } else { Err(format!("generation {generation}: {}", run.report())) }
        });
    }

    application_that_is_never_deleted_is_reported(&previews, &reaper);
    previews.cluster.try_kubectl(&["delete", "namespace", &previews.name, "--wait=false"]);
    previews.end(&[EXPIRED, CLOSED, UNLABELLED]);
}

/// The reaper writes its clock to a rendered namespace. Argo CD neither reports nor reverts it.
#[track_caller]
fn clock_of_the_reaper_is_no_difference_for_argo_cd(previews: &Previews<'_>, reaper: &Reaper<'_, '_>) {
    assert_eq!(reaper.annotation(EXPIRED, "expires-at"), Value::Null);
    let run = reaper.eod(&["reap"]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    let end = reaper.annotation(EXPIRED, "expires-at");
    assert!(end.is_string(), "{}", run.report());
    let before = previews.application(EXPIRED).unwrap()["status"]["reconciledAt"].clone();
    previews.refresh(EXPIRED);
    wait_until("Argo CD to compare again", PATIENCE, || {
        let status = previews.application(EXPIRED).unwrap()["status"].clone();
        if status["reconciledAt"] == before { Err(status.to_string()) } else { Ok(()) }
    });
    assert_eq!(previews.application(EXPIRED).unwrap()["status"]["sync"]["status"], "Synced");
    assert_eq!(reaper.annotation(EXPIRED, "expires-at"), end);
}

#[track_caller]
fn push_takes_the_warning_away(previews: &Previews<'_>, reaper: &Reaper<'_, '_>) {
    let life = uid(&reaper.namespace(PUSHED));
    reaper.warn(PUSHED);
    let pushed = previews.push(PUSHED, &[("shop/config.yaml", &CONFIG.replace("production", "pushed"))]);
    previews.expect_synced(PUSHED, &pushed);
    reaper.reap_until(PUSHED, "unmark");
    assert_eq!(reaper.annotation(PUSHED, "reap-after"), Value::Null);
    assert_eq!(uid(&reaper.namespace(PUSHED)), life);
    assert!(previews.forge.has_label(PUSHED, "preview"));
}

/// Argo CD itself waits for the confirmation that `eod approve` writes.
#[track_caller]
fn compliance_waits_for_its_approval(previews: &Previews<'_>, reaper: &Reaper<'_, '_>) {
    let name = previews.namespace(APPROVED);
    wait_until("Argo CD to delete the Application", PATIENCE, || {
        let application = previews.application(APPROVED).ok_or("it is gone without an approval")?;
        let is_deleted = application["metadata"]["deletionTimestamp"].is_string();
        if is_deleted { Ok(()) } else { Err(application["metadata"].to_string()) }
    });
    reaper.reap_until(APPROVED, "await-approval");
    assert!(previews.cluster.namespace_exists(&name));
    assert!(previews.application(APPROVED).is_some());
    let said = reaper.eod(&["approve", &name, "--reason", "audit is done"]).expect_ok();
    assert!(said.contains("is approved by") && said.contains("is confirmed"), "{said}");
}

/// An ApplicationSet that only creates Applications keeps them. The reaper reports that and deletes nothing.
#[track_caller]
fn application_that_is_never_deleted_is_reported(previews: &Previews<'_>, reaper: &Reaper<'_, '_>) {
    let name = previews.namespace(PUSHED);
    let may = |policy: &str| {
        let patch = json!({ "spec": { "syncPolicy": { "applicationsSync": policy } } });
        let path = format!(
            "/apis/argoproj.io/v1alpha1/namespaces/{}/applicationsets/previews",
            previews.story.argocd.namespace()
        );
        assert_eq!(previews.cluster.call("PATCH", &path, Some(&patch)).0, 200);
    };
    may("create-only");
    reaper.warn(PUSHED);
    reaper.reap_until(PUSHED, "end");
    assert!(!previews.forge.has_label(PUSHED, "preview"));
    wait_until("the report of the Application", PATIENCE, || {
        let report = reaper.json(&["reap"]);
        let problems = report["problems"].as_array().into_iter().flatten();
        let is_told = |one: &Value| {
            let problem = one["problem"].as_str().unwrap();
            one["target"] == name.as_str()
                && ["still claims the namespace", "`applicationsSync`"].iter().all(|words| problem.contains(words))
        };
        if problems.clone().any(is_told) { Ok(()) } else { Err(report.to_string()) }
    });
    assert!(previews.cluster.namespace_exists(&name) && previews.application(PUSHED).is_some());
    may("sync");
    previews.expect_gone(PUSHED);
    reaper.reap_until_ended(PUSHED, "expired");
}
