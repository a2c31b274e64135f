//! Texts of an installation in the control namespace: history rows and the summary of the reaper.

use eod_domain::labels;
use serde_json::{Value, json};

use super::{
    super::object::ObjectRef,
    LedgerConfigMaps,
    stored::{label, metadata},
};
use crate::{Deadline, Error};

/// Key of the text in the ConfigMap's data.
const TEXT: &str = "text";

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

impl LedgerConfigMaps {
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
