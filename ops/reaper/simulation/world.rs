//! State of the simulated world: cluster, ledgers, pull requests and copies.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::ledger::{
    EndReason, HistoryRow, LEDGER_BYTES_MAX, LedgerFull, LedgerHead, LooseFill, MadeBy, SealedEvents, TransitionError,
    Transitions, history_name, month_before,
};
use eod_domain::{EnvironmentName, EnvironmentReading, HeadSha, Tier, Tiers, labels};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::schedule::HOUR;
use crate::ports::{BackendItem, BackendKind, CallError, CallErrorKind, ObjectVersion, StoredLease};

/// Start of all simulations.
const START: i64 = 1_800_000_000_000;

/// Numbers from here on are branches without a pull request.
pub(super) const BRANCHES: u64 = 1_000_000;

/// Name, version and annotations of a write that is on its way.
type LateAnnotation = (String, ObjectVersion, BTreeMap<String, Option<String>>);

/// State of the simulated world.
#[derive(Default)]
pub(super) struct World {
    /// Time in milliseconds since the start.
    pub(super) now: i64,
    counter: u64,
    pub(super) namespaces: BTreeMap<String, SimNamespace>,
    pub(super) ledgers: BTreeMap<String, SimLedger>,
    /// Rows by name and generation, in the order of their writes.
    pub(super) history: BTreeMap<(String, u64), Vec<HistoryRow>>,
    pub(super) summary: Option<String>,
    pub(super) lease: Option<StoredLease>,
    pub(super) pulls: BTreeMap<u64, SimPull>,
    pub(super) copies: BTreeMap<String, BackendItem>,
    /// DNS records and databases, by kind and name.
    pub(super) parts: BTreeMap<(BackendKind, String), BackendItem>,
    /// Uids of namespaces with a verified snapshot of their database.
    pub(super) snapshots: BTreeSet<String>,
    /// Pull requests with destroys that leave their copy.
    pub(super) copies_left_by_destroy: BTreeSet<u64>,
    /// Maximum number of environments that Terraform creates; 0 for no maximum.
    pub(super) maximum: usize,
    /// Environments with a failing deployment.
    pub(super) broken: BTreeSet<String>,
    /// Pull requests to which a developer pushes at the moment of the removal of their trigger label.
    pub(super) pushed_at_label_off: BTreeSet<u64>,
    /// Pull requests that a developer reopens just after the next read by number.
    pub(super) reopened_after_read: BTreeSet<u64>,
    /// True if environments have the TTL of their tier. Else it is shorter, so that more ends fit in a schedule.
    pub(super) has_preset_ttls: bool,
    /// True if no forge is configured for the repository.
    pub(super) has_no_forge: bool,
    /// True if pull requests need no trigger label.
    pub(super) has_no_trigger_label: bool,
    /// Number of branches that were read.
    pub(super) branch_reads: usize,
    /// True if no call to Vault succeeds.
    pub(super) is_vault_down: bool,
    /// Backend that ends its next item without an answer.
    pub(super) lost_answer: Option<BackendKind>,
    /// True if a finalizer holds each namespace in deletion.
    pub(super) is_deletion_stuck: bool,
    /// True if the forge's token may not set labels.
    pub(super) is_label_refused: bool,
    /// True if the forge refuses to change labels for now.
    pub(super) is_label_busy: bool,
    /// True if the next write of annotations times out and is stored just before the one after it.
    pub(super) is_annotation_late: bool,
    /// Write of annotations that is on its way: name, version and annotations.
    pub(super) late_annotation: Option<LateAnnotation>,
    /// True if the server refuses the next write of a head as invalid.
    pub(super) is_head_refused: bool,
    /// True if no call to the forge succeeds.
    pub(super) is_forge_down: bool,
    /// True if the list of namespaces is cut short after its first page.
    pub(super) is_list_cut_short: bool,
    /// True if a run has listed the open pull requests.
    pub(super) is_forge_listed: bool,
    /// True if a ConfigMap has the labels of a ledger and is not one.
    pub(super) has_false_ledger: bool,
    pub(super) applications: BTreeMap<String, SimApplication>,
    /// Texts of all events that were appended, by environment.
    pub(super) appended: BTreeMap<String, Vec<String>>,
    /// Broken invariants.
    pub(super) violations: Vec<String>,
    pub(super) journal: Vec<String>,
    pub(super) is_traced: bool,
    /// Number of items of a page of ledgers; 0 for the default.
    pub(super) page: usize,
    /// Sent notifications, with their times.
    pub(super) notifications: Vec<(i64, String)>,
}

pub(super) struct SimNamespace {
    pub(super) uid: String,
    pub(super) version: u64,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) created: i64,
    /// Time at which the namespace is gone, if it is being deleted.
    pub(super) gone_at: Option<i64>,
    /// Marks with the time at which they were written.
    pub(super) marks: Vec<(i64, String)>,
}

#[derive(Clone)]
pub(super) struct SimLedger {
    pub(super) uid: String,
    pub(super) version: u64,
    pub(super) head: LedgerHead,
    pub(super) sealed: String,
    pub(super) loose: BTreeMap<String, eod_domain::ledger::Event>,
    /// Number and size of the loose events.
    pub(super) fill: LooseFill,
    /// True if the head cannot be parsed.
    pub(super) is_unreadable: bool,
    /// Size of data of others, which leave no room for sealed events.
    pub(super) padding: usize,
}

pub(super) struct SimPull {
    pub(super) number: u64,
    pub(super) tier: Tier,
    pub(super) made_by: MadeBy,
    pub(super) fork: bool,
    pub(super) is_open: bool,
    pub(super) labels: BTreeSet<String>,
    pub(super) sha: u64,
    /// Last change of the state or of the label by a developer.
    pub(super) changed: i64,
    /// Last action of a developer.
    pub(super) used: i64,
    /// Last push.
    pub(super) pushed: i64,
    /// Removal of the trigger label by the reaper.
    pub(super) label_off: Option<i64>,
    /// True if a developer removed the trigger label after the reaper did not.
    pub(super) is_label_off_by_developer: bool,
    /// True if the reaper has ever put the environment to sleep.
    pub(super) was_put_to_sleep: bool,
}

#[derive(Default)]
pub(super) struct SimApplication {
    pub(super) is_deleting: bool,
    pub(super) is_confirmed: bool,
    pub(super) is_never_deleted: bool,
    pub(super) other_cluster: Option<String>,
    /// True if no namespaces of Argo CD are configured.
    pub(super) is_elsewhere: bool,
}

impl World {
    /// Time of the API server.
    pub(super) fn time(&self) -> Timestamp {
        timestamp(self.now)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn note(&mut self, text: impl FnOnce() -> String) {
        if self.is_traced {
            let line = format!("{} {}", self.time(), text());
            self.journal.push(line);
        }
    }

    pub(super) fn violate(&mut self, text: &str) {
        self.note(|| format!("VIOLATION {text}"));
        let line = format!("{}: {text}", self.time());
        self.violations.push(line);
    }

    /// Sets the rules that differ between schedules.
    pub(super) fn set_rules(&mut self, seed: u64) {
        self.is_label_refused = seed % 8 == 3;
        self.maximum = usize::from(seed % 5 == 1);
    }

    /// Changes a head as a command of a person does. False if there is no ledger, or its state does not allow it.
    pub(super) fn change_head(
        &mut self,
        name: &str,
        change: impl FnOnce(Transitions, &LedgerHead) -> Result<LedgerHead, TransitionError>,
    ) -> bool {
        let transitions = Transitions::at(self.time());
        let Some(ledger) = self.ledgers.get(name) else { return false };
        let version = ledger.object_version();
        let Ok(next) = change(transitions, &ledger.head) else { return false };
        self.write_head(name, Some(&version), &next, &[]).is_ok()
    }

    /// A developer pushes a new commit.
    pub(super) fn push(&mut self, number: u64) {
        let (sha, now) = (self.next() * 0x0100_0001, self.now);
        if let Some(pull) = self.pulls.get_mut(&number) {
            (pull.sha, pull.used, pull.pushed) = (sha, now, now);
        }
    }

    pub(super) fn pull_of(&self, environment: &str) -> Option<&SimPull> {
        self.pulls.get(&environment.strip_prefix("shop-pr-")?.parse().ok()?)
    }

    /// Adds a row, unless the month of its end or the month before has one of the same life.
    pub(super) fn add_history(&mut self, row: HistoryRow) {
        let month = |time: Timestamp| history_name(&"acme".parse().unwrap(), time, 1);
        let mut months = vec![month(row.ended)];
        months.extend(row.may_be_in_month_before().then(|| month(month_before(row.ended))));
        let rows = self.history.entry((row.name.to_string(), row.generation)).or_default();
        if rows.iter().any(|other| months.contains(&month(other.ended))) {
            return;
        }
        rows.push(row);
        if let [first, .., last] = &rows[..] {
            let problem = format!("{} has a second history row: first {first:?}, then {last:?}", last.name);
            self.violate(&problem);
        }
    }

    /// Removes namespaces with a finished deletion.
    pub(super) fn tick(&mut self, now: i64) {
        self.now = now;
        self.namespaces.retain(|_, namespace| namespace.gone_at.is_none_or(|gone| gone > now));
    }

    /// Reading of a namespace, for the invariants.
    pub(super) fn reading(&self, name: &str) -> Option<EnvironmentReading> {
        let namespace = self.namespaces.get(name)?.value(name);
        let head = self.ledgers.get(name).map(|ledger| &ledger.head);
        let prices = eod_domain::Prices::default();
        Some(EnvironmentReading::new(&namespace, head, &Tiers::default(), &prices, self.time()))
    }

    /// Posts a namespace.
    pub(super) fn create_namespace(&mut self, number: u64, made_by: MadeBy) -> Result<String, CallError> {
        let name = name_of(number);
        if self.namespaces.contains_key(&name) {
            return Err(conflict());
        }
        let pull = &self.pulls[&number];
        let (tier, sha) = (pull.tier, sha(pull.sha));
        let preset = Tiers::default().get(tier).ttl.map(|ttl| ttl.to_string());
        let ttl = match tier {
            _ if self.has_preset_ttls => preset.as_deref().unwrap_or(labels::NO_TTL),
            Tier::Lightweight => "3h",
            Tier::Full => "5h",
            Tier::Compliance => "6h",
            Tier::Staging => labels::NO_TTL,
        };
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let uid = format!("u{}", self.next());
        let namespace = SimNamespace {
            uid: uid.clone(),
            version: self.next(),
            labels: BTreeMap::from([
                label(labels::MANAGED_BY, labels::MANAGED_BY_VALUE),
                label(labels::INSTALLATION, "acme"),
                label(labels::ENV, &name),
                label(labels::TIER, tier.as_str()),
                label(labels::TTL, ttl),
            ]),
            annotations: BTreeMap::from([
                label(labels::IDENTITY, &identity_of(number)),
                label(labels::MADE_BY, made_by.as_str()),
                label(labels::SPEC, "{}"),
                label(labels::HEAD_SHA, sha.as_str()),
            ]),
            created: self.now,
            gone_at: None,
            marks: Vec::new(),
        };
        self.note(|| format!("namespace {name} {uid} is created by {made_by}"));
        self.namespaces.insert(name, namespace);
        Ok(uid)
    }

    /// Changes annotations under a version.
    pub(super) fn annotate(
        &mut self,
        name: &str,
        version: Option<&ObjectVersion>,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<ObjectVersion, CallError> {
        let (now, next) = (self.now, self.next());
        self.note(|| format!("annotate {name} {annotations:?}"));
        let namespace = self.namespaces.get_mut(name).ok_or_else(not_found)?;
        if version.is_some_and(|version| *version != namespace.object_version()) {
            return Err(conflict());
        }
        namespace.version = next;
        for (key, value) in annotations {
            match value {
                Some(value) => namespace.annotations.insert(key.clone(), value.clone()),
                None => namespace.annotations.remove(key),
            };
        }
        if let Some(Some(reason)) = annotations.get(labels::REAP_REASON) {
            namespace.marks.push((now, reason.clone()));
        }
        Ok(namespace.object_version())
    }

    /// Begins the deletion of a namespace. It takes a while.
    pub(super) fn delete_namespace(
        &mut self,
        name: &str,
        version: Option<&ObjectVersion>,
        takes: i64,
    ) -> Result<(), CallError> {
        let now = self.now;
        let namespace = self.namespaces.get_mut(name).ok_or_else(not_found)?;
        if namespace.gone_at.is_some() && version.is_none_or(|version| version.uid == namespace.uid) {
            return Ok(());
        }
        if version.is_some_and(|version| *version != namespace.object_version()) {
            return Err(conflict());
        }
        namespace.gone_at = Some(now + if self.is_deletion_stuck { 10_000 * HOUR } else { takes });
        namespace.version += 1_000_000;
        self.note(|| format!("namespace {name} is being deleted"));
        Ok(())
    }

    /// Writes a head under a version; without a version the ledger must not exist.
    pub(super) fn write_head(
        &mut self,
        name: &str,
        version: Option<&ObjectVersion>,
        head: &LedgerHead,
        events: &[eod_domain::ledger::Event],
    ) -> Result<ObjectVersion, CallError> {
        let (next, uid) = (self.next(), self.next());
        let before = self.ledgers.get(name);
        if version != before.map(SimLedger::object_version).as_ref() {
            return Err(conflict());
        }
        if let Some(before) = before.filter(|before| before.head.generation > head.generation) {
            let text = format!("{name}: generation {} after {}", head.generation, before.head.generation);
            self.violate(&text);
        }
        self.note(|| format!("head {name} {} {:?} {:?} holder {:?}", head.phase, head.reason, head.label, head.holder));
        let ledger = self.ledgers.entry(name.to_owned()).or_insert_with(|| SimLedger {
            uid: format!("l{uid}"),
            version: 0,
            head: head.clone(),
            sealed: String::new(),
            loose: BTreeMap::new(),
            fill: LooseFill::default(),
            is_unreadable: false,
            padding: 0,
        });
        ledger.check_room(events)?;
        ledger.version = next;
        ledger.head = head.clone();
        self.append(name, events)?;
        Ok(self.ledgers[name].object_version())
    }

    /// Appends events without a precondition.
    pub(super) fn append(&mut self, name: &str, events: &[eod_domain::ledger::Event]) -> Result<(), CallError> {
        self.ledgers.get(name).ok_or_else(not_found)?.check_room(events)?;
        for event in events {
            let (number, version) = (self.next(), self.next());
            let ledger = self.ledgers.get_mut(name).ok_or_else(not_found)?;
            ledger.loose.insert(format!("loose.{number:08}"), event.clone());
            ledger.version = version;
            let text = serde_json::to_string(event).unwrap();
            ledger.fill = ledger.fill.with(&text);
            self.appended.entry(name.to_owned()).or_default().push(text);
        }
        Ok(())
    }

    /// Appends an event as a command does, which refuses it if the ledger is full.
    pub(super) fn append_checked(&mut self, name: &str, event: eod_domain::ledger::Event) -> Result<(), LedgerFull> {
        self.ledgers[name].fill.check()?;
        self.append(name, &[event]).expect("a ledger that is not full has room");
        Ok(())
    }

    pub(super) fn seal(
        &mut self,
        name: &str,
        version: &ObjectVersion,
        sealed: &SealedEvents,
    ) -> Result<ObjectVersion, CallError> {
        let next = self.next();
        let ledger = self.ledgers.get_mut(name).ok_or_else(not_found)?;
        if ledger.object_version() != *version {
            return Err(conflict());
        }
        if ledger.padding > 0 {
            return Err(CallError::new(CallErrorKind::TooLarge, "422"));
        }
        ledger.version = next;
        ledger.head = sealed.head.clone();
        ledger.sealed.clone_from(&sealed.text);
        let sealed_keys: BTreeSet<&String> = sealed.sealed_keys.iter().collect();
        ledger.loose.retain(|key, _| !sealed_keys.contains(key));
        let texts: Vec<String> = ledger.loose.values().map(|event| serde_json::to_string(event).unwrap()).collect();
        ledger.fill = LooseFill::of(texts.iter().map(String::as_str));
        Ok(ledger.object_version())
    }

    /// Items of a backend by name.
    pub(super) fn items(&self, kind: BackendKind) -> BTreeMap<String, BackendItem> {
        if kind == BackendKind::Vault {
            return self.copies.clone();
        }
        let parts = self.parts.iter().filter(|((found, _), _)| *found == kind);
        parts.map(|((_, name), item)| (name.clone(), item.clone())).collect()
    }

    pub(super) fn remove_item(&mut self, kind: BackendKind, name: &str) {
        if kind == BackendKind::Vault {
            self.copies.remove(name);
        } else {
            self.parts.remove(&(kind, name.to_owned()));
        }
    }

    /// Phase and reason of an environment's ledger.
    pub(super) fn reason(&self, name: &str) -> Option<EndReason> {
        self.ledgers.get(name)?.head.reason
    }
}

impl SimNamespace {
    pub(super) fn object_version(&self) -> ObjectVersion {
        ObjectVersion { uid: self.uid.clone(), resource_version: self.version.to_string() }
    }

    /// True if the list of namespaces has this one.
    pub(super) fn has_ownership_labels(&self) -> bool {
        let label = |key: &str| self.labels.get(key).map(String::as_str);
        label(labels::MANAGED_BY) == Some(labels::MANAGED_BY_VALUE)
            && label(labels::INSTALLATION) == Some("acme")
            && label(labels::ENV).is_some()
    }

    /// Object as the API server returns it.
    pub(super) fn value(&self, name: &str) -> Value {
        json!({ "metadata": {
            "name": name,
            "uid": self.uid,
            "resourceVersion": self.version.to_string(),
            "creationTimestamp": timestamp(self.created).to_string(),
            "deletionTimestamp": self.gone_at.map(|gone| timestamp(gone).to_string()),
            "labels": self.labels,
            "annotations": self.annotations,
        } })
    }
}

impl SimLedger {
    /// Refuses a write that would make the ConfigMap too large, as the API server does.
    fn check_room(&self, events: &[eod_domain::ledger::Event]) -> Result<(), CallError> {
        let added: usize = events.iter().map(|event| serde_json::to_string(event).unwrap().len()).sum();
        let size = self.sealed.len() + self.fill.bytes + self.padding + added;
        let problem = || CallError::new(CallErrorKind::TooLarge, format!("must have at most {LEDGER_BYTES_MAX} bytes"));
        if size > LEDGER_BYTES_MAX { Err(problem()) } else { Ok(()) }
    }

    pub(super) fn object_version(&self) -> ObjectVersion {
        ObjectVersion { uid: self.uid.clone(), resource_version: self.version.to_string() }
    }
}

pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    // The API server writes whole seconds.
    Timestamp::from_second((START + milliseconds) / 1000).unwrap()
}

pub(super) fn milliseconds(time: Timestamp) -> i64 {
    time.as_millisecond() - START
}

pub(super) fn elapsed(milliseconds: i64) -> SignedDuration {
    SignedDuration::from_millis(milliseconds)
}

pub(super) fn name_of(number: u64) -> String {
    format!("shop-pr-{number}")
}

pub(super) fn environment(name: &str) -> EnvironmentName {
    name.parse().unwrap()
}

pub(super) fn identity_of(number: u64) -> String {
    if number >= BRANCHES {
        return format!("github.com/acme/shop@{}", branch_of(number));
    }
    format!("github.com/acme/shop#{number}")
}

pub(super) fn branch_of(number: u64) -> String {
    format!("feature-{number}")
}

pub(super) fn sha(commit: u64) -> HeadSha {
    format!("{commit:08x}{commit:032x}").parse().unwrap()
}

pub(super) fn conflict() -> CallError {
    CallError::new(CallErrorKind::Conflict, "the object was changed")
}

pub(super) fn not_found() -> CallError {
    CallError::new(CallErrorKind::NotFound, "not found")
}
