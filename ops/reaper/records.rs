//! Records about living environments: adoption, commits and the trigger label, before anything is decided.

use std::collections::BTreeMap;

use eod_domain::ledger::{
    Actor, Event, EventKind, EventText, LedgerHead, LedgerPhase, LifeFacts, MadeBy, Transitions, TriggerLabelRecord,
};
use eod_domain::{Adoption, Clock, ClockChange, HeadSha, PullRequestState, Tier, adopt, labels, next_clock};
use jiff::Timestamp;

use crate::observed::Observed;
use crate::ports::{CallError, ClusterPort, HeadEntry, LedgerPort, ObjectVersion, Ports};
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// Records what is new about an environment, and reads it again if its namespace was changed. Failures are reported; the
    /// environment is then decided as it was read. A dry run writes nothing and decides as if it had.
    pub(crate) async fn record(&mut self, observed: &mut Observed, now: Timestamp) {
        if !observed.reading.problems.is_empty() || observed.reading.terminating {
            return;
        }
        let result = async {
            if matches!(observed.pull_request.state, PullRequestState::Open { .. })
                && !is_unwanted(observed.pull_request.state)
            {
                self.summary.recreated.remove(observed.name.as_str());
            }
            self.start_clock(observed, now).await?;
            self.adopt(observed, now).await?;
            self.record_facts(observed, now).await
        };
        if let Err(error) = result.await {
            if !error.is_conflict() {
                self.report.problem(&observed.name, format!("its records were not updated: {error}"));
            }
            self.read_again(observed, now).await;
        }
    }

    /// Writes the clock of a rendered namespace at first sight.
    async fn start_clock(&mut self, observed: &mut Observed, now: Timestamp) -> Result<(), CallError> {
        let reading = &observed.reading;
        let is_rendered = reading.made_by == Some(MadeBy::Argocd) && observed.own_head().is_none();
        let (Some(end), Some(activity)) = (reading.expires_at(), reading.times.last_activity_at) else {
            return Ok(());
        };
        if !is_rendered {
            return Ok(());
        }
        self.write_clock(observed, Clock { last_activity_at: activity, expires_at: Some(end) }, now).await
    }

    /// Writes a ledger for an environment that has none of its own, once its create is over.
    async fn adopt(&mut self, observed: &mut Observed, now: Timestamp) -> Result<(), CallError> {
        if needs_adoption(observed, now) { self.write_ledger(observed, now).await } else { Ok(()) }
    }

    /// Writes a ledger for an environment that has none of its own, also if its create was interrupted.
    pub(crate) async fn write_ledger(&mut self, observed: &mut Observed, now: Timestamp) -> Result<(), CallError> {
        if observed.entry.as_ref().is_some_and(|entry| entry.head.is_err()) {
            return Ok(());
        }
        let holder = &self.options.holder;
        let adopted = adopt(&observed.reading, observed.head(), Actor::Reaper, holder, now);
        let Ok(Adoption { head, event }) = adopted else { return Ok(()) };
        let event = Event { run: EventText::cut(holder), ..event };
        let was_absent = observed.own_head().is_some_and(LedgerHead::is_absent);
        self.write_record(observed, head, &[event], now).await?;
        self.report.act(&observed.name, "adopt", "it had no ledger of this life");
        if was_absent && is_unwanted(observed.pull_request.state) {
            self.summary.recreated.insert(observed.name.to_string());
            let problem = "the namespace was created again after its end, and its pull request is closed or has no trigger \
                label: find the tool that creates it, such as an Argo CD in another cluster";
            self.report.problem(&observed.name, problem);
        }
        self.read_again(observed, now).await;
        Ok(())
    }

    /// Records a new commit and the trigger label. A new commit of a rendered namespace is activity.
    async fn record_facts(&mut self, observed: &mut Observed, now: Timestamp) -> Result<(), CallError> {
        let newest = observed.reading.head_sha.clone();
        let is_new = observed.live_head().is_some_and(|head| new_commit(head, newest.as_ref()).is_some());
        if is_new && observed.reading.made_by == Some(MadeBy::Argocd) {
            self.restart_clock(observed, now).await?;
        }
        // The clock is written first, and the ledger is read again with it: another run may have changed it since.
        let Some(head) = observed.live_head().cloned() else { return Ok(()) };
        let commit = new_commit(&head, observed.reading.head_sha.as_ref());
        let label = new_label(&head, observed.pull_request.state);
        if commit.is_none() && label.is_none() {
            return Ok(());
        }
        let mut events = Vec::new();
        if let Some(commit) = &commit {
            events.push(self.event(now, head.generation, EventKind::Commit).with("sha", commit));
        }
        if label.is_some() {
            events.push(self.event(now, head.generation, EventKind::LabelOn));
        }
        let facts = LifeFacts { head_sha: commit.clone(), label, ..LifeFacts::default() };
        let Ok(head) = Transitions::at(now).record(&head, head.generation, facts) else { return Ok(()) };
        self.write_record(observed, head, &events, now).await?;
        if let Some(commit) = commit {
            self.report.act(&observed.name, "commit", format!("commit {commit} is new"));
        }
        if label.is_some() {
            self.report.act(&observed.name, "label-on", "the pull request has the trigger label");
        }
        Ok(())
    }

    /// Counts a commit as activity. False if a commit does not restart the clock in this tier.
    pub(crate) async fn restart_clock(&mut self, observed: &mut Observed, now: Timestamp) -> Result<bool, CallError> {
        let reading = &observed.reading;
        let Some(settings) = reading.tier.map(|tier: Tier| self.settings.tiers.get(tier)) else { return Ok(false) };
        let Some(last_activity_at) = reading.times.last_activity_at else { return Ok(false) };
        let live = Clock { last_activity_at, expires_at: reading.expires_at() };
        let change = ClockChange { head_sha: true, ..ClockChange::default() };
        let next = next_clock(&live, change, settings, reading.ttl(), now);
        if next == live {
            return Ok(false);
        }
        self.write_clock(observed, next, now).await?;
        Ok(true)
    }

    async fn write_clock(&mut self, observed: &mut Observed, clock: Clock, now: Timestamp) -> Result<(), CallError> {
        if self.options.dry_run {
            self.assume(observed, Some(clock), now);
            return Ok(());
        }
        let annotations = BTreeMap::from([
            (labels::LAST_ACTIVITY_AT.to_owned(), Some(clock.last_activity_at.to_string())),
            (labels::EXPIRES_AT.to_owned(), clock.expires_at.map(|end| end.to_string())),
        ]);
        self.annotate(observed, &annotations).await?;
        self.read_again(observed, now).await;
        Ok(())
    }

    /// Writes annotations under the version that was read, and remembers the new version.
    pub(crate) async fn annotate(
        &mut self,
        observed: &mut Observed,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<(), CallError> {
        let version = self.namespace_version(observed).await;
        let version = self.ports.cluster().annotate(&observed.name, &version, annotations).await?;
        observed.reading.resource_version = version.resource_version;
        Ok(())
    }

    /// Version for the next write to a namespace.
    pub(crate) async fn namespace_version(&self, observed: &Observed) -> crate::ports::ObjectVersion {
        let version = observed.version();
        if crate::mutation::mutated!(NoResourceVersion) {
            let live = self.ports.cluster().namespace(&observed.name).await.ok().flatten();
            return live.map_or(version, |live| version_of(&live));
        }
        version
    }

    /// Stores a changed head with its events, under the version that was read.
    async fn write_record(
        &mut self,
        observed: &mut Observed,
        mut head: LedgerHead,
        events: &[Event],
        now: Timestamp,
    ) -> Result<(), CallError> {
        let version = match &observed.entry {
            Some(entry) if self.options.dry_run => entry.version.clone(),
            None if self.options.dry_run => ObjectVersion { uid: String::new(), resource_version: String::new() },
            Some(entry) => self.store_head(&observed.name, &entry.version, &mut head, events).await?,
            None => self.ports.ledgers().create(&observed.name, &head, events).await?,
        };
        let environment = observed.name.clone();
        observed.entry = Some(HeadEntry { environment, version, head: Ok(head), unsealed: 0 });
        self.assume(observed, None, now);
        Ok(())
    }

    /// Changes what is known of an environment as if the clock and the ledger in it were stored.
    fn assume(&self, observed: &mut Observed, clock: Option<Clock>, now: Timestamp) {
        let Observed { reading, entry, .. } = observed;
        let head = entry.as_ref().and_then(|entry| entry.head.as_ref().ok());
        reading.assume(clock, head, &self.settings.tiers, now);
    }

    /// Environment as it is stored now, with the known state of its pull request; none if its namespace is gone. A dry run has
    /// stored nothing, so it continues with what it assumes.
    pub(crate) async fn look_again(&self, observed: &Observed, now: Timestamp) -> Result<Option<Observed>, CallError> {
        if self.options.dry_run {
            return Ok(Some(observed.clone()));
        }
        let fresh = self.look(&observed.name, now).await?;
        Ok(fresh.map(|fresh| Observed { pull_request: observed.pull_request.clone(), ..fresh }))
    }

    /// Reads an environment again. A failed read leaves it as it was.
    pub(crate) async fn read_again(&mut self, observed: &mut Observed, now: Timestamp) {
        if let Ok(Some(fresh)) = self.look_again(observed, now).await {
            *observed = fresh;
        }
    }
}

/// True if an environment lives without a ledger of its own life. The provider writes the ledger at the end of its create; a
/// create that was interrupted before that write is recorded after its silence.
fn needs_adoption(observed: &Observed, now: Timestamp) -> bool {
    let is_recorded = |head: &LedgerHead| match head.phase {
        LedgerPhase::Creating => !head.is_silent(now),
        LedgerPhase::Live | LedgerPhase::Ending | LedgerPhase::Ended => {
            head.uid.as_deref() == Some(observed.reading.uid.as_str())
        }
        LedgerPhase::Queued => false,
    };
    observed.reading.provisioned && !observed.own_head().is_some_and(is_recorded)
}

/// True if the forge reports that nobody wants the environment.
pub(crate) fn is_unwanted(state: PullRequestState) -> bool {
    match state {
        PullRequestState::Closed | PullRequestState::BranchDeleted => true,
        PullRequestState::Open { labelled } => labelled == Some(false),
        PullRequestState::Unknown => false,
    }
}

/// Commit that the ledger does not know yet.
pub(crate) fn new_commit(head: &LedgerHead, found: Option<&HeadSha>) -> Option<HeadSha> {
    let found = found?;
    let is_known = head.head_sha.as_ref().is_some_and(|known| known.is_same_commit(found));
    (!is_known).then(|| found.clone())
}

/// Record of a trigger label that is on the pull request.
fn new_label(head: &LedgerHead, state: PullRequestState) -> Option<TriggerLabelRecord> {
    let on = TriggerLabelRecord { seen: true, removed_by_us: false };
    (state == PullRequestState::Open { labelled: Some(true) } && head.label != on).then_some(on)
}

/// Version of a namespace object.
pub(crate) fn version_of(namespace: &serde_json::Value) -> crate::ports::ObjectVersion {
    let field = |name: &str| {
        namespace.get("metadata").and_then(|metadata| metadata.get(name)?.as_str()).unwrap_or_default().to_owned()
    };
    crate::ports::ObjectVersion { uid: field("uid"), resource_version: field("resourceVersion") }
}
