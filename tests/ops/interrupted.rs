//! Ends with parts in every system: the namespace, the ledger, the label at the forge, a copy in Vault and objects outside
//! of the namespace. Every run is killed one write later than the run before it, until a run finishes the end; or every run
//! loses the answers to every third write.

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

use super::crash::{is_write, silence};
use super::forge::{FIRST, ForgeStory};
use super::objects::{create_objects, define_outside_kinds, objects_exist};
use super::vault::Copies;

/// Interruption of a run at one write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Interruption {
    /// The process is killed before the write is stored.
    Killed,
    /// From this write on, every third write is stored and its answer is lost. The process goes on.
    AnswerLost,
}

/// Command that ends the environment, and its reason.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum EndKind {
    Expired,
    Closed,
    Requested,
}

/// Maximum number of runs: far more than an end has writes.
const RUNS: usize = 120;

struct Interrupted {
    story: ForgeStory,
    copies: Copies,
    name: String,
    kind: EndKind,
    /// Proxies in front of the API server, Vault and the forge.
    proxies: [FaultProxy; 3],
}

impl Interrupted {
    fn new(kind: EndKind, interruption: Interruption) -> Self {
        let test = format!("opsint{kind:?}{interruption:?}");
        let (story, copies) = (ForgeStory::new(&test, ForgeDialect::GitHub), Copies::new(&test));
        define_outside_kinds(&story.ops);
        let forge = Access { server: story.forge.api().to_owned(), ca_pem: None, token: String::new() };
        let proxies = [FaultProxy::start(story.ops.cluster), copies.proxy(), FaultProxy::in_front_of(&forge)];
        story.forge.open(1, FIRST);
        story.forge.label(1, "preview");
        let more = if kind == EndKind::Expired { story.due() } else { json!({}) };
        let name = story.environment("a", "#1", &more);
        copies.add(&format!("preview/{name}"), &name, &story.ops.installation);
        copies.add(&format!("preview/{name}/app"), &name, &story.ops.installation);
        create_objects(&story.ops, &name, &story.ops.installation);
        if kind == EndKind::Closed {
            story.forge.set_open(1, false);
        }
        let [_, vault, forge] = &proxies;
        let auth = json!({ "token_file": story.path("token") });
        let more = json!({
            "vault": copies.block(&vault.access().server, None),
            "reap": { "handover": "1s", "keep_vault": "never" },
        });
        story.write_config_for(&forge.access().server, &auth, &more);
        Self { story, copies, name, kind, proxies }
    }

    /// Runs the command once, interrupted from its write `number` on, from 0. Returns the number of interrupted writes.
    fn run(&self, number: usize, interruption: Interruption) -> usize {
        let ops = &self.story.ops;
        let seen = Arc::new(AtomicUsize::new(0));
        for proxy in &self.proxies {
            proxy.clear_rules();
            proxy.clear_log();
            let seen = Arc::clone(&seen);
            let fault = if interruption == Interruption::Killed { Fault::Hang } else { Fault::DropAfterStore };
            let is_it = move |call: &Logged| {
                let Some(after) = is_stored(call).then(|| seen.fetch_add(1, Ordering::Relaxed)) else { return false };
                let after = after.checked_sub(number);
                match interruption {
                    Interruption::Killed => after == Some(0),
                    Interruption::AnswerLost => after.is_some_and(|after| after % 3 == 0),
                }
            };
            proxy.rule(is_it, usize::MAX, fault);
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
        // After the namespace is gone, the reaper finishes every end.
        if self.kind == EndKind::Requested && ops.cluster.namespace_exists(&self.name) {
            command.args(["end", &self.name, "--yes"]);
        } else {
            command.args(["reap", "--no-sweep"]);
        }
        command.args(["--installation", &ops.installation, "--control-namespace", &ops.installation]);
        command.args(["--config", &self.story.config()]).env_clear().env("KUBECONFIG", self.proxies[0].kubeconfig());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let spoiled = || self.proxies.iter().map(|proxy| proxy.calls(|call| call.spoiled)).sum();
        let begin = Instant::now();
        loop {
            assert!(begin.elapsed() < PATIENCE * 2, "a run does not end:\n{}", self.story());
            if interruption == Interruption::Killed && spoiled() > 0 {
                child.kill().unwrap();
                child.wait().unwrap();
                return 1;
            }
            if child.try_wait().unwrap().is_some() {
                return spoiled();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Environment in the list; none before it has a namespace or a ledger.
    fn listed(&self) -> Option<Value> {
        let list = self.story.json(&["list", "--all"]);
        list["environments"].as_array().unwrap().iter().find(|found| found["name"] == self.name.as_str()).cloned()
    }

    fn is_over(&self) -> bool {
        let found = self.listed();
        found.is_some_and(|found| !found["ended_at"].is_null() && found["left"] == json!([]))
    }

    fn story(&self) -> String {
        self.proxies.iter().map(FaultProxy::story).collect()
    }

    /// Checks that nothing is left, and that the end is on record once.
    fn check(&self) {
        let (ops, name) = (&self.story.ops, self.name.as_str());
        let found = self.listed().unwrap();
        let reason = format!("{:?}", self.kind).to_lowercase();
        assert_eq!((&found["ended_reason"], &found["generation"]), (&json!(reason), &json!(1)), "{found:#}");
        assert!(!ops.cluster.namespace_exists(name));
        assert!(!self.copies.exists(&format!("preview/{name}")) && !self.copies.exists(&format!("preview/{name}/app")));
        assert_eq!(objects_exist(ops, name), [false; 2]);
        let keeps_label = self.kind == EndKind::Closed;
        assert_eq!(self.story.forge.labels(1).is_empty(), !keeps_label, "a closed pull request keeps its label");
        // `audit` fails if the chain is not valid.
        let audit = ops.json(0, &["audit", name]);
        let events = audit["events"].as_array().unwrap();
        let ended = events.iter().filter(|event| event["event"] == "ended").count();
        assert_eq!(ended, 1, "{audit:#}");
        let history = ops.history();
        assert_eq!(history.iter().filter(|row| row["name"] == name).count(), 1, "{history:?}");
        let run = self.story.json(&["reap"]);
        assert_eq!((&run["actions"], &run["left"], &run["orphans"]), (&json!([]), &json!({}), &json!({})), "{run:#}");
    }
}

/// True for a call that changes something; a review stores nothing.
fn is_stored(call: &Logged) -> bool {
    is_write(call) && !call.path.contains("selfsubject")
}

/// Interrupts every run until the end is over: one write later than the run before, or from another write on.
fn interrupt_everywhere(kind: EndKind, interruption: Interruption) {
    let end = Interrupted::new(kind, interruption);
    let (mut number, mut interruptions) = (0, 0);
    for _ in 0..RUNS {
        let interrupted = end.run(number, interruption);
        silence(&end.story.ops, &end.name);
        interruptions += interrupted;
        match interruption {
            Interruption::AnswerLost if end.is_over() => break,
            Interruption::AnswerLost => number = (number + 1) % 3,
            Interruption::Killed if interrupted > 0 => number += 1,
            // The last run has had fewer writes.
            Interruption::Killed if end.is_over() => break,
            // The hand-over is not over.
            Interruption::Killed => std::thread::sleep(Duration::from_millis(500)),
        }
    }
    assert!(end.is_over(), "{interruptions} interruptions\n{:#?}\n{}", end.listed(), end.story());
    assert!(interruptions >= 5, "only {interruptions} interruptions");
    end.check();
}

#[test]
fn end_for_expiry_is_finished_although_every_run_is_killed() {
    interrupt_everywhere(EndKind::Expired, Interruption::Killed);
}

#[test]
fn end_of_a_closed_pull_request_is_finished_although_every_run_is_killed() {
    interrupt_everywhere(EndKind::Closed, Interruption::Killed);
}

#[test]
fn requested_end_is_finished_although_every_run_is_killed() {
    interrupt_everywhere(EndKind::Requested, Interruption::Killed);
}

#[test]
fn end_for_expiry_is_finished_although_every_run_loses_an_answer() {
    interrupt_everywhere(EndKind::Expired, Interruption::AnswerLost);
}

#[test]
fn end_of_a_closed_pull_request_is_finished_although_every_run_loses_an_answer() {
    interrupt_everywhere(EndKind::Closed, Interruption::AnswerLost);
}

#[test]
fn requested_end_is_finished_although_every_run_loses_an_answer() {
    interrupt_everywhere(EndKind::Requested, Interruption::AnswerLost);
}
