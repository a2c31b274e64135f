//! Model of pipelines with Terraform: an apply and a destroy, each with the real transitions of the ledger. They may be killed
//! at any call.

use std::collections::BTreeMap;
use std::rc::Rc;

use eod_domain::ledger::{
    CreateRequest, EndReason, EndRequest, LedgerHead, LedgerPhase, MadeBy, ReturnChange, Transitions, return_reason,
};
use eod_domain::{Clock, ClockChange, Tiers, labels, next_clock};

use super::calls::Simulation;
use super::schedule::MINUTE;
use super::world::{World, identity_of, name_of, not_found, sha};
use crate::ports::{BackendItem, BackendKind, CallError, ObjectVersion};

/// Maximum number of applies of a pipeline while there is no free place.
const TRIES: usize = 4;

type Stored = Option<(LedgerHead, ObjectVersion)>;

async fn stored(sim: &Rc<Simulation>, name: &str) -> Result<Stored, CallError> {
    let name = name.to_owned();
    sim.call(false, move |world| {
        Ok(world.ledgers.get(&name).map(|ledger| (ledger.head.clone(), ledger.object_version())))
    })
    .await
}

async fn write(sim: &Rc<Simulation>, name: &str, before: &Stored, head: LedgerHead) -> Result<Stored, CallError> {
    let (name, version) = (name.to_owned(), before.as_ref().map(|(_, version)| version.clone()));
    sim.call(false, move |world| {
        let version = world.write_head(&name, version.as_ref(), &head, &[])?;
        Ok(Some((head, version)))
    })
    .await
}

/// Result of an apply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Applied {
    /// There is nothing left to do.
    Done,
    /// The environment waits for a free place.
    Queued,
}

/// One apply of the pull request's newest commit. The pipeline tries again a few times if there is no free place.
pub(super) async fn apply(sim: Rc<Simulation>, number: u64) {
    for _ in 0..TRIES {
        let holder = format!("apply-{}", sim.with(World::next));
        // A refused apply ends with an error.
        match try_apply(&sim, number, &holder).await {
            Ok(Applied::Queued) => sim.executor.sleep(10 * MINUTE).await,
            Ok(Applied::Done) | Err(_) => return,
        }
    }
}

/// True if there is no free place for an environment.
fn is_full(world: &World, name: &str) -> bool {
    let is_other = |(other, found): &(&String, &super::world::SimNamespace)| {
        let made_by = found.annotations.get(labels::MADE_BY).map(String::as_str);
        *other != name && found.gone_at.is_none() && made_by == Some(MadeBy::Terraform.as_str())
    };
    world.maximum > 0 && world.namespaces.iter().filter(is_other).count() >= world.maximum
}

async fn try_apply(sim: &Rc<Simulation>, number: u64, holder: &str) -> Result<Applied, CallError> {
    let name = name_of(number);
    let Some((commit, tier)) = sim.with(|world| {
        let pull = world.pulls.get(&number).filter(|pull| pull.made_by == MadeBy::Terraform && pull.is_open)?;
        pull.labels.contains("preview").then_some((sha(pull.sha), pull.tier))
    }) else {
        return Ok(Applied::Done);
    };
    let mut before = stored(sim, &name).await?;
    let lives = sim.with(|world| {
        world.namespaces.get(&name).is_some_and(|namespace| {
            namespace.gone_at.is_none() && namespace.annotations.contains_key(labels::PROVISIONED_AT)
        })
    });
    let is_ending = before.as_ref().is_some_and(|(head, _)| head.phase == LedgerPhase::Ending);
    if lives && !is_ending {
        push(sim, &name, &commit).await?;
        return Ok(Applied::Done);
    }
    if let Some((head, _)) = &before
        && head.is_absent()
    {
        let change = ReturnChange { head_sha: Some(&commit), extended: false, recreate: false };
        if return_reason(head, &change).is_none() {
            return Ok(Applied::Done);
        }
    }
    for _ in 0..10 {
        let now = sim.with(|world| world.time());
        let request = CreateRequest {
            identity: identity_of(number),
            tier,
            owner: None,
            head_sha: Some(commit.clone()),
            made_by: MadeBy::Terraform,
            holder: holder.to_owned(),
            namespace_is_gone: !sim.with(|world| world.namespaces.contains_key(&name)),
            lifted: false,
        };
        let head = before.as_ref().map(|(head, _)| head);
        if sim.with(|world| is_full(world, &name)) {
            let Ok(next) = Transitions::at(now).queue(head, &request) else { return Ok(Applied::Done) };
            write(sim, &name, &before, next).await?;
            return Ok(Applied::Queued);
        }
        match Transitions::at(now).create(head, &request) {
            Ok(next) => {
                let stored = write(sim, &name, &before, next).await?;
                return create(sim, number, stored, &request).await;
            }
            Err(_) => sim.executor.sleep(MINUTE / 2).await,
        }
        before = stored(sim, &name).await?;
    }
    Ok(Applied::Done)
}

async fn create(
    sim: &Rc<Simulation>,
    number: u64,
    stored: Stored,
    request: &CreateRequest,
) -> Result<Applied, CallError> {
    let name = name_of(number);
    let mut attempts = 0;
    let uid = loop {
        match sim.call(false, move |world| claim(world, number)).await {
            Ok(uid) => break uid,
            Err(error) if attempts == 10 => return Err(error),
            Err(_) => sim.executor.sleep(MINUTE / 2).await,
        }
        attempts += 1;
    };
    // Another create was faster: this one gives its namespace back.
    if sim.with(|world| is_full(world, &name)) {
        let given_back = name.clone();
        let uid = uid.clone();
        sim.call(false, move |world| {
            let is_own = world.namespaces.get(&given_back).is_some_and(|found| found.uid == uid);
            if is_own { world.delete_namespace(&given_back, None, 1_000) } else { Ok(()) }
        })
        .await?;
        let now = sim.with(|world| world.time());
        let head = stored.as_ref().map(|(head, _)| head);
        let Ok(next) = Transitions::at(now).queue(head, request) else { return Ok(Applied::Done) };
        write(sim, &name, &stored, next).await?;
        return Ok(Applied::Queued);
    }
    sim.executor.sleep(3_000).await;
    let copy_of = name.clone();
    sim.call(false, move |world| {
        add_copy(world, &copy_of);
        add_parts(world, &copy_of);
        Ok(())
    })
    .await?;
    let created = name.clone();
    sim.call(false, move |world| {
        let version = world.namespaces.get(&created).ok_or_else(not_found)?.object_version();
        let now = world.time();
        let ttl = world.reading(&created).and_then(|reading| reading.ttl());
        let clock = Clock::start(now, ttl);
        world.annotate(&created, Some(&version), &annotations(&clock, &[(labels::PROVISIONED_AT, now.to_string())]))
    })
    .await?;
    if let Some((head, _)) = &stored {
        let now = sim.with(|world| world.time());
        if let Ok(next) = Transitions::at(now).provisioned(head, head.generation, &uid) {
            write(sim, &name, &stored, next).await?;
        }
    }
    Ok(Applied::Done)
}

/// Posts the namespace, or finds the one of an interrupted create.
fn claim(world: &mut World, number: u64) -> Result<String, CallError> {
    match world.namespaces.get(&name_of(number)) {
        Some(found) if found.gone_at.is_none() && !found.annotations.contains_key(labels::PROVISIONED_AT) => {
            Ok(found.uid.clone())
        }
        _ => world.create_namespace(number, MadeBy::Terraform),
    }
}

pub(super) fn add_copy(world: &mut World, environment: &str) {
    let name = format!("preview/{environment}/app");
    let version = world.next().to_string();
    let item =
        BackendItem { kind: "secret".to_owned(), name: name.clone(), environment: environment.to_owned(), version };
    world.copies.entry(name).or_insert(item);
}

pub(super) fn remove_copy(world: &mut World, environment: &str) {
    world.copies.remove(&format!("preview/{environment}/app"));
}

/// Creates the DNS record, the database and the object outside of the namespace, if they do not exist.
pub(super) fn add_parts(world: &mut World, environment: &str) {
    let parts = [(BackendKind::Dns, "record"), (BackendKind::Database, "database"), (BackendKind::Objects, "content")];
    for (kind, noun) in parts {
        let name = format!("{environment}.{noun}");
        let version = world.next().to_string();
        let environment = environment.to_owned();
        let item = BackendItem { kind: noun.to_owned(), name: name.clone(), environment, version };
        world.parts.entry((kind, name)).or_insert(item);
    }
}

fn annotations(clock: &Clock, more: &[(&str, String)]) -> BTreeMap<String, Option<String>> {
    let mut annotations = BTreeMap::from([
        (labels::LAST_ACTIVITY_AT.to_owned(), Some(clock.last_activity_at.to_string())),
        (labels::EXPIRES_AT.to_owned(), clock.expires_at.map(|end| end.to_string())),
    ]);
    annotations.extend(more.iter().map(|(key, value)| ((*key).to_owned(), Some(value.clone()))));
    annotations
}

/// Activity on a living namespace: a push, a touch or an extension.
pub(super) fn use_environment(world: &mut World, name: &str, change: ClockChange, more: &[(&str, String)]) {
    let Some(reading) = world.reading(name).filter(|reading| !reading.terminating) else { return };
    let (Some(last_activity_at), Some(tier)) = (reading.times.last_activity_at, reading.tier) else { return };
    let live = Clock { last_activity_at, expires_at: reading.expires_at() };
    let clock = next_clock(&live, change, Tiers::default().get(tier), reading.ttl(), world.time());
    let _ = world.annotate(name, None, &annotations(&clock, more));
}

async fn push(sim: &Rc<Simulation>, name: &str, commit: &eod_domain::HeadSha) -> Result<(), CallError> {
    let (name, commit) = (name.to_owned(), commit.to_string());
    sim.call(false, move |world| {
        let found = world.namespaces.get(&name).ok_or_else(not_found)?.annotations.get(labels::HEAD_SHA);
        if found != Some(&commit) {
            let change = ClockChange { head_sha: true, ..ClockChange::default() };
            use_environment(world, &name, change, &[(labels::HEAD_SHA, commit)]);
        }
        Ok(())
    })
    .await
}

/// One destroy after the pull request was closed or lost its label.
pub(super) async fn destroy(sim: Rc<Simulation>, number: u64) {
    let holder = format!("destroy-{}", sim.with(World::next));
    let _ = try_destroy(&sim, number, &holder).await;
}

async fn try_destroy(sim: &Rc<Simulation>, number: u64, holder: &str) -> Result<(), CallError> {
    let name = name_of(number);
    let is_wanted = sim.with(|world| {
        let protected = world.reading(&name).is_some_and(|reading| reading.is_permanent());
        let made = world.pulls.get(&number).is_some_and(|pull| pull.made_by == MadeBy::Terraform);
        made && !protected
    });
    let Some((head, version)) = stored(sim, &name).await?.filter(|_| is_wanted) else { return Ok(()) };
    let now = sim.with(|world| world.time());
    let uid = sim.with(|world| world.namespaces.get(&name).map(|namespace| namespace.uid.clone()));
    let request = EndRequest {
        generation: head.generation,
        uid: uid.clone(),
        reason: EndReason::Destroyed,
        keep_vault: false,
        holder: holder.to_owned(),
    };
    let Ok(next) = Transitions::at(now).begin_end(&head, &request) else { return Ok(()) };
    let stored = write(sim, &name, &Some((head, version)), next).await?;
    let deleted = name.clone();
    sim.call(false, move |world| {
        let Some(uid) = uid.filter(|uid| world.namespaces.get(&deleted).is_some_and(|found| found.uid == *uid)) else {
            return Ok(());
        };
        let resource_version = world.namespaces[&deleted].version.to_string();
        world.delete_namespace(&deleted, Some(&ObjectVersion { uid, resource_version }), 20_000)
    })
    .await?;
    while sim.with(|world| world.namespaces.contains_key(&name)) {
        sim.executor.sleep(5_000).await;
    }
    let environment = name.clone();
    sim.call(false, move |world| {
        if !world.copies_left_by_destroy.contains(&number) {
            remove_copy(world, &environment);
        }
        world.parts.retain(|(kind, _), item| *kind == BackendKind::Objects || item.environment != environment);
        Ok(())
    })
    .await?;
    let Some((head, _)) = &stored else { return Ok(()) };
    let now = sim.with(|world| world.time());
    if let Ok(next) = Transitions::at(now).finish_destroy(head, head.generation, holder) {
        write(sim, &name, &stored, next).await?;
    }
    Ok(())
}
