//! Store of the ledgers, the history rows and the summary of the reaper.

use eod_domain::EnvironmentName;
use eod_domain::ledger::{Event, HistoryRow, LedgerHead, LooseEvent, SealedEvents};

use super::call::{CallError, ListPage, ObjectVersion, PageToken};

/// Store of the ledgers of one installation.
pub trait LedgerPort {
    /// Lists a page of the heads, by metadata only. The first page has no token. An object with the labels of a ledger that is
    /// not one is a text that says so.
    ///
    /// # Errors
    ///
    /// The call failed. A list that expired on the way is an error, never a shorter list.
    async fn heads(&self, page: Option<&PageToken>) -> Result<ListPage<Result<HeadEntry, String>>, CallError>;

    /// Reads the head of one ledger from the server; none if there is no ledger.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn head(&self, environment: &EnvironmentName) -> Result<Option<HeadEntry>, CallError>;

    /// Reads a whole ledger; none if there is none.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn ledger(&self, environment: &EnvironmentName) -> Result<Option<StoredLedger>, CallError>;

    /// Creates a ledger with its first events. It must not exist.
    ///
    /// # Errors
    ///
    /// The call failed, or the ledger exists.
    async fn create(
        &self,
        environment: &EnvironmentName,
        head: &LedgerHead,
        events: &[Event],
    ) -> Result<ObjectVersion, CallError>;

    /// Replaces the head under uid and resourceVersion and appends events, both in one write.
    ///
    /// # Errors
    ///
    /// The call failed, or the version is not the current one. A ledger without room for the events is an error of the kind
    /// [`super::CallErrorKind::TooLarge`].
    async fn write_head(
        &self,
        environment: &EnvironmentName,
        version: &ObjectVersion,
        head: &LedgerHead,
        events: &[Event],
    ) -> Result<ObjectVersion, CallError>;

    /// Appends events without reading, by one merge patch.
    ///
    /// # Errors
    ///
    /// The call failed, or there is no ledger. A ledger without room for the events is an error of the kind
    /// [`super::CallErrorKind::TooLarge`].
    async fn append(&self, environment: &EnvironmentName, events: &[Event]) -> Result<(), CallError>;

    /// Replaces the sealed events and the head, and removes exactly the sealed keys, in one write under uid and
    /// resourceVersion.
    ///
    /// # Errors
    ///
    /// The call failed, or the version is not the current one.
    async fn seal(
        &self,
        environment: &EnvironmentName,
        version: &ObjectVersion,
        sealed: &SealedEvents,
    ) -> Result<ObjectVersion, CallError>;

    /// Deletes a ledger under uid and resourceVersion.
    ///
    /// # Errors
    ///
    /// The call failed, or the version is not the current one.
    async fn delete(&self, environment: &EnvironmentName, version: &ObjectVersion) -> Result<(), CallError>;

    /// Adds a row to the history. A row of the same life is not added again.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn add_history(&self, row: &HistoryRow) -> Result<(), CallError>;

    /// True if the history has a row of any life of this environment.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn is_in_history(&self, environment: &EnvironmentName) -> Result<bool, CallError>;

    /// Reads the text of the reaper's summary; none before the first run.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn summary(&self) -> Result<Option<String>, CallError>;

    /// Replaces the text of the reaper's summary.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn write_summary(&self, text: &str) -> Result<(), CallError>;
}

/// Head of a ledger in a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeadEntry {
    /// Environment of the ledger.
    pub environment: EnvironmentName,
    /// Version that was read.
    pub version: ObjectVersion,
    /// Head, or the error of the read.
    pub head: Result<LedgerHead, String>,
    /// Percentage of the room for loose events that is known to be used; 0 if it is not known, which means less than half.
    pub unsealed: usize,
}

/// Whole ledger.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredLedger {
    /// Version that was read.
    pub version: ObjectVersion,
    /// Head, or the error of the read.
    pub head: Result<LedgerHead, String>,
    /// Text of the sealed events.
    pub sealed: String,
    /// Events that are not sealed.
    pub loose: Vec<LooseEntry>,
}

/// Event that is not sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LooseEntry {
    /// Event that can be sealed.
    Valid(LooseEvent),
    /// Entry that cannot be parsed: it stays and is reported.
    Invalid {
        /// Key of the entry.
        key: String,
        /// Problem of the entry.
        problem: String,
    },
}
