//! Orphans: things of ended environments that an end has left without a record.
//!
//! A thing of an environment on no record is reported and never removed: absence of a record is no proof of an end.

use std::collections::BTreeMap;

use eod_domain::ledger::{EndReason, LedgerHead, LedgerPhase, StepOutcome};
use eod_domain::{EnvironmentName, PullRequestState};
use jiff::{SignedDuration, Timestamp};

use crate::mutation::mutated;
use crate::observed::{Survey, identity_of};
use crate::ports::{Backend, BackendItem, BackendKind, CallError, ClusterPort, LedgerPort, Ports};
use crate::report::RunOutcome;
use crate::run::Run;
use crate::summary::OrphanSighting;

/// Minimum time between the first sighting of an orphan and its removal.
const BETWEEN_SIGHTINGS: SignedDuration = SignedDuration::from_hours(1);

/// Orphan that is due.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Orphan {
    backend: BackendKind,
    item: BackendItem,
    environment: EnvironmentName,
}

/// Result of a search for orphans.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrphanSearch {
    /// Orphans that were seen in an earlier run, at least an hour ago.
    pub(crate) due: Vec<Orphan>,
    /// True if all backends were searched for all environments.
    is_complete: bool,
}

/// Record of the environment of a thing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum OnRecord {
    /// The environment lives, or its end is running or has kept the thing.
    Owned,
    /// The environment is ended.
    Ended,
    /// The environment is on no record.
    Unknown,
}

impl<P: Ports> Run<'_, P> {
    /// Searches all backends. A search that is not complete is repeated by the next run.
    pub(crate) async fn search(&mut self, survey: &Survey, now: Timestamp) -> OrphanSearch {
        let is_due = self.summary.swept_at.is_none_or(|at| now.duration_since(at) >= self.settings.sweep_every);
        if self.options.no_sweep || !is_due {
            return OrphanSearch::default();
        }
        let heads = heads(survey);
        let mut sightings = BTreeMap::new();
        let mut removable = BTreeMap::new();
        let mut search = OrphanSearch { due: Vec::new(), is_complete: self.options.only.is_empty() };
        let ports = self.ports;
        for backend in ports.backends() {
            if !self.is_time_over() {
                match self.search_backend(backend.as_ref(), &heads, &mut sightings, &mut removable, now).await {
                    Ok(orphans) => {
                        search.due.extend(orphans);
                        continue;
                    }
                    Err(error) => self.report.problem(backend.kind(), format!("orphans cannot be searched: {error}")),
                }
            }
            search.is_complete = false;
            // The sightings of a backend that was not searched are kept.
            let prefix = format!("{}/", backend.kind());
            let known = self.summary.sightings.iter().filter(|(key, _)| key.starts_with(&prefix));
            sightings.extend(known.map(|(key, sighting)| (key.clone(), *sighting)));
        }
        if !self.options.dry_run {
            self.summary.sightings = sightings;
            if mutated!(PartialSweepCounts) {
                self.summary.swept_at = Some(now);
            }
        }
        search
    }

    /// Removes the orphans that are due. The next search is due after the usual time only if this one is complete and all of
    /// them were looked at: else the next run searches again.
    pub(crate) async fn remove_orphans(&mut self, search: &OrphanSearch, now: Timestamp) {
        let mut is_complete = search.is_complete;
        for orphan in &search.due {
            if self.report.outcome != RunOutcome::Complete || self.is_time_over() {
                is_complete = false;
                break;
            }
            if let Err(error) = self.remove_orphan(orphan).await {
                self.report.problem("orphan", error);
                is_complete = false;
            }
        }
        if is_complete && !self.options.dry_run {
            self.summary.swept_at = Some(now);
        }
    }

    async fn search_backend(
        &mut self,
        backend: &dyn Backend,
        heads: &BTreeMap<&EnvironmentName, Option<&LedgerHead>>,
        sightings: &mut BTreeMap<String, OrphanSighting>,
        removable: &mut BTreeMap<EnvironmentName, bool>,
        now: Timestamp,
    ) -> Result<Vec<Orphan>, CallError> {
        let mut due = Vec::new();
        let mut page = None;
        loop {
            let found = backend.sweep(page.as_ref()).await?;
            for item in found.items {
                let Ok(environment) = item.environment.parse::<EnvironmentName>() else {
                    self.report_unknown(backend.kind(), &item);
                    continue;
                };
                let record = match heads.get(&environment) {
                    Some(head) => on_record(*head, backend.kind()),
                    None if self.ports.ledgers().is_in_history(&environment).await? => OnRecord::Ended,
                    None => OnRecord::Unknown,
                };
                if record == OnRecord::Unknown {
                    self.report_unknown(backend.kind(), &item);
                    if !mutated!(UnknownRemoved) {
                        continue;
                    }
                } else if record == OnRecord::Owned {
                    continue;
                } else {
                    *self.report.orphans.entry(backend.kind().to_string()).or_default() += 1;
                }
                let is_due = self.sight(sightings, backend.kind(), &item, now) && self.covers(&environment);
                if is_due && self.may_remove(&environment, removable).await? {
                    due.push(Orphan { backend: backend.kind(), item, environment });
                }
            }
            if found.next.is_none() {
                return Ok(due);
            }
            page = found.next;
        }
    }

    fn report_unknown(&mut self, backend: BackendKind, item: &BackendItem) {
        *self.report.unknown.entry(backend.to_string()).or_default() += 1;
        let problem = format!("{} `{}` belongs to an environment on no record", item.kind, item.name);
        self.report.problem(&item.environment, problem);
    }

    /// Records a sighting. True if the orphan was seen an hour ago or earlier.
    fn sight(
        &self,
        sightings: &mut BTreeMap<String, OrphanSighting>,
        backend: BackendKind,
        item: &BackendItem,
        now: Timestamp,
    ) -> bool {
        let key = format!("{backend}/{}/{}@{}", item.kind, item.name, item.version);
        let before = self.summary.sightings.get(&key);
        let first = before.map_or(now, |sighting| sighting.first);
        sightings.insert(key, OrphanSighting { first, last: now });
        before.is_some_and(|_| now.duration_since(first) >= BETWEEN_SIGHTINGS) || mutated!(OrphanAtFirstSight)
    }

    /// True if the orphans of an environment may be removed as far as is known, so that they count for the breaker. Each
    /// environment is looked at once.
    async fn may_remove(
        &mut self,
        environment: &EnvironmentName,
        removable: &mut BTreeMap<EnvironmentName, bool>,
    ) -> Result<bool, CallError> {
        if mutated!(KeptOrphansAreCounted) {
            return Ok(true);
        }
        if let Some(known) = removable.get(environment) {
            return Ok(*known);
        }
        let is_ended = self.is_ended(environment, None).await?;
        removable.insert(environment.clone(), is_ended);
        Ok(is_ended)
    }

    /// Removes an orphan after one more look at its environment. A dry run only reports it.
    async fn remove_orphan(&mut self, orphan: &Orphan) -> Result<(), CallError> {
        let Orphan { backend: kind, item, environment } = orphan;
        let look = self.look_begins().await?;
        if !self.is_ended(environment, Some(*kind)).await? {
            return Ok(());
        }
        let ports = self.ports;
        for backend in ports.backends().iter().filter(|backend| backend.kind() == *kind) {
            if !backend.find(environment).await?.contains(item) || !self.is_recent(look).await? {
                continue;
            }
            if !self.options.dry_run {
                backend.end(item).await?;
            }
            let reason = format!("environment `{environment}` has ended");
            self.report.act(format!("{kind}/{}", item.name), "remove-orphan", reason);
        }
        Ok(())
    }

    /// True if an environment has no namespace, is ended, and its pull request is closed, unless a person has ended it. With a
    /// backend, its step has to be done, too.
    async fn is_ended(&mut self, environment: &EnvironmentName, kind: Option<BackendKind>) -> Result<bool, CallError> {
        if self.ports.cluster().namespace(environment).await?.is_some() {
            return Ok(false);
        }
        Ok(match self.ports.ledgers().head(environment).await? {
            Some(entry) => match entry.head {
                Ok(head) => {
                    let is_done = kind.is_none_or(|kind| on_record(Some(&head), kind) == OnRecord::Ended);
                    is_done && !self.may_be_open(&head).await
                }
                Err(_) => false,
            },
            None => self.ports.ledgers().is_in_history(environment).await? || mutated!(UnknownRemoved),
        })
    }

    /// True if the pull request of an environment may be open again. An end by a person with an open pull request keeps nothing.
    async fn may_be_open(&mut self, head: &LedgerHead) -> bool {
        if matches!(head.reason, Some(EndReason::Unlabelled | EndReason::Requested)) {
            return false;
        }
        let known = self.fresh_pull_request(identity_of(head).as_ref()).await;
        let is_closed = matches!(known.state, PullRequestState::Closed | PullRequestState::BranchDeleted);
        !is_closed && !known.is_unknowable
    }
}

fn heads(survey: &Survey) -> BTreeMap<&EnvironmentName, Option<&LedgerHead>> {
    let living = survey.environments.iter().map(|observed| (&observed.name, None));
    // A head that cannot be read says nothing: its environment counts as living.
    let absent = survey.absent.iter().map(|entry| (&entry.environment, entry.head.as_ref().ok()));
    absent.chain(living).collect()
}

/// Record of an environment for things of one backend. Without a head it lives.
fn on_record(head: Option<&LedgerHead>, backend: BackendKind) -> OnRecord {
    let Some(head) = head.filter(|head| head.phase == LedgerPhase::Ended) else { return OnRecord::Owned };
    match head.steps.get(&backend.step()) {
        Some(StepOutcome::Done) => OnRecord::Ended,
        // A step that is left is tried again in every run, and a kept thing stays.
        _ => OnRecord::Owned,
    }
}
