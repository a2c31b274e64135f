//! Sealing of loose events into the hash chains of the ledgers.
//!
//! A run seals the ledgers that it has changed, and some others in turn, because a list of heads does not show loose
//! events.

use std::collections::BTreeSet;

use eod_domain::EnvironmentName;
use eod_domain::ledger::{LooseEvent, SealError, history_row, seal};

use crate::end::events;
use crate::mutation::mutated;
use crate::observed::Survey;
use crate::ports::{CallError, LedgerPort, LooseEntry, Ports};
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// Seals the ledgers of environments with an action, and the next ones in turn.
    pub(crate) async fn seal_ledgers(&mut self, survey: &Survey) {
        let with_ledger = survey.environments.iter().filter(|observed| observed.entry.is_some());
        let mut names: BTreeSet<&EnvironmentName> = with_ledger.map(|observed| &observed.name).collect();
        names.extend(survey.absent.iter().map(|entry| &entry.environment));
        let changed: BTreeSet<&str> = self.report.actions.iter().map(|action| action.target.as_str()).collect();
        let mut chosen: BTreeSet<EnvironmentName> =
            names.iter().filter(|name| changed.contains(name.as_str())).map(|name| (*name).clone()).collect();
        let after = self.summary.sealed_up_to.clone().unwrap_or_default();
        let (later, earlier): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.as_str() > after.as_str());
        for name in later.into_iter().chain(earlier).take(self.settings.seals_per_run) {
            chosen.insert(name.clone());
            self.summary.sealed_up_to = Some(name.to_string());
        }
        for name in chosen {
            if let Err(error) = self.seal_ledger(&name).await
                && !error.is_conflict()
            {
                self.report.problem(&name, format!("its events were not sealed: {error}"));
            }
        }
    }

    async fn seal_ledger(&mut self, name: &EnvironmentName) -> Result<(), CallError> {
        let Some(ledger) = self.ports.ledgers().ledger(name).await? else { return Ok(()) };
        let Ok(head) = &ledger.head else { return Ok(()) };
        let mut loose: Vec<LooseEvent> = Vec::new();
        for entry in &ledger.loose {
            match entry {
                LooseEntry::Valid(event) => loose.push(event.clone()),
                LooseEntry::Invalid { key, problem } => {
                    self.report.problem(name, format!("event `{key}` of its ledger is invalid: {problem}"));
                }
            }
        }
        // An end by another tool has no history row yet.
        if let Some(row) = history_row(name, head, &events(&ledger), head.since).filter(|_| head.is_ended()) {
            self.ports.ledgers().add_history(&row).await?;
        }
        if loose.is_empty() {
            return Ok(());
        }
        let mut sealed = match seal(head, &ledger.sealed, &loose) {
            Ok(sealed) => sealed,
            Err(SealError::Chain(error)) => {
                let problem = format!("the chain of its events is broken: {error}; see `eod audit {name}`");
                self.report.problem(name, problem);
                return Ok(());
            }
            Err(error) => {
                self.report.problem(name, error);
                return Ok(());
            }
        };
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
        self.ports.ledgers().seal(name, &version, &sealed).await.map(drop)
    }
}
