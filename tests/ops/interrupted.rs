//! Ends with parts in every system: the namespace, the ledger, the label at the forge, a copy in Vault and objects outside
//! of the namespace; and returns. Every run is killed one write later than the run before it, until a run has finished the
//! work; or every run loses the answers to every third write.

mod absent;
mod rendered;
mod reported;
mod returns;

use std::cell::Cell;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use eod_testkit::{
    access::Access,
    cluster::PATIENCE,
    fault::{Fault, FaultProxy, Logged},
    forge::ForgeDialect,
};
use serde_json::{Value, json};

use self::rendered::ApplicationState;
use super::crash::{is_write, silence};
use super::forge::{FIRST, ForgeStory};
use super::objects::{create_objects, define_outside_kinds, objects_exist};
use super::vault::Copies;

/// Interruption of a run at one write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Interruption {
    /// The process is killed before the write is stored, so after the write before it.
    Killed,
    /// From this write on, every third write is stored and its answer is lost. The process goes on.
    AnswerLost,
}

/// Command of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum InterruptedCommand {
    /// `eod end` while the namespace exists, then `eod reap`.
    End,
    /// `eod reap`.
    Reap,
}

/// Environment of a story.
#[derive(Clone, Copy, Debug)]
struct Subject {
    /// Name of the test, different for each story.
    test: &'static str,
    /// Subject of the identity: `#1` or `@branch`.
    identity: &'static str,
    tier: &'static str,
    /// Application of Argo CD that claims the namespace.
    application: ApplicationState,
    /// True if the environment is past its end and was warned.
    is_due: bool,
}

/// Environment of a pull request that Terraform has created.
const PLAIN: Subject =
    Subject { test: "", identity: "#1", tier: "lightweight", application: ApplicationState::NotUsed, is_due: false };

/// Maximum number of runs: far more than an end has writes.
const RUNS: usize = 120;

struct Interrupted {
    story: ForgeStory,
    copies: Copies,
    name: String,
    /// Proxies in front of the API server, Vault and the forge.
    proxies: [FaultProxy; 3],
    application: Cell<ApplicationState>,
}

impl Interrupted {
    /// An environment with parts in every system, and an open pull request with the trigger label.
    fn new(subject: Subject) -> Self {
        let (story, copies) = (ForgeStory::new(subject.test, ForgeDialect::GitHub), Copies::new(subject.test));
        define_outside_kinds(&story.ops);
        let forge = Access { server: story.forge.api().to_owned(), ca_pem: None, token: String::new() };
        let proxies = [FaultProxy::start(story.ops.cluster), copies.proxy(), FaultProxy::in_front_of(&forge)];
        story.forge.open(1, FIRST);
        story.forge.label(1, "preview");
        let is_rendered = subject.application != ApplicationState::NotUsed;
        let mut annotations = json!({
            "identity": format!("github.com/acme/shop{}", subject.identity), "head-sha": FIRST,
            "made-by": if is_rendered { "argocd" } else { "terraform" },
        });
        if subject.is_due {
            annotations.as_object_mut().unwrap().extend(story.due().as_object().unwrap().clone());
        }
        let name = story.ops.environment("a", subject.tier, "4h", &annotations);
        copies.add(&format!("preview/{name}"), &name, &story.ops.installation);
        copies.add(&format!("preview/{name}/app"), &name, &story.ops.installation);
        create_objects(&story.ops, &name, &story.ops.installation);
        let interrupted = Self { story, copies, name, proxies, application: Cell::new(subject.application) };
        interrupted.write_config(&interrupted.proxies[1].access().server, is_rendered);
        interrupted
    }

    /// Writes the configuration file with this address of Vault. Copies in Vault are not kept after an expiry.
    fn write_config(&self, vault: &str, is_rendered: bool) {
        self.write_config_with(vault, is_rendered, "never");
    }

    /// Writes the configuration file with this address of Vault and this value of `reap.keep_vault`.
    fn write_config_with(&self, vault: &str, is_rendered: bool, keep_vault: &str) {
        let auth = json!({ "token_file": self.story.path("token") });
        let namespaces = if is_rendered { json!(["argocd"]) } else { json!([]) };
        let more = json!({
            "vault": self.copies.block(vault, None),
            "argocd": { "namespaces": namespaces },
            "reap": { "handover": "1s", "keep_vault": keep_vault },
        });
        self.story.write_config_for(&self.proxies[2].access().server, &auth, &more);
    }

    /// Runs the reaper without interruption until a condition holds.
    #[track_caller]
    fn reap_until(&self, what: &str, holds: impl Fn() -> bool) {
        let begin = Instant::now();
        while !holds() {
            assert!(begin.elapsed() < PATIENCE, "{what}: {:#?}\n{}", self.listed(), self.story());
            self.run(usize::MAX, Interruption::Killed, InterruptedCommand::Reap);
        }
    }

    /// Runs the command once, interrupted from its write `number` on, from 0. Returns the number of interrupted writes.
    fn run(&self, number: usize, interruption: Interruption, end: InterruptedCommand) -> usize {
        let ops = &self.story.ops;
        let (seen, hit) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for proxy in &self.proxies {
            proxy.clear_rules();
            proxy.clear_log();
            let (seen, hit) = (Arc::clone(&seen), Arc::clone(&hit));
            let fault = if interruption == Interruption::Killed { Fault::Hang } else { Fault::DropAfterStore };
            let is_it = move |call: &Logged| {
                let Some(after) = is_stored(call).then(|| seen.fetch_add(1, Ordering::Relaxed)) else { return false };
                let after = after.checked_sub(number);
                let is_it = match interruption {
                    Interruption::Killed => after == Some(0),
                    Interruption::AnswerLost => after.is_some_and(|after| after % 3 == 0),
                };
                hit.fetch_add(usize::from(is_it), Ordering::Relaxed);
                is_it
            };
            proxy.rule(is_it, usize::MAX, fault);
        }
        self.serve_applications();
        let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
        // After the namespace is gone, the reaper finishes every end.
        if end == InterruptedCommand::End && ops.cluster.namespace_exists(&self.name) {
            command.args(["end", &self.name, "--yes"]);
        } else {
            command.args(["reap", "--no-sweep"]);
        }
        command.args(["--installation", &ops.installation, "--control-namespace", &ops.installation]);
        command.args(["--config", &self.story.config()]).env_clear().env("KUBECONFIG", self.proxies[0].kubeconfig());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begin = Instant::now();
        let interrupted = loop {
            assert!(begin.elapsed() < PATIENCE * 2, "a run does not end:\n{}", self.story());
            if interruption == Interruption::Killed && hit.load(Ordering::Relaxed) > 0 {
                child.kill().unwrap();
                child.wait().unwrap();
                break 1;
            }
            if child.try_wait().unwrap().is_some() {
                break hit.load(Ordering::Relaxed);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        self.follow_label();
        interrupted
    }

    /// Interrupts every run until the work is over: one write later than the run before, or from another write on. Returns
    /// the number of interruptions.
    #[track_caller]
    fn interrupt(
        &self,
        interruption: Interruption,
        command: InterruptedCommand,
        is_over: &dyn Fn(&Self) -> bool,
    ) -> usize {
        let (mut number, mut interruptions) = (0, 0);
        for _ in 0..RUNS {
            let interrupted = self.run(number, interruption, command);
            silence(&self.story.ops, &self.name);
            interruptions += interrupted;
            match interruption {
                Interruption::AnswerLost if is_over(self) => break,
                Interruption::AnswerLost => number = (number + 1) % 3,
                Interruption::Killed if interrupted > 0 => number += 1,
                // The last run has had fewer writes.
                Interruption::Killed if is_over(self) => break,
                // The hand-over is not over.
                Interruption::Killed => std::thread::sleep(Duration::from_millis(500)),
            }
        }
        assert!(is_over(self), "{interruptions} interruptions\n{:#?}\n{}", self.listed(), self.story());
        interruptions
    }

    /// Environment in the list; none before it has a namespace or a ledger.
    fn listed(&self) -> Option<Value> {
        let list = self.story.json(&["list", "--all"]);
        list["environments"].as_array().unwrap().iter().find(|found| found["name"] == self.name.as_str()).cloned()
    }

    /// True if the environment has ended and nothing is left.
    fn is_over(&self) -> bool {
        let found = self.listed();
        found.is_some_and(|found| !found["ended_at"].is_null() && found["left"] == json!([]))
    }

    fn story(&self) -> String {
        self.proxies.iter().map(FaultProxy::story).collect()
    }

    fn copies_exist(&self) -> [bool; 2] {
        [format!("preview/{}", self.name), format!("preview/{}/app", self.name)].map(|path| self.copies.exists(&path))
    }

    /// Number of events of a kind. `audit` fails if the chain is not valid.
    fn count(&self, kind: &str) -> usize {
        let audit = self.story.ops.json(0, &["audit", &self.name]);
        audit["events"].as_array().unwrap().iter().filter(|event| event["event"] == kind).count()
    }

    /// Checks that nothing is left, and that the end is on record once. A closed pull request keeps its label.
    #[track_caller]
    fn check(&self, reason: &str, keeps_label: bool) {
        let (ops, name) = (&self.story.ops, self.name.as_str());
        let found = self.listed().unwrap();
        assert_eq!((&found["ended_reason"], &found["generation"]), (&json!(reason), &json!(1)), "{found:#}");
        assert!(!ops.cluster.namespace_exists(name));
        assert_eq!((self.copies_exist(), objects_exist(ops, name)), ([false; 2], [false; 2]));
        assert_eq!(self.story.forge.labels(1).is_empty(), !keeps_label, "{:?}", self.story.forge.labels(1));
        assert_eq!(self.count("ended"), 1);
        self.check_rest();
    }

    /// Checks that the history has the life once, and that the next run has nothing to do.
    #[track_caller]
    fn check_rest(&self) {
        self.proxies.iter().for_each(FaultProxy::clear_rules);
        let history = self.story.ops.history();
        assert_eq!(history.iter().filter(|row| row["name"] == self.name.as_str()).count(), 1, "{history:?}");
        let run = self.story.json(&["reap"]);
        assert_eq!((&run["actions"], &run["left"], &run["orphans"]), (&json!([]), &json!({}), &json!({})), "{run:#}");
    }
}

/// True for a call that changes something; a review stores nothing.
fn is_stored(call: &Logged) -> bool {
    is_write(call) && !call.path.contains("selfsubject")
}

/// Interrupts every run of an end until it is over.
fn interrupt_everywhere(
    interrupted: &Interrupted,
    command: InterruptedCommand,
    interruption: Interruption,
    reason: &str,
) {
    let interruptions = interrupted.interrupt(interruption, command, &Interrupted::is_over);
    assert!(interruptions >= 5, "only {interruptions} interruptions");
    interrupted.check(reason, reason == "closed");
}

fn expired(test: &'static str) -> Interrupted {
    Interrupted::new(Subject { test, is_due: true, ..PLAIN })
}

fn closed(test: &'static str) -> Interrupted {
    let closed = Interrupted::new(Subject { test, ..PLAIN });
    closed.story.forge.set_open(1, false);
    closed
}

#[test]
fn end_for_expiry_is_finished_although_every_run_is_killed() {
    interrupt_everywhere(&expired("opsintek"), InterruptedCommand::Reap, Interruption::Killed, "expired");
}

#[test]
fn end_of_a_closed_pull_request_is_finished_although_every_run_is_killed() {
    interrupt_everywhere(&closed("opsintck"), InterruptedCommand::Reap, Interruption::Killed, "closed");
}

#[test]
fn requested_end_is_finished_although_every_run_is_killed() {
    let requested = Interrupted::new(Subject { test: "opsintrk", ..PLAIN });
    interrupt_everywhere(&requested, InterruptedCommand::End, Interruption::Killed, "requested");
}

#[test]
fn end_for_expiry_is_finished_although_every_run_loses_an_answer() {
    interrupt_everywhere(&expired("opsintel"), InterruptedCommand::Reap, Interruption::AnswerLost, "expired");
}

#[test]
fn end_of_a_closed_pull_request_is_finished_although_every_run_loses_an_answer() {
    interrupt_everywhere(&closed("opsintcl"), InterruptedCommand::Reap, Interruption::AnswerLost, "closed");
}

#[test]
fn requested_end_is_finished_although_every_run_loses_an_answer() {
    let requested = Interrupted::new(Subject { test: "opsintrl", ..PLAIN });
    interrupt_everywhere(&requested, InterruptedCommand::End, Interruption::AnswerLost, "requested");
}
