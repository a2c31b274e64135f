//! Heads of all ledgers, page by page.

use eod_domain::{Installation, labels, ledger::LedgerHead};
use serde_json::Value;

use super::{
    super::pages::ListPages,
    stored::{LedgerProblem, head, label, metadata},
};
use crate::{Deadline, Error};

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
}

/// Pages of the heads of all ledgers of an installation.
#[derive(Debug)]
pub struct HeadPages {
    pages: ListPages,
    installation: Installation,
}

impl HeadPages {
    pub(super) fn new(pages: ListPages, installation: Installation) -> Self {
        Self { pages, installation }
    }

    /// Reads the next page; `None` after the last one. The failure of a page ends the list.
    ///
    /// # Errors
    ///
    /// As [`ListPages::next_page`].
    pub async fn next_page(&mut self, deadline: &Deadline) -> Result<Option<Vec<ListedHead>>, Error> {
        let page = self.pages.next_page(deadline).await?;
        Ok(page.map(|objects| objects.iter().map(|object| self.read(object)).collect()))
    }

    fn read(&self, object: &Value) -> ListedHead {
        let field = |name: &str| metadata(object, name).unwrap_or_default().to_owned();
        let environment = label(object, labels::ENV).unwrap_or_default();
        ListedHead {
            name: field("name"),
            environment: environment.to_owned(),
            uid: field("uid"),
            resource_version: field("resourceVersion"),
            head: head(object, &self.installation, environment),
        }
    }
}
