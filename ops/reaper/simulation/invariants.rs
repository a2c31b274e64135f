//! Invariants of the reaper's writes, checked when a write is stored.

use std::collections::BTreeMap;

use eod_domain::ledger::{EndReason, LedgerPhase, StepOutcome};
use eod_domain::{Status, Tier, Tiers, effective_warning, labels};

use super::schedule::MINUTE;
use super::world::{BRANCHES, World, milliseconds};
use crate::ports::{BackendItem, BackendKind, PullRequestLabel};

/// Time from a developer's change to its effect on a call that is on its way.
const ON_THE_WAY: i64 = 4 * MINUTE;

/// A namespace is deleted only with a reason that applies, after its warning, and never if it is protected.
pub(super) fn namespace_deleted(world: &mut World, name: &str) {
    for problem in namespace_problems(world, name) {
        world.violate(&format!("namespace {name} was deleted: {problem}"));
    }
}

fn namespace_problems(world: &World, name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(reading) = world.reading(name) else { return problems };
    let (Some(pull), Some(ledger)) = (world.pull_of(name), world.ledgers.get(name)) else {
        return vec!["it has no ledger or no pull request".to_owned()];
    };
    let head = &ledger.head;
    if reading.is_permanent() {
        problems.push("it is protected or permanent".to_owned());
    }
    if head.phase != LedgerPhase::Ending || head.uid.as_ref() != Some(&reading.uid) {
        problems.push(format!("its ledger is {} with uid {:?}", head.phase, head.uid));
    }
    if world.applications.contains_key(name) {
        problems.push("an Application claims it".to_owned());
    }
    if reading.tier == Some(Tier::Compliance) && !reading.is_approved() {
        problems.push("its end is not approved".to_owned());
    }
    let is_settled = world.now - pull.changed > ON_THE_WAY;
    match head.reason {
        // A person may request an end that runs for another reason already.
        Some(EndReason::Expired | EndReason::Destroyed)
            if reading.mark.is_some_and(|mark| mark.reason == EndReason::Requested) => {}
        Some(EndReason::Expired) => problems.extend(expiry_problems(world, name, &reading)),
        Some(EndReason::Closed) if pull.is_open && is_settled => problems.push("its pull request is open".to_owned()),
        Some(EndReason::Unlabelled) if pull.labels.contains("preview") && is_settled => {
            problems.push("its pull request has its label".to_owned());
        }
        Some(EndReason::Unlabelled) if !pull.is_label_off_by_developer && is_settled => {
            problems.push("no developer has removed its label".to_owned());
        }
        Some(EndReason::BranchDeleted) if pull.is_open && is_settled => problems.push("its branch exists".to_owned()),
        Some(EndReason::BranchDeleted) if pull.number < BRANCHES => problems.push("it has no branch".to_owned()),
        // The reaper finishes a destroy that was interrupted only if the environment is due.
        Some(EndReason::Destroyed) => {
            let is_requested = pull.labels.contains("preview") || !pull.is_label_off_by_developer;
            if pull.is_open && is_requested && is_settled {
                problems.extend(expiry_problems(world, name, &reading));
            }
        }
        Some(EndReason::Lost) | None => {
            problems.push(format!("the reason is {:?}", head.reason));
        }
        Some(EndReason::BranchDeleted | EndReason::Closed | EndReason::Unlabelled | EndReason::Requested) => {}
    }
    let has_data = world.items(BackendKind::Database).values().any(|item| item.environment == name);
    if head.tier == Tier::Full && has_data && !world.snapshots.contains(&reading.uid) {
        problems.push("its database has no snapshot".to_owned());
    }
    problems
}

fn expiry_problems(world: &World, name: &str, reading: &eod_domain::EnvironmentReading) -> Vec<String> {
    let mut problems = Vec::new();
    let (Some(end), Some(tier)) = (reading.expires_at(), reading.tier) else {
        return vec!["it has no end".to_owned()];
    };
    if end > world.time() {
        problems.push(format!("it ends only at {end}"));
    }
    let warning = effective_warning(reading.ttl(), Tiers::default().get(tier).warning);
    let warning = i64::try_from(warning.as_millis()).unwrap();
    let namespace = &world.namespaces[name];
    // The mark has whole seconds.
    let is_warned = |(at, reason): &(i64, String)| reason == "expired" && world.now - at >= warning - 2_000;
    if !namespace.marks.iter().any(is_warned) {
        problems.push(format!("it was not warned in time: {:?}", namespace.marks));
    }
    let activity = reading.times.last_activity_at.map_or(0, milliseconds);
    let has_mark = reading.mark.is_some_and(|mark| mark.reap_after <= world.time());
    if !has_mark {
        problems.push(format!("it has no due mark, last activity {activity}"));
    }
    problems.extend(push_problem(world, name, activity));
    problems
}

/// A push that the forge showed before the trigger label was removed keeps the environment, except on a fork.
fn push_problem(world: &World, name: &str, activity: i64) -> Option<String> {
    let (pull, head) = (world.pull_of(name)?, &world.ledgers.get(name)?.head);
    if !pull.is_open || pull.fork || pull.number >= BRANCHES {
        return None;
    }
    let is_known = head.head_sha.as_ref().is_some_and(|known| known.is_same_commit(&super::world::sha(pull.sha)));
    if !is_known && pull.label_off.is_some_and(|off| pull.pushed <= off) {
        return Some("a commit was pushed before its label was removed".to_owned());
    }
    // In `compliance` a push is no activity. Without the right to labels there is no second look.
    let counts = head.tier != Tier::Compliance && !world.is_label_refused;
    let is_seen = pull.pushed + ON_THE_WAY < milliseconds(head.since);
    (counts && is_seen && activity + 1_000 < pull.pushed).then(|| "a commit was pushed before its end began".to_owned())
}

/// A mark is never written on a protected environment.
pub(super) fn annotation(world: &mut World, name: &str, annotations: &BTreeMap<String, Option<String>>) {
    let marks = annotations.get(labels::REAP_AFTER).is_some_and(Option::is_some);
    if marks && world.reading(name).is_some_and(|reading| reading.tier == Some(Tier::Staging)) {
        world.violate(&format!("{name} is permanent and was marked"));
    }
}

/// A part of an environment is deleted only in its own end.
pub(super) fn item_deleted(world: &mut World, kind: BackendKind, item: &BackendItem) {
    if kind == BackendKind::Vault {
        copy_deleted(world, item);
        return;
    }
    let name = &item.environment;
    if kind == BackendKind::Database && world.namespaces.contains_key(name) {
        world.violate(&format!("{} was deleted while its namespace exists", item.name));
    }
    let phase = world.ledgers.get(name).map(|ledger| ledger.head.phase);
    if matches!(phase, Some(LedgerPhase::Creating | LedgerPhase::Live)) {
        world.violate(&format!("{} of a living environment was deleted", item.name));
    }
    if !world.sightings_allow(kind, item) {
        world.violate(&format!("{} was deleted at its first sighting", item.name));
    }
}

/// A copy in Vault is deleted only after its namespace, and never for an open pull request.
fn copy_deleted(world: &mut World, item: &BackendItem) {
    let name = &item.environment;
    if world.namespaces.contains_key(name) {
        world.violate(&format!("copy {} was deleted while its namespace exists", item.name));
    }
    let is_on_record = world.ledgers.contains_key(name) || world.history.keys().any(|(other, _)| other == name);
    if !is_on_record {
        world.violate(&format!("copy {} of an environment on no record was deleted", item.name));
    }
    let is_open = world.pull_of(name).is_some_and(|pull| pull.is_open && world.now - pull.changed > ON_THE_WAY);
    let head = world.ledgers.get(name).map(|ledger| ledger.head.clone());
    let keeps = |reason| matches!(reason, Some(EndReason::Expired | EndReason::Lost));
    if is_open && head.as_ref().is_some_and(|head| keeps(head.reason)) {
        world.violate(&format!("copy {} of an open pull request was deleted", item.name));
    }
    // A finished end keeps what is left of it for an open pull request, unless a person has ended it.
    let is_finished = head.as_ref().is_some_and(|head| match head.phase {
        LedgerPhase::Queued => true,
        LedgerPhase::Ended => !matches!(head.reason, Some(EndReason::Unlabelled | EndReason::Requested)),
        LedgerPhase::Creating | LedgerPhase::Live | LedgerPhase::Ending => false,
    });
    if is_open && is_finished {
        world.violate(&format!("copy {} of an open pull request was deleted after the end", item.name));
    }
    let is_running = head.as_ref().is_some_and(|head| matches!(head.phase, LedgerPhase::Creating | LedgerPhase::Live));
    if !is_running && head.as_ref().is_some_and(|head| head.keeps_vault) {
        world.violate(&format!("copy {} that a person keeps was deleted", item.name));
    }
    if is_running {
        world.violate(&format!("copy {} of a living environment was deleted", item.name));
    }
    if !world.sightings_allow(BackendKind::Vault, item) {
        world.violate(&format!("copy {} was deleted at its first sighting", item.name));
    }
}

impl World {
    /// False for an orphan without an earlier sighting.
    fn sightings_allow(&self, kind: BackendKind, item: &BackendItem) -> bool {
        let Some(ledger) = self.ledgers.get(&item.environment) else { return true };
        let is_orphan = ledger.head.is_ended() && ledger.head.steps.get(&kind.step()) == Some(&StepOutcome::Done);
        let summary = self.summary.as_deref().and_then(crate::summary::RunSummary::from_json).unwrap_or_default();
        let key = format!("{kind}/{}/{}@{}", item.kind, item.name, item.version);
        !is_orphan || summary.sightings.contains_key(&key)
    }
}

/// The trigger label goes back only after an action of a developer, and never on a fork.
pub(super) fn label_set(world: &mut World, number: u64, label: PullRequestLabel, present: bool) {
    if world.is_label_refused {
        world.violate(&format!("label {label:?} of {number} was changed without the right"));
    }
    let Some(pull) = world.pulls.get(&number) else { return };
    if label == PullRequestLabel::Sleep {
        sleep_label_set(world, number, present);
        return;
    }
    if label != PullRequestLabel::Trigger || !present || pull.labels.contains("preview") {
        return;
    }
    let (is_fork, used, off, commit) = (pull.fork, pull.used, pull.label_off, super::world::sha(pull.sha));
    if is_fork {
        world.violate(&format!("the trigger label was set again on the fork {number}"));
    }
    let head = world.ledgers.get(&super::world::name_of(number)).map(|ledger| &ledger.head);
    // A push that was not deployed yet is use, too, independent of its time.
    let is_pushed = head.is_some_and(|head| head.head_sha.as_ref() != Some(&commit));
    // An end that was interrupted removes the label long after its begin.
    let since = head.map(|head| milliseconds(head.since));
    // If the removal has an unknown result, a removal by a developer cannot be distinguished from it.
    let removal = off.or(since.filter(|_| head.is_some_and(|head| head.label.removed_by_us)));
    if !is_pushed && removal.is_none_or(|off| used < off.min(since.unwrap_or(off)) - 20 * MINUTE) {
        world.violate(&format!("the trigger label of {number} was set again, and nobody has used it"));
    }
}

/// Only an idle environment is put to sleep, and a label of a person stays.
fn sleep_label_set(world: &mut World, number: u64, present: bool) {
    let name = super::world::name_of(number);
    let pull = &world.pulls[&number];
    let (has_label, is_settled) = (pull.labels.contains("asleep"), world.now - pull.used > ON_THE_WAY);
    let was_put_to_sleep = pull.was_put_to_sleep;
    if present && is_settled && !has_label {
        let status = world.reading(&name).map(|reading| reading.status);
        if status.is_some_and(|status| matches!(status, Status::Active | Status::Ready)) {
            world.violate(&format!("{name} is {status:?} and was put to sleep"));
        }
    }
    if !present && has_label && !was_put_to_sleep {
        world.violate(&format!("the label for sleep that a person set on {number} was removed"));
    }
}

/// A deletion by Argo CD is confirmed only with an approval.
pub(super) fn confirmed(world: &mut World, name: &str) {
    let is_settled = world.pull_of(name).is_none_or(|pull| world.now - pull.used > ON_THE_WAY);
    if is_settled && world.reading(name).is_some_and(|reading| !reading.is_approved()) {
        world.violate(&format!("the deletion of Application {name} was confirmed without an approval"));
    }
}

/// A tombstone is never deleted while its pull request is open.
pub(super) fn ledger_deleted(world: &mut World, name: &str) {
    let is_open = world.pull_of(name).is_some_and(|pull| pull.is_open && world.now - pull.changed > ON_THE_WAY);
    let has_lived = world.ledgers.get(name).is_some_and(|ledger| ledger.head.generation > 0);
    if is_open && has_lived {
        world.violate(&format!("the tombstone of {name} was deleted while its pull request is open"));
    }
    if world.namespaces.contains_key(name) {
        world.violate(&format!("the ledger of {name} was deleted while its namespace exists"));
    }
}
