//! Models of all remote systems behind the ports of the engine. Each write of the reaper is checked against the invariants.

use std::collections::BTreeMap;
use std::rc::Rc;

use eod_domain::ledger::{Event, HistoryRow, LedgerHead, LooseEvent, SealedEvents};
use eod_domain::{BranchName, EnvironmentName, Repository};
use jiff::SignedDuration;
use serde_json::Value;

use super::backends::{BACKENDS, SimBackend};
use super::calls::Simulation;
use super::invariants;
use super::schedule::MINUTE;
use super::world::{BRANCHES, SimLedger, World, branch_of, elapsed, environment, not_found, sha, timestamp};
use crate::ports::*;

/// Number of items of a page: small, so that every list has several.
const PAGE: usize = 2;

/// Ports of one reaper.
pub(super) struct SimPorts {
    sim: Rc<Simulation>,
    /// Difference of the machine's clock in milliseconds.
    skew: i64,
    /// Start of the run in milliseconds.
    started: i64,
    jump: Option<ClockJump>,
    /// Time from the start of the run in milliseconds after which no further work begins.
    time_limit: Option<i64>,
    backends: Vec<Box<dyn Backend>>,
    /// True if a writing call panics.
    is_read_only: bool,
}

/// Jump of clocks in the middle of a run, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ClockJump {
    /// Time from the start of the run to the jump.
    pub(super) after: i64,
    /// Jump of the machine's clock.
    pub(super) local: i64,
    /// Jump of the API server's clock.
    pub(super) server: i64,
}

impl SimPorts {
    pub(super) fn new(sim: &Rc<Simulation>, skew: i64) -> Self {
        Self::with_access(sim, skew, false)
    }

    /// Ports that panic at each writing call.
    pub(super) fn read_only(sim: &Rc<Simulation>) -> Self {
        Self::with_access(sim, 0, true)
    }

    fn with_access(sim: &Rc<Simulation>, skew: i64, is_read_only: bool) -> Self {
        let backend = |kind| -> Box<dyn Backend> {
            Box::new(SimBackend { kind, sim: sim.clone(), is_read_only, is_careless: true })
        };
        let backends = BACKENDS.map(backend).into();
        let started = sim.executor.now();
        Self { sim: sim.clone(), skew, started, jump: None, time_limit: None, backends, is_read_only }
    }

    /// Ports with clocks that jump.
    pub(super) fn with_jump(self, jump: Option<ClockJump>) -> Self {
        Self { jump, ..self }
    }

    /// Ports with a time limit in milliseconds.
    pub(super) fn with_time_limit(self, time_limit: i64) -> Self {
        Self { time_limit: Some(time_limit), ..self }
    }

    async fn write_call<T: 'static>(
        &self,
        effect: impl FnOnce(&mut World) -> Result<T, CallError> + 'static,
    ) -> Result<T, CallError> {
        if self.skew.abs() > 2 * MINUTE + 1_000 {
            self.sim.with(|world| world.violate("a run with clocks that differ has written"));
        }
        self.bookkeeping_call(effect).await
    }

    /// Write of a run about itself.
    async fn bookkeeping_call<T: 'static>(
        &self,
        effect: impl FnOnce(&mut World) -> Result<T, CallError> + 'static,
    ) -> Result<T, CallError> {
        assert!(!self.is_read_only, "a dry run calls a method that writes");
        self.call(effect).await
    }

    async fn call<T: 'static>(
        &self,
        effect: impl FnOnce(&mut World) -> Result<T, CallError> + 'static,
    ) -> Result<T, CallError> {
        self.sim.call(true, effect).await
    }
}

impl Ports for SimPorts {
    type Cluster = Self;
    type Ledgers = Self;
    type Forge = Self;
    type Lease = Self;
    type Clock = Self;
    type Outward = Self;

    fn cluster(&self) -> &Self {
        self
    }
    fn ledgers(&self) -> &Self {
        self
    }
    fn forge(&self) -> &Self {
        self
    }
    fn lease(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
    fn outward(&self) -> &Self {
        self
    }
    fn backends(&self) -> &[Box<dyn Backend + '_>] {
        &self.backends
    }
}

pub(super) fn paged<T>(items: Vec<(String, T)>, page: Option<&PageToken>) -> ListPage<T> {
    paged_by(PAGE, items, page)
}

fn paged_by<T>(size: usize, items: Vec<(String, T)>, page: Option<&PageToken>) -> ListPage<T> {
    let after = page.map(|token| token.0.clone()).unwrap_or_default();
    let mut later = items.into_iter().filter(|(key, _)| *key > after);
    let (mut items, mut last) = (Vec::new(), String::new());
    for (key, item) in later.by_ref().take(size) {
        last = key;
        items.push(item);
    }
    ListPage { items, next: later.next().map(|_| PageToken(last)) }
}

impl ClusterPort for SimPorts {
    async fn namespaces(&self, page: Option<&PageToken>) -> Result<ListPage<Value>, CallError> {
        let page = page.cloned();
        self.call(move |world| {
            let listed = world.namespaces.iter().filter(|(_, namespace)| namespace.has_ownership_labels());
            let items = listed.map(|(name, namespace)| (name.clone(), namespace.value(name)));
            let page = paged(items.collect(), page.as_ref());
            let next = page.next.filter(|_| !world.is_list_cut_short);
            Ok(ListPage { next, ..page })
        })
        .await
    }

    async fn namespace(&self, name: &EnvironmentName) -> Result<Option<Value>, CallError> {
        let name = name.to_string();
        let result =
            self.call(move |world| Ok(world.namespaces.get(&name).map(|namespace| namespace.value(&name)))).await;
        unavailable(result)
    }

    async fn annotate(
        &self,
        name: &EnvironmentName,
        version: &ObjectVersion,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<ObjectVersion, CallError> {
        let (name, version, annotations) = (name.to_string(), version.clone(), annotations.clone());
        if self.sim.with(|world| std::mem::take(&mut world.is_annotation_late)) {
            self.sim.with(|world| world.late_annotation = Some((name, version, annotations)));
            self.sim.executor.sleep(MINUTE / 2).await;
            return Err(CallError::new(CallErrorKind::Unknown, "timed out"));
        }
        self.write_call(move |world| {
            if let Some((name, version, annotations)) = world.late_annotation.take() {
                let _ = world.annotate(&name, Some(&version), &annotations);
            }
            invariants::annotation(world, &name, &annotations);
            world.annotate(&name, Some(&version), &annotations)
        })
        .await
    }

    async fn delete_namespace(&self, name: &EnvironmentName, version: &ObjectVersion) -> Result<(), CallError> {
        let (name, version) = (name.to_string(), version.clone());
        self.write_call(move |world| {
            let is_deleted = world.namespaces.get(&name).is_none_or(|namespace| namespace.gone_at.is_some());
            let takes = 1_000 + i64::try_from(world.next() % 5).unwrap() * 10_000;
            world.delete_namespace(&name, Some(&version), takes)?;
            if !is_deleted {
                invariants::namespace_deleted(world, &name);
            }
            Ok(())
        })
        .await
    }

    async fn blockers(&self, _name: &EnvironmentName) -> Result<Vec<String>, CallError> {
        self.call(|world| {
            Ok(if world.is_deletion_stuck { vec!["Pod web has a finalizer".to_owned()] } else { Vec::new() })
        })
        .await
    }

    async fn applications(
        &self,
        name: &EnvironmentName,
        _age: ApplicationsAge,
    ) -> Result<ApplicationLookup, CallError> {
        let name = name.to_string();
        let result = self.call(move |world| {
            let is_elsewhere = world.applications.get(&name).is_some_and(|application| application.is_elsewhere);
            let found = || ApplicationLookup::Found(application(world, &name).into_iter().collect());
            Ok(if is_elsewhere { ApplicationLookup::NotConfigured } else { found() })
        });
        unavailable(result.await)
    }

    async fn confirm_deletion(&self, application: &ApplicationFacts) -> Result<(), CallError> {
        let name = application.name.clone();
        self.write_call(move |world| {
            invariants::confirmed(world, &name);
            world.applications.get_mut(&name).ok_or_else(not_found)?.is_confirmed = true;
            Ok(())
        })
        .await
    }

    async fn deployments(&self) -> Result<BTreeMap<String, Vec<DeploymentFacts>>, CallError> {
        self.call(|world| {
            let deployment = |(name, namespace): (&String, &super::world::SimNamespace)| {
                let sha = namespace.annotations.get(eod_domain::labels::HEAD_SHA).and_then(|sha| sha.parse().ok());
                let failing = world.broken.contains(name).then(|| "exceeded its progress deadline".to_owned());
                let facts = DeploymentFacts { name: "web".to_owned(), sha, is_available: failing.is_none(), failing };
                (name.clone(), vec![facts])
            };
            Ok(world.namespaces.iter().map(deployment).collect())
        })
        .await
    }
}

/// A read of one object reports its absence by its value, not by an error.
pub(super) fn unavailable<T>(result: Result<T, CallError>) -> Result<T, CallError> {
    result.map_err(|error| match error.kind {
        CallErrorKind::NotFound => CallError::new(CallErrorKind::Unavailable, "the server is busy"),
        _ => error,
    })
}

fn application(world: &World, name: &str) -> Option<ApplicationFacts> {
    let application = world.applications.get(name)?;
    let namespace = world.namespaces.get(name);
    let is_compliance = world.pull_of(name).is_some_and(|pull| pull.tier == eod_domain::Tier::Compliance);
    let sha = namespace?.annotations.get(eod_domain::labels::HEAD_SHA).and_then(|sha| sha.parse().ok());
    Some(ApplicationFacts {
        namespace: "argocd".to_owned(),
        name: name.to_owned(),
        version: ObjectVersion { uid: name.to_owned(), resource_version: "1".to_owned() },
        sources: vec![SyncedSource { url: "https://github.com/acme/shop.git".to_owned(), sha }],
        is_synced: true,
        health: if world.broken.contains(name) {
            ApplicationHealth::Degraded("Deployment/web: no image".to_owned())
        } else {
            ApplicationHealth::Healthy
        },
        deleting_since: application.is_deleting.then(|| timestamp(0)),
        awaits_confirmation: application.is_deleting && is_compliance && !application.is_confirmed,
        is_never_deleted: application.is_never_deleted,
        other_cluster: application.other_cluster.clone(),
    })
}

impl LedgerPort for SimPorts {
    async fn heads(&self, page: Option<&PageToken>) -> Result<ListPage<Result<HeadEntry, String>>, CallError> {
        let page = page.cloned();
        self.call(move |world| {
            let valid = world.ledgers.keys().map(|name| (name.clone(), Ok(entry(world, name).unwrap())));
            let invalid = world.has_false_ledger.then(|| ("acme.".to_owned(), Err("not a ledger".to_owned())));
            let size = if world.page == 0 { PAGE } else { world.page };
            Ok(paged_by(size, invalid.into_iter().chain(valid).collect(), page.as_ref()))
        })
        .await
    }

    async fn head(&self, name: &EnvironmentName) -> Result<Option<HeadEntry>, CallError> {
        let name = name.to_string();
        unavailable(self.call(move |world| Ok(entry(world, &name))).await)
    }

    async fn ledger(&self, name: &EnvironmentName) -> Result<Option<StoredLedger>, CallError> {
        let name = name.to_string();
        let read = |world: &mut World, name: &str| {
            let ledger = world.ledgers.get(name)?;
            let loose = ledger
                .loose
                .iter()
                .map(|(key, event)| LooseEntry::Valid(LooseEvent { key: key.clone(), event: event.clone() }));
            Some(StoredLedger {
                version: ledger.object_version(),
                head: head(ledger),
                sealed: ledger.sealed.clone(),
                loose: loose.collect(),
            })
        };
        unavailable(self.call(move |world| Ok(read(world, &name))).await)
    }

    async fn create(
        &self,
        name: &EnvironmentName,
        head: &LedgerHead,
        events: &[Event],
    ) -> Result<ObjectVersion, CallError> {
        let (name, head, events) = (name.to_string(), head.clone(), events.to_vec());
        self.write_call(move |world| world.write_head(&name, None, &head, &events)).await
    }

    async fn write_head(
        &self,
        name: &EnvironmentName,
        version: &ObjectVersion,
        head: &LedgerHead,
        events: &[Event],
    ) -> Result<ObjectVersion, CallError> {
        let (name, version) = (name.to_string(), version.clone());
        let (head, events) = (head.clone(), events.to_vec());
        self.write_call(move |world| {
            if std::mem::take(&mut world.is_head_refused) {
                return Err(CallError::new(CallErrorKind::Invalid, "422"));
            }
            world.write_head(&name, Some(&version), &head, &events)
        })
        .await
    }

    async fn append(&self, name: &EnvironmentName, events: &[Event]) -> Result<(), CallError> {
        let (name, events) = (name.to_string(), events.to_vec());
        self.write_call(move |world| world.append(&name, &events)).await
    }

    async fn seal(
        &self,
        name: &EnvironmentName,
        version: &ObjectVersion,
        sealed: &SealedEvents,
    ) -> Result<ObjectVersion, CallError> {
        let (name, version, sealed) = (name.to_string(), version.clone(), sealed.clone());
        self.write_call(move |world| world.seal(&name, &version, &sealed)).await
    }

    async fn delete(&self, name: &EnvironmentName, version: &ObjectVersion) -> Result<(), CallError> {
        let (name, version) = (name.to_string(), version.clone());
        self.write_call(move |world| {
            if world.ledgers.get(&name).ok_or_else(not_found)?.object_version() != version {
                return Err(super::world::conflict());
            }
            invariants::ledger_deleted(world, &name);
            world.ledgers.remove(&name);
            world.appended.remove(&name);
            Ok(())
        })
        .await
    }

    async fn add_history(&self, row: &HistoryRow) -> Result<(), CallError> {
        let row = row.clone();
        self.write_call(move |world| {
            world.add_history(row);
            Ok(())
        })
        .await
    }

    async fn is_in_history(&self, name: &EnvironmentName) -> Result<bool, CallError> {
        let name = name.to_string();
        self.call(move |world| Ok(world.history.keys().any(|(other, _)| *other == name))).await
    }

    async fn summary(&self) -> Result<Option<String>, CallError> {
        unavailable(self.call(|world| Ok(world.summary.clone())).await)
    }

    async fn write_summary(&self, text: &str) -> Result<(), CallError> {
        let text = text.to_owned();
        self.bookkeeping_call(move |world| {
            world.summary = Some(text);
            Ok(())
        })
        .await
    }
}

fn head(ledger: &SimLedger) -> Result<LedgerHead, String> {
    if ledger.is_unreadable { Err("ledger head cannot be parsed".to_owned()) } else { Ok(ledger.head.clone()) }
}

fn entry(world: &World, name: &str) -> Option<HeadEntry> {
    let ledger = world.ledgers.get(name)?;
    Some(HeadEntry {
        environment: environment(name),
        version: ledger.object_version(),
        head: head(ledger),
        unsealed: ledger.fill.flag().unwrap_or(0),
    })
}

impl ForgePort for SimPorts {
    fn rules(&self, _repository: &Repository) -> Option<RepositoryRules> {
        let (has_no_forge, is_unlabelled) = self.sim.with(|world| (world.has_no_forge, world.has_no_trigger_label));
        let trigger_label = (!is_unlabelled).then(|| "preview".to_owned());
        (!has_no_forge).then(|| RepositoryRules { trigger_label, sleep_label: Some("asleep".to_owned()) })
    }

    async fn open_pull_requests(&self, _repository: &Repository) -> Result<Vec<PullRequestFacts>, CallError> {
        let may_be_cut = self.sim.has_faults();
        self.call(move |world| {
            check_forge(world)?;
            world.is_forge_listed = true;
            // A list may be cut short or empty.
            if may_be_cut && world.next().is_multiple_of(7) {
                return Ok(Vec::new());
            }
            let is_listed = |pull: &&super::world::SimPull| pull.is_open && pull.number < BRANCHES;
            let open: Vec<u64> = world.pulls.values().filter(is_listed).map(|pull| pull.number).collect();
            Ok(open.into_iter().filter_map(|number| facts(world, number)).collect())
        })
        .await
    }

    async fn pull_request(&self, _repository: &Repository, number: u64) -> Result<PullRequestFacts, CallError> {
        self.call(move |world| {
            check_forge(world)?;
            let found = facts(world, number).ok_or_else(not_found);
            if world.reopened_after_read.remove(&number)
                && let Some(pull) = world.pulls.get_mut(&number)
            {
                pull.is_open = true;
            }
            found
        })
        .await
    }

    async fn branch_exists(&self, _repository: &Repository, branch: &BranchName) -> Result<bool, CallError> {
        let branch = branch.to_string();
        self.call(move |world| {
            check_forge(world)?;
            world.branch_reads += 1;
            Ok(world.pulls.values().any(|pull| pull.is_open && branch_of(pull.number) == branch))
        })
        .await
    }

    async fn set_label(
        &self,
        _repository: &Repository,
        number: u64,
        label: PullRequestLabel,
        present: bool,
    ) -> Result<(), CallError> {
        self.write_call(move |world| {
            check_forge(world)?;
            if world.is_label_refused {
                return Err(CallError::new(CallErrorKind::Denied, "403"));
            }
            if world.is_label_busy {
                return Err(CallError::new(CallErrorKind::Unavailable, "503"));
            }
            let is_removal = label == PullRequestLabel::Trigger && !present;
            if is_removal && world.pushed_at_label_off.remove(&number) {
                world.note(|| format!("developer pushes to {number}"));
                world.push(number);
            }
            invariants::label_set(world, number, label, present);
            let name = if label == PullRequestLabel::Trigger { "preview" } else { "asleep" };
            world.note(|| format!("reaper sets label {name} of {number}: {present}"));
            let now = world.now;
            let pull = world.pulls.get_mut(&number).ok_or_else(not_found)?;
            let is_changed = if present { pull.labels.insert(name.to_owned()) } else { pull.labels.remove(name) };
            if is_changed && label == PullRequestLabel::Trigger {
                pull.label_off = (!present).then_some(now);
            }
            pull.was_put_to_sleep |= label == PullRequestLabel::Sleep && present;
            Ok(())
        })
        .await
    }
}

fn check_forge(world: &World) -> Result<(), CallError> {
    if world.is_forge_down { Err(CallError::new(CallErrorKind::Unavailable, "503")) } else { Ok(()) }
}

fn facts(world: &World, number: u64) -> Option<PullRequestFacts> {
    let pull = world.pulls.get(&number)?;
    Some(PullRequestFacts {
        number,
        is_open: pull.is_open,
        labels: pull.labels.clone(),
        head_sha: Some(sha(pull.sha)),
        is_fork: pull.fork,
    })
}

impl LeasePort for SimPorts {
    async fn read(&self) -> Result<Option<StoredLease>, CallError> {
        unavailable(self.call(|world| Ok(world.lease.clone())).await)
    }

    async fn write(&self, version: Option<&ObjectVersion>, record: &LeaseRecord) -> Result<StoredLease, CallError> {
        let (version, record) = (version.cloned(), record.clone());
        self.bookkeeping_call(move |world| {
            if world.lease.as_ref().map(|lease| &lease.version) != version.as_ref() {
                return Err(super::world::conflict());
            }
            let resource_version = world.next().to_string();
            let lease = StoredLease { version: ObjectVersion { uid: "lease".to_owned(), resource_version }, record };
            world.lease = Some(lease.clone());
            Ok(lease)
        })
        .await
    }
}

impl ClockPort for SimPorts {
    async fn read(&self) -> Result<ClockReading, CallError> {
        let now = self.sim.executor.now();
        let jump = self.jump.filter(|jump| now - self.started >= jump.after);
        let (local, server) = jump.map_or((0, 0), |jump| (jump.local, jump.server));
        let (local, server) = (timestamp(now + self.skew + local), timestamp(now + server));
        Ok(ClockReading { local, server, elapsed: elapsed(now) })
    }

    async fn sleep(&self, duration: SignedDuration) {
        self.sim.executor.sleep(i64::try_from(duration.as_millis()).unwrap()).await;
    }

    fn is_time_over(&self) -> bool {
        self.time_limit.is_some_and(|limit| self.sim.executor.now() - self.started >= limit)
    }
}

impl OutwardPort for SimPorts {
    async fn notify(&self, event: &Notification) -> Result<(), CallError> {
        let text = format!("{} {}", event.kind, event.environment);
        self.write_call(move |world| {
            let now = world.now;
            world.note(|| format!("notified {text}"));
            world.notifications.push((now, text));
            Ok(())
        })
        .await
    }
}
