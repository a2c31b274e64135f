//! Texts of an installation in the control namespace: history rows and the summary of the reaper.

use eod_domain::{
    labels,
    ledger::{HistoryRow, append_row, has_row, history_name, month_before},
};
use serde_json::{Value, json};

use super::{
    super::object::ObjectRef,
    LedgerConfigMaps, invalid,
    stored::{label, metadata},
};
use crate::{Deadline, Error};

/// Key of the text in the ConfigMap's data.
const TEXT: &str = "text";
/// Maximum number of ConfigMaps with the history of one month.
pub const HISTORY_PARTS: u32 = 100;

/// Text of a ConfigMap with its version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredText {
    /// Version of the ConfigMap, the precondition of the next write.
    pub resource_version: String,
    /// Text; empty if there is none.
    pub text: String,
    /// True if the ConfigMap has the ownership labels of the installation and of this kind of text.
    pub is_ours: bool,
}

/// Reasons to refuse a row of the history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryProblem {
    /// The ownership labels are missing, or are those of another object.
    #[error("the ConfigMap has the name of a history, but not its ownership labels")]
    Foreign,
    /// All parts of the month are full.
    #[error("the history of the month has its maximum of {HISTORY_PARTS} parts")]
    Full,
}

impl LedgerConfigMaps {
    /// Adds a row to the history of the month of its end. A row of the same life is not added again, also if it is in the
    /// history of the month before: a run that stopped after this write is continued by another one. That month is read only
    /// if the end began before the month of its completion.
    ///
    /// # Errors
    ///
    /// [`crate::ErrorKind::AlreadyExists`] or [`crate::ErrorKind::Conflict`] if another writer was faster;
    /// [`crate::ErrorKind::Invalid`] with a [`HistoryProblem`] as cause; or the request failed.
    pub async fn add_history(&self, row: &HistoryRow, deadline: &Deadline) -> Result<(), Error> {
        let refused = |name: &str, problem: HistoryProblem| {
            invalid(&ObjectRef::config_map(&self.namespace, name), "patch").because(problem)
        };
        for part in 1..=HISTORY_PARTS {
            let name = history_name(&self.installation, row.ended, part);
            let found = self.text(&name, labels::LEDGER_HISTORY, deadline).await?;
            if found.as_ref().is_some_and(|found| !found.is_ours) {
                return Err(refused(&name, HistoryProblem::Foreign));
            }
            let text = found.as_ref().map_or("", |found| found.text.as_str());
            let Some(appended) = append_row(text, row) else { continue };
            if appended == text {
                return Ok(());
            }
            if row.may_be_in_month_before() && self.is_in_month_before(row, deadline).await? {
                return Ok(());
            }
            let version = found.as_ref().map(|found| found.resource_version.as_str());
            return self.write_text(&name, labels::LEDGER_HISTORY, version, &appended, deadline).await;
        }
        Err(refused(&history_name(&self.installation, row.ended, HISTORY_PARTS), HistoryProblem::Full))
    }

    /// True if the history of the month before has a row of the same life.
    async fn is_in_month_before(&self, row: &HistoryRow, deadline: &Deadline) -> Result<bool, Error> {
        for part in 1..=HISTORY_PARTS {
            let name = history_name(&self.installation, month_before(row.ended), part);
            match self.text(&name, labels::LEDGER_HISTORY, deadline).await? {
                Some(found) if found.is_ours && has_row(&found.text, row) => return Ok(true),
                Some(_) => {}
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Reads the text of the ConfigMap with this name; `None` if there is none. `kind` is the value of the label `/ledger`.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn text(&self, name: &str, kind: &str, deadline: &Deadline) -> Result<Option<StoredText>, Error> {
        let object = ObjectRef::config_map(&self.namespace, name);
        let found = self.client.get(&object, deadline).await?;
        Ok(found.map(|object| StoredText {
            resource_version: metadata(&object, "resourceVersion").unwrap_or_default().to_owned(),
            text: object.pointer("/data/text").and_then(Value::as_str).unwrap_or_default().to_owned(),
            is_ours: label(&object, labels::INSTALLATION) == Some(self.installation.as_str())
                && label(&object, labels::LEDGER) == Some(kind),
        }))
    }

    /// Writes a text: a new ConfigMap without a resource version, else the one with this version.
    ///
    /// # Errors
    ///
    /// [`crate::ErrorKind::AlreadyExists`] or [`crate::ErrorKind::Conflict`] if another writer was faster; or the request
    /// failed.
    pub async fn write_text(
        &self,
        name: &str,
        kind: &str,
        resource_version: Option<&str>,
        text: &str,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let object = ObjectRef::config_map(&self.namespace, name);
        if let Some(version) = resource_version {
            let patch = json!({ "metadata": { "resourceVersion": version }, "data": { TEXT: text } });
            return self.client.merge_patch(&object, &patch, self.manager, deadline).await.map(drop);
        }
        let body = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "namespace": &self.namespace,
                "labels": {
                    labels::MANAGED_BY: labels::MANAGED_BY_VALUE,
                    labels::INSTALLATION: self.installation.as_str(),
                    labels::LEDGER: kind,
                },
            },
            "data": { TEXT: text },
        });
        self.create_object(&object, &body, deadline).await.map(drop)
    }
}
