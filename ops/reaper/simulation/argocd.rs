//! Model of Argo CD: an ApplicationSet that follows the trigger label, and Applications that render, heal and prune.

use std::collections::BTreeMap;
use std::rc::Rc;

use eod_domain::ledger::MadeBy;
use eod_domain::{Tier, labels};

use super::calls::Simulation;
use super::random::Random;
use super::schedule::MINUTE;
use super::world::{SimApplication, World, name_of, sha};

/// Reconciles all Applications every few minutes, until the simulation ends.
pub(super) async fn reconcile(sim: Rc<Simulation>, seed: u64) {
    let mut random = Random::of(seed, u64::MAX);
    loop {
        sim.executor.sleep(MINUTE + random.below(3 * MINUTE)).await;
        sim.with(|world| {
            let rendered = world.pulls.values().filter(|pull| pull.made_by == MadeBy::Argocd);
            for number in rendered.map(|pull| pull.number).collect::<Vec<_>>() {
                step(world, number);
            }
        });
    }
}

fn step(world: &mut World, number: u64) {
    let name = name_of(number);
    let pull = &world.pulls[&number];
    let is_requested = pull.is_open && pull.labels.contains("preview");
    let (commit, needs_approval) = (sha(pull.sha).to_string(), matches!(pull.tier, Tier::Compliance | Tier::Staging));
    let state = if pull.labels.contains("asleep") { labels::STATE_ASLEEP } else { "active" };
    let exists = world.namespaces.get(&name).map(|namespace| namespace.gone_at.is_some());
    if !world.applications.contains_key(&name) {
        if is_requested {
            world.note(|| format!("Application {name} is created"));
            world.applications.insert(name, SimApplication::default());
        }
        return;
    }
    let application = world.applications.get_mut(&name).unwrap();
    application.is_deleting |= !is_requested;
    if application.is_deleting {
        let is_confirmed = application.is_confirmed;
        let is_protected = || world.reading(&name).is_some_and(|reading| reading.protected);
        let may_delete = is_confirmed || !(needs_approval || is_protected());
        match exists {
            None => {
                world.note(|| format!("Application {name} is gone"));
                world.applications.remove(&name);
            }
            Some(false) if may_delete => {
                let _ = world.delete_namespace(&name, None, 30_000);
            }
            Some(_) => {}
        }
        return;
    }
    match exists {
        None => {
            let _ = world.create_namespace(number, MadeBy::Argocd);
        }
        Some(false) if world.namespaces[&name].annotations.get(labels::HEAD_SHA) != Some(&commit) => {
            let annotations = BTreeMap::from([(labels::HEAD_SHA.to_owned(), Some(commit))]);
            let _ = world.annotate(&name, None, &annotations);
        }
        Some(false) if world.namespaces[&name].annotations.get(labels::STATE).map(String::as_str) != Some(state) => {
            let annotations = BTreeMap::from([(labels::STATE.to_owned(), Some(state.to_owned()))]);
            let _ = world.annotate(&name, None, &annotations);
        }
        Some(_) => {}
    }
}
