//! Invariants at rest: nothing without an owner, no end that is stuck, complete chains.

use eod_domain::ledger::{EndReason, LedgerHead, LedgerPhase, MadeBy, StepOutcome, verify_chain};
use eod_domain::{EnvironmentReading, Tier};

use super::backends::BACKENDS;
use super::schedule::{HOUR, MINUTE};
use super::world::{BRANCHES, World, milliseconds};
use crate::ports::BackendKind;

/// Time after its last change after which a pull request's environment is in its final state.
const SETTLED: i64 = 2 * HOUR;

/// Checks the world at rest.
pub(super) fn check(world: &mut World) {
    let mut problems = Vec::new();
    problems.extend(namespaces(world));
    problems.extend(ledgers(world));
    problems.extend(copies(world));
    problems.extend(pull_requests(world));
    for problem in problems {
        world.violate(&format!("at rest: {problem}"));
    }
}

/// Checks that every namespace belongs to a ledger of its own life, and that every chain is complete.
pub(super) fn check_owners(world: &mut World) {
    let problems: Vec<String> = world.ledgers.keys().flat_map(|name| chain(world, name)).collect();
    problems.into_iter().for_each(|problem| world.violate(&problem));
    let is_late = |namespace: &super::world::SimNamespace| world.now - namespace.created > HOUR;
    let unowned = world.namespaces.iter().filter(|(name, found)| is_late(found) && !world.ledgers.contains_key(*name));
    let unowned: Vec<String> = unowned.map(|(name, _)| format!("namespace {name} has no ledger")).collect();
    unowned.into_iter().for_each(|problem| world.violate(&problem));
}

fn namespaces(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, namespace) in &world.namespaces {
        let Some(reading) = world.reading(name) else { continue };
        let Some(ledger) = world.ledgers.get(name) else {
            if world.now - namespace.created > HOUR {
                problems.push(format!("namespace {name} has no ledger"));
            }
            continue;
        };
        let head = &ledger.head;
        let is_own = head.uid.as_ref().is_none_or(|uid| *uid == namespace.uid);
        if !is_own && namespace.gone_at.is_none() && world.now - namespace.created > HOUR {
            problems.push(format!("namespace {name} {} is not the one of its ledger: {head:?}", namespace.uid));
        }
        let waits = reading.is_permanent() || reading.tier == Some(Tier::Compliance);
        let pull = world.pull_of(name);
        let is_closed = pull.is_some_and(|pull| !pull.is_open && world.now - pull.changed > SETTLED);
        if is_closed && !waits && namespace.gone_at.is_none() && world.now - namespace.created > SETTLED {
            problems.push(format!("namespace {name} of a closed pull request exists: {head:?}"));
        }
        let is_stuck = reading.is_permanent() && head.phase == LedgerPhase::Ending && is_own;
        if is_stuck && namespace.gone_at.is_none() && world.now - milliseconds(head.since) > 90 * MINUTE {
            problems.push(format!("{name} is protected, and its end is neither finished nor cancelled"));
        }
        problems.extend(deployment(world, name, &reading, head));
        problems.extend(label(world, name, head));
        let is_late = reading.expires_at().is_some_and(|end| world.now - milliseconds(end) > 2 * HOUR + 10 * MINUTE);
        // Without the label, Argo CD keeps its Application, and its namespace is never taken from it.
        let keeps_label = world.is_label_refused || pull.is_some_and(|pull| pull.number >= BRANCHES);
        let is_claimed = keeps_label && world.applications.contains_key(name);
        if is_late && !waits && !is_claimed && namespace.gone_at.is_none() {
            problems.push(format!("namespace {name} is past its end {:?}: {head:?}", reading.times.expiry));
        }
    }
    problems
}

/// A trigger label that an end has removed is back if the environment lives on.
fn label(world: &World, name: &str, head: &LedgerHead) -> Option<String> {
    let pull = world.pull_of(name)?;
    // A developer who has closed the pull request since then decides about the label.
    let is_open = pull.is_open && !pull.fork && pull.label_off.is_some_and(|off| pull.changed <= off);
    let is_off = head.phase == LedgerPhase::Live && head.label.removed_by_us && !pull.labels.contains("preview");
    (is_open && is_off).then(|| format!("{name} lives, and its end has not put the trigger label back"))
}

/// The deployment of a living environment is recorded as it is.
fn deployment(world: &World, name: &str, reading: &EnvironmentReading, head: &LedgerHead) -> Option<String> {
    let is_own = head.uid.as_deref() == Some(reading.uid.as_str()) && head.phase == LedgerPhase::Live;
    let pull = world.pull_of(name)?;
    let is_settled = world.now - pull.used.max(pull.changed) > SETTLED && world.now - milliseconds(head.since) > HOUR;
    if !is_own || reading.terminating || !is_settled || !reading.problems.is_empty() || world.broken.contains(name) {
        return None;
    }
    let runs = reading.deployed_sha.as_ref();
    let is_recorded = runs.zip(reading.head_sha.as_ref()).is_some_and(|(runs, head)| runs.is_same_commit(head));
    if let Some(cause) = &reading.failing {
        return Some(format!("{name} has recovered and counts as failing: {cause}"));
    }
    (!is_recorded).then(|| format!("{name} runs {:?}, and {runs:?} is recorded", reading.head_sha))
}

fn ledgers(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, ledger) in &world.ledgers {
        let head = &ledger.head;
        let age = world.now - milliseconds(head.since);
        let namespace = world.namespaces.get(name);
        if head.phase == LedgerPhase::Ending && age > 90 * MINUTE && namespace.is_none() {
            problems.push(format!("the end of {name} is not finished: {head:?}"));
        }
        let is_provisioned = world.reading(name).is_some_and(|reading| reading.provisioned && !reading.terminating);
        if head.phase == LedgerPhase::Creating && is_provisioned && age > HOUR {
            problems.push(format!("{name} is provisioned and its ledger is creating: {head:?}"));
        }
        if head.phase == LedgerPhase::Live && namespace.is_none() && age > HOUR {
            problems.push(format!("{name} is live and has no namespace"));
        }
        let is_closed = world.pull_of(name).is_some_and(|pull| !pull.is_open && world.now - pull.changed > SETTLED);
        if head.phase == LedgerPhase::Queued && head.generation > 0 && is_closed && age > SETTLED {
            problems.push(format!("{name} waits for a free place, and its pull request is closed: {head:?}"));
        }
        if head.is_ended() && !head.left().is_empty() && age > 90 * MINUTE {
            problems.push(format!("the end of {name} has left {:?}", head.left()));
        }
        problems.extend(chain(world, name));
    }
    problems
}

/// The chain verifies, and every event that was appended is in it or still loose.
fn chain(world: &World, name: &str) -> Vec<String> {
    let ledger = &world.ledgers[name];
    let report = match verify_chain(&ledger.head, &ledger.sealed) {
        Ok(report) => report,
        Err(error) => return vec![format!("the chain of {name} is broken: {error}")],
    };
    let sealed = report.events.iter().map(|(_, event)| event);
    let found: Vec<String> =
        sealed.chain(ledger.loose.values()).map(|event| serde_json::to_string(event).unwrap()).collect();
    let appended = world.appended.get(name).map_or(0, Vec::len);
    let folded = usize::try_from(report.folded).unwrap();
    let summaries = report.events.iter().filter(|(_, event)| event.e == eod_domain::ledger::EventKind::Folded).count();
    if found.len() + folded - summaries == appended {
        return Vec::new();
    }
    vec![format!("{name} has {} of {appended} events", found.len())]
}

fn copies(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let items = BACKENDS.into_iter().flat_map(|kind| world.items(kind).into_values().map(move |item| (kind, item)));
    for (kind, item) in items {
        let name = &item.environment;
        let Some(ledger) = world.ledgers.get(name) else { continue };
        let age = world.now - milliseconds(ledger.head.since);
        let is_closed = world.pull_of(name).is_none_or(|pull| !pull.is_open && world.now - pull.changed > SETTLED);
        let step = ledger.head.steps.get(&kind.step());
        if kind == BackendKind::Vault && ledger.head.keeps_vault {
            continue;
        }
        // A stray copy is an orphan, which needs two sightings.
        if ledger.head.is_ended() && is_closed && step != Some(&StepOutcome::Done) && age > SETTLED {
            problems.push(format!("{kind} {} of a closed pull request exists: {:?}", item.name, ledger.head));
        }
    }
    problems
}

/// An environment that somebody wants returns, and no other one.
fn pull_requests(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for pull in world.pulls.values() {
        let name = super::world::name_of(pull.number);
        let is_settled = world.now - pull.used > SETTLED && world.now - pull.changed > SETTLED;
        let head = world.ledgers.get(&name).map(|ledger| &ledger.head);
        let is_gone = |head: &&LedgerHead| {
            head.is_ended() && matches!(head.reason, Some(EndReason::Closed | EndReason::BranchDeleted))
        };
        let is_wanted = is_settled && pull.is_open && pull.labels.contains("preview");
        if let Some(head) = head.filter(|head| is_wanted && is_gone(head) && !head.lifted) {
            problems.push(format!("{name} is open again, and its end was not lifted: {head:?}"));
        }
        let Some(off) = pull.label_off.filter(|_| is_settled && pull.is_open && !pull.fork) else { continue };
        let reason = world.reason(&name);
        if pull.used > off && pull.made_by == MadeBy::Argocd && reason == Some(EndReason::Expired) {
            let head = world.ledgers.get(&name).map(|ledger| &ledger.head);
            let is_pushed = head.is_some_and(|head| {
                head.head_sha.as_ref().is_some_and(|known| !known.is_same_commit(&super::world::sha(pull.sha)))
            });
            if is_pushed {
                problems.push(format!("{name} was pushed to after its label was removed, and did not return"));
            }
        }
    }
    problems
}
