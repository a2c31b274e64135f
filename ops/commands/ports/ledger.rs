//! Ledgers, history rows and the summary of the reaper in ConfigMaps.

use std::collections::BTreeSet;
use std::error::Error as _;

use eod_clients::kubernetes::{Deleted, HISTORY_PARTS, LedgerProblem, LedgerSnapshot, ListedHead, Preconditions};
use eod_domain::ledger::{Event, HistoryRow, LedgerHead, SealedEvents, history_name, summary_name};
use eod_domain::{EnvironmentName, labels};
use eod_reaper::ports::{
    CallError, CallErrorKind, HeadEntry, LedgerPort, ListPage, LooseEntry, ObjectVersion, PageToken, StoredLedger,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use tokio::sync::OnceCell;

use super::call::call_error;
use super::{call_deadline, last_deadline};
use crate::session::OpsSession;

/// Number of months of the history that are searched for an ended environment, after the retention of its ledger. What an
/// environment has left is found by each run until its ledger is deleted, so later findings are rare. A month has several
/// ConfigMaps of up to 900 KiB, and a thing of an environment that is not found stays and is reported.
const HISTORY_MONTHS: i64 = 4;
/// Minimum number of days of a month.
const MONTH_DAYS: i64 = 28;

/// Ledgers of a session's installation.
pub(crate) struct OpsLedgers<'a> {
    session: &'a OpsSession,
    /// Names in the searched months of the history, read once per run.
    names: OnceCell<BTreeSet<EnvironmentName>>,
}

impl<'a> OpsLedgers<'a> {
    pub(super) fn new(session: &'a OpsSession) -> Self {
        Self { session, names: OnceCell::new() }
    }

    /// Names of all environments that ended in the searched months.
    async fn ended_names(&self) -> Result<BTreeSet<EnvironmentName>, CallError> {
        let session = self.session;
        let now = session.kubernetes.server_time();
        let no_time = || CallError::new(CallErrorKind::Invalid, "no response of the API server had a `Date` header");
        let now = now.ok_or_else(no_time)?.server;
        let mut names = BTreeSet::new();
        for within in months(now, session.settings.reap.retention.signed()) {
            for part in 1..=HISTORY_PARTS {
                let name = history_name(&session.settings.installation, within, part);
                let Some((_, text)) = self.history(&name).await? else { break };
                let rows = text.lines().filter_map(|line| serde_json::from_str::<HistoryRow>(line).ok());
                names.extend(rows.map(|row| row.name));
            }
        }
        Ok(names)
    }

    /// Reads a part of the history; none if there is none.
    async fn history(&self, name: &str) -> Result<Option<(String, String)>, CallError> {
        let session = self.session;
        let found = session.ledgers.text(name, labels::LEDGER_HISTORY, &call_deadline(session)?).await;
        match found.map_err(|error| call_error(&error))? {
            Some(text) if !text.is_ours => {
                Err(CallError::new(CallErrorKind::Invalid, format!("ConfigMap `{name}` is not a history of EoD")))
            }
            found => Ok(found.map(|found| (found.resource_version, found.text))),
        }
    }
}

impl LedgerPort for OpsLedgers<'_> {
    async fn heads(&self, page: Option<&PageToken>) -> Result<ListPage<Result<HeadEntry, String>>, CallError> {
        let session = self.session;
        let token = page.map(|page| page.0.as_str());
        let page = session.ledgers.heads(token, &call_deadline(session)?).await.map_err(|error| call_error(&error))?;
        let items = page.heads.into_iter().map(head_entry).collect();
        Ok(ListPage { items, next: page.next.map(PageToken) })
    }

    async fn head(&self, environment: &EnvironmentName) -> Result<Option<HeadEntry>, CallError> {
        let ledger = self.ledger(environment).await?;
        let entry = |ledger: StoredLedger| HeadEntry {
            environment: environment.clone(),
            version: ledger.version,
            head: ledger.head,
            unsealed: 0,
        };
        Ok(ledger.map(entry))
    }

    async fn ledger(&self, environment: &EnvironmentName) -> Result<Option<StoredLedger>, CallError> {
        let session = self.session;
        let found = session.ledgers.get(environment, &call_deadline(session)?).await;
        Ok(found.map_err(|error| call_error(&error))?.map(stored_ledger))
    }

    async fn create(
        &self,
        environment: &EnvironmentName,
        head: &LedgerHead,
        events: &[Event],
    ) -> Result<ObjectVersion, CallError> {
        let session = self.session;
        let stored = session.ledgers.create(environment, head, events, &call_deadline(session)?).await;
        stored.map(|stored| version(&stored)).map_err(|error| call_error(&error))
    }

    async fn write_head(
        &self,
        environment: &EnvironmentName,
        read: &ObjectVersion,
        head: &LedgerHead,
        events: &[Event],
    ) -> Result<ObjectVersion, CallError> {
        let session = self.session;
        // A held end is released by such a write.
        let deadline = last_deadline(session);
        let stored = session.ledgers.replace(environment, &read.resource_version, head, events, &deadline).await;
        stored.map(|stored| version(&stored)).map_err(|error| call_error(&error))
    }

    async fn append(&self, environment: &EnvironmentName, events: &[Event]) -> Result<(), CallError> {
        let session = self.session;
        let appended = session.ledgers.append(environment, events, &call_deadline(session)?).await;
        appended.map_err(|error| call_error(&error))
    }

    async fn seal(
        &self,
        environment: &EnvironmentName,
        read: &ObjectVersion,
        sealed: &SealedEvents,
    ) -> Result<ObjectVersion, CallError> {
        let session = self.session;
        let stored = session.ledgers.seal(environment, &read.resource_version, sealed, &call_deadline(session)?).await;
        stored.map(|stored| version(&stored)).map_err(|error| call_error(&error))
    }

    async fn delete(&self, environment: &EnvironmentName, read: &ObjectVersion) -> Result<(), CallError> {
        let session = self.session;
        let preconditions =
            Preconditions { uid: Some(read.uid.clone()), resource_version: Some(read.resource_version.clone()) };
        let deleted = session.ledgers.delete(environment, &preconditions, &call_deadline(session)?).await;
        match deleted.map_err(|error| call_error(&error))? {
            Deleted::Accepted | Deleted::Gone | Deleted::InProgress => Ok(()),
            Deleted::Changed | Deleted::UidMismatch => {
                Err(CallError::new(CallErrorKind::Conflict, format!("the ledger of `{environment}` was changed")))
            }
        }
    }

    async fn add_history(&self, row: &HistoryRow) -> Result<(), CallError> {
        let session = self.session;
        session.ledgers.add_history(row, &call_deadline(session)?).await.map_err(|error| call_error(&error))
    }

    async fn is_in_history(&self, environment: &EnvironmentName) -> Result<bool, CallError> {
        Ok(self.names.get_or_try_init(|| self.ended_names()).await?.contains(environment))
    }

    async fn summary(&self) -> Result<Option<String>, CallError> {
        let session = self.session;
        let name = summary_name(&session.settings.installation);
        let found = session.ledgers.text(&name, labels::LEDGER_SUMMARY, &call_deadline(session)?).await;
        Ok(found.map_err(|error| call_error(&error))?.filter(|found| found.is_ours).map(|found| found.text))
    }

    async fn write_summary(&self, text: &str) -> Result<(), CallError> {
        let session = self.session;
        let name = summary_name(&session.settings.installation);
        let deadline = last_deadline(session);
        let found = session.ledgers.text(&name, labels::LEDGER_SUMMARY, &deadline).await;
        let found = found.map_err(|error| call_error(&error))?;
        if found.as_ref().is_some_and(|found| !found.is_ours) {
            let problem = format!("ConfigMap `{name}` is not a summary of EoD");
            return Err(CallError::new(CallErrorKind::Invalid, problem));
        }
        let version = found.as_ref().map(|found| found.resource_version.as_str());
        let written = session.ledgers.write_text(&name, labels::LEDGER_SUMMARY, version, text, &deadline).await;
        written.map_err(|error| call_error(&error))
    }
}

/// A time within each of the searched months, the present one first.
fn months(now: Timestamp, retention: SignedDuration) -> Vec<Timestamp> {
    let first = now.to_zoned(TimeZone::UTC).first_of_month();
    let before = |month: i64| Some(first.as_ref().ok()?.checked_sub(month.months()).ok()?.timestamp());
    let retained = retention.as_hours() / 24 / MONTH_DAYS;
    (0..retained.saturating_add(HISTORY_MONTHS)).map_while(before).collect()
}

/// Entry of a list.
fn head_entry(listed: ListedHead) -> Result<HeadEntry, String> {
    let ListedHead { name, environment, uid, resource_version, head, unsealed } = listed;
    let problem = |_| format!("ConfigMap `{name}` has the labels of a ledger and no valid environment: remove it");
    let environment = environment.parse().map_err(problem)?;
    let version = ObjectVersion { uid, resource_version };
    Ok(HeadEntry { environment, version, head: head.map_err(|problem| text(&problem)), unsealed })
}

fn stored_ledger(found: LedgerSnapshot) -> StoredLedger {
    let version = version(&found);
    let valid = found.loose.into_iter().map(LooseEntry::Valid);
    let invalid = found.unreadable.into_iter().map(|entry| {
        let problem = entry.error.to_string();
        LooseEntry::Invalid { key: entry.key, problem }
    });
    StoredLedger {
        version,
        head: found.head.map_err(|problem| text(&problem)),
        sealed: found.events,
        loose: valid.chain(invalid).collect(),
    }
}

/// Problem of a head with its causes.
fn text(problem: &LedgerProblem) -> String {
    let causes = std::iter::successors(problem.source(), |cause| (*cause).source());
    causes.fold(problem.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn version(found: &LedgerSnapshot) -> ObjectVersion {
    ObjectVersion { uid: found.uid.clone(), resource_version: found.resource_version.clone() }
}

#[cfg(test)]
mod tests;
