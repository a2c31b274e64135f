//! Heads of all ledgers, page by page.

use eod_domain::{Installation, labels, ledger::LedgerHead};
use serde_json::Value;

use super::stored::{LedgerProblem, annotation, head, label, metadata};

/// Head of one ledger in a list.
#[derive(Debug)]
pub struct ListedHead {
    /// Name of the ConfigMap.
    pub name: String,
    /// Name of the environment: label `/env`, empty if it is missing.
    pub environment: String,
    /// Server's id of the ConfigMap.
    pub uid: String,
    /// Version of the ConfigMap.
    pub resource_version: String,
    /// Head, or the reason that there is none.
    pub head: Result<LedgerHead, LedgerProblem>,
    /// Percentage of the room for loose events that was used when the ledger was flagged; 0 without a flag.
    pub unsealed: usize,
}

/// Page of the heads of all ledgers of an installation.
#[derive(Debug)]
pub struct HeadPage {
    /// Heads of the page.
    pub heads: Vec<ListedHead>,
    /// Token of the next page; `None` for the last page.
    pub next: Option<String>,
}

impl ListedHead {
    pub(super) fn read(object: &Value, installation: &Installation) -> Self {
        let field = |name: &str| metadata(object, name).unwrap_or_default().to_owned();
        let environment = label(object, labels::ENV).unwrap_or_default();
        Self {
            name: field("name"),
            environment: environment.to_owned(),
            uid: field("uid"),
            resource_version: field("resourceVersion"),
            head: head(object, installation, environment),
            unsealed: annotation(object, labels::UNSEALED).and_then(|flag| flag.parse().ok()).unwrap_or(0),
        }
    }
}
