//! Sealing of loose events into the hash chains of the ledgers.
//!
//! A run seals the ledgers that are filling, then those that it has changed, then some others in turn, because a list of heads
//! does not show loose events. The number of calls is limited: a ledger that is filling is flagged by its writers, so it never
//! waits for the turn of thousands of others.

use std::collections::BTreeSet;

use eod_domain::EnvironmentName;
use eod_domain::ledger::{Event, LedgerHead, LooseEvent, SealError, SealedEvents, history_row, seal};

use crate::end::events;
use crate::mutation::mutated;
use crate::observed::Survey;
use crate::ports::{CallError, CallErrorKind, LedgerPort, LooseEntry, ObjectVersion, Ports, StoredLedger};
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// Seals ledgers in the order of [`order`], as long as calls are left.
    pub(crate) async fn seal_ledgers(&mut self, survey: &Survey) {
        let with_ledger = survey.environments.iter().filter_map(|observed| observed.entry.as_ref());
        let ledgers = with_ledger.chain(&survey.absent).map(|entry| (&entry.environment, entry.unsealed)).collect();
        let changed = self.report.actions.iter().map(|action| action.target.as_str()).collect();
        let after = self.summary.sealed_up_to.clone().unwrap_or_default();
        let order = order(ledgers, &changed, &after);
        let mut left = self.settings.seal_calls_per_run;
        for LedgerToSeal { name, is_others } in order {
            if left == 0 {
                break;
            }
            if is_others {
                self.summary.sealed_up_to = Some(name.to_string());
            }
            match self.seal_ledger(&name).await {
                Ok(calls) => left = left.saturating_sub(calls),
                Err(error) => {
                    left = left.saturating_sub(1);
                    if !error.is_conflict() {
                        self.report.problem(&name, format!("its events were not sealed: {error}"));
                    }
                }
            }
        }
    }

    /// Seals one ledger. Returns the number of calls.
    async fn seal_ledger(&mut self, name: &EnvironmentName) -> Result<usize, CallError> {
        let Some(ledger) = self.ports.ledgers().ledger(name).await? else { return Ok(1) };
        let Ok(head) = &ledger.head else { return Ok(1) };
        // An end by another tool has no history row yet.
        let mut calls = 1_usize;
        if let Some(row) = history_row(name, head, &events(&ledger), head.since).filter(|_| head.is_ended()) {
            calls = calls.saturating_add(1);
            self.ports.ledgers().add_history(&row).await?;
        }
        let Some(mut sealed) = self.sealed(name, head, &ledger) else { return Ok(calls) };
        let mut version = ledger.version;
        if mutated!(LooseEventsLost)
            && let Some(newer) = self.ports.ledgers().ledger(name).await?
        {
            version = newer.version;
            sealed.sealed_keys.extend(newer.loose.iter().map(|entry| match entry {
                LooseEntry::Valid(event) => event.key.clone(),
                LooseEntry::Invalid { key, .. } => key.clone(),
            }));
        }
        self.ports.ledgers().seal(name, &version, &sealed).await?;
        Ok(calls.saturating_add(1))
    }

    /// Sealed events of a ledger with its loose ones; none if there are no loose ones, or if its chain is broken, which is
    /// reported.
    fn sealed(&mut self, name: &EnvironmentName, head: &LedgerHead, ledger: &StoredLedger) -> Option<SealedEvents> {
        let mut loose: Vec<LooseEvent> = Vec::new();
        for entry in &ledger.loose {
            match entry {
                LooseEntry::Valid(event) => loose.push(event.clone()),
                LooseEntry::Invalid { key, problem } => {
                    self.report.problem(name, format!("event `{key}` of its ledger is invalid: {problem}"));
                }
            }
        }
        if loose.is_empty() {
            return None;
        }
        match seal(head, &ledger.sealed, &loose) {
            Ok(sealed) => Some(sealed),
            Err(SealError::Chain(error)) => {
                let problem = format!("the chain of its events is broken: {error}; see `eod audit {name}`");
                self.report.problem(name, problem);
                None
            }
            Err(error) => {
                self.report.problem(name, error);
                None
            }
        }
    }

    /// Stores a head with its events. If they are too large for the ledger, its loose events are sealed first. If that makes no
    /// room, the head is stored without the events, which are lost and reported: a full ledger never stops an end.
    pub(crate) async fn store_head(
        &mut self,
        name: &EnvironmentName,
        version: &ObjectVersion,
        head: &mut LedgerHead,
        events: &[Event],
    ) -> Result<ObjectVersion, CallError> {
        let ledgers = self.ports.ledgers();
        let error = match ledgers.write_head(name, version, head, events).await {
            Err(error) if is_full(&error) && !events.is_empty() => error,
            result => return result,
        };
        let mut version = version.clone();
        if let Some((sealed, stored)) = self.make_room(name, Some(&version)).await? {
            (head.seq, head.hash, version) = (sealed.seq, sealed.hash, stored);
            match ledgers.write_head(name, &version, head, events).await {
                Err(error) if is_full(&error) => {}
                result => return result,
            }
        }
        let version = ledgers.write_head(name, &version, head, &[]).await?;
        let count = events.len();
        self.report.problem(name, format!("{count} of its events were not recorded: {error}"));
        Ok(version)
    }

    /// Appends an event to the ledger of an environment, if it has one. An event that is too large for the ledger is
    /// lost and reported.
    pub(crate) async fn append(&mut self, name: &EnvironmentName, event: Event) -> Result<(), CallError> {
        let kind = event.e;
        let events = [event];
        let ledgers = self.ports.ledgers();
        let error = match ledgers.append(name, &events).await {
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) if is_full(&error) => error,
            result => return result,
        };
        if self.make_room(name, None).await?.is_some() && ledgers.append(name, &events).await.is_ok() {
            return Ok(());
        }
        self.report.problem(name, format!("its event `{kind}` was not recorded: {error}"));
        Ok(())
    }

    /// Seals the loose events of a full ledger. Returns the new head with its version; none if nothing can be sealed.
    async fn make_room(
        &mut self,
        name: &EnvironmentName,
        expected: Option<&ObjectVersion>,
    ) -> Result<Option<(LedgerHead, ObjectVersion)>, CallError> {
        let Some(ledger) = self.ports.ledgers().ledger(name).await? else { return Ok(None) };
        if expected.is_some_and(|expected| *expected != ledger.version) {
            return Err(CallError::new(CallErrorKind::Conflict, "the ledger was changed"));
        }
        let Ok(head) = &ledger.head else { return Ok(None) };
        let Some(sealed) = self.sealed(name, head, &ledger) else { return Ok(None) };
        match self.ports.ledgers().seal(name, &ledger.version, &sealed).await {
            Ok(version) => Ok(Some((sealed.head, version))),
            // A sealed event is larger than a loose one.
            Err(error) if is_full(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// True if a write was refused because the ledger is full or the event is too large.
fn is_full(error: &CallError) -> bool {
    let is_too_large = error.kind == CallErrorKind::TooLarge && !mutated!(FullLedgerStopsEnd);
    is_too_large || (error.kind == CallErrorKind::Invalid && mutated!(InvalidIsFull))
}

/// Ledger to seal.
#[derive(Clone, Debug, Eq, PartialEq)]
struct LedgerToSeal {
    name: EnvironmentName,
    /// True if the ledger is sealed in turn with all others.
    is_others: bool,
}

/// Order of the ledgers: the flagged ones, the fullest first; those that the run has changed; then all others in turn after the
/// last one of the run before. `ledgers` have the percentage that is known to be used.
fn order(mut ledgers: Vec<(&EnvironmentName, usize)>, changed: &BTreeSet<&str>, after: &str) -> Vec<LedgerToSeal> {
    ledgers.sort();
    let (mut flagged, rest): (Vec<_>, Vec<_>) = ledgers.into_iter().partition(|(_, unsealed)| *unsealed > 0);
    flagged.sort_by_key(|(_, unsealed)| std::cmp::Reverse(*unsealed));
    let (changed, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(name, _)| changed.contains(name.as_str()));
    let (later, earlier): (Vec<_>, Vec<_>) = others.into_iter().partition(|(name, _)| name.as_str() > after);
    let turn = |is_others| move |(name, _): (&EnvironmentName, usize)| LedgerToSeal { name: name.clone(), is_others };
    let first = flagged.into_iter().chain(changed).map(turn(false));
    first.chain(later.into_iter().chain(earlier).map(turn(true))).collect()
}

#[cfg(test)]
mod tests;
