//! Copies of secrets in Vault, found by the ownership labels in their metadata. No value is read.

use std::collections::BTreeMap;

use eod_clients::vault::clone::inspect;
use eod_clients::vault::{Metadata, Vault};
use eod_domain::EnvironmentName;
use eod_domain::vault::{CopyOwnership, SecretPath, SecretRef};
use eod_reaper::ports::{Backend, BackendItem, BackendKind, BoxFuture, CallError, CallErrorKind, ListPage, PageToken};

use super::call::call_error;
use super::remote_deadline;
use crate::session::OpsSession;

/// Number of folders in a page of a search.
const FOLDERS: usize = 20;

/// Vault of a session.
pub(crate) struct OpsVault<'a> {
    session: &'a OpsSession,
    vault: &'a Vault,
    prefixes: &'a [SecretRef],
}

impl<'a> OpsVault<'a> {
    /// Backend of a session; none if the configuration file has no prefixes.
    pub(super) fn of(session: &'a OpsSession) -> Option<Self> {
        let vault = session.vault.as_ref()?;
        Some(Self { session, vault, prefixes: &session.settings.vault.prefixes })
    }

    /// Folders and secrets directly below all prefixes, by their text, which is also the order of the pages.
    async fn folders(&self) -> Result<BTreeMap<String, SecretRef>, CallError> {
        let mut folders = BTreeMap::new();
        for prefix in self.prefixes {
            let deadline = remote_deadline(self.session)?;
            // Only the server can separate the mount from the path.
            let split = self.vault.split(prefix, &deadline).await;
            let (mount, prefix) = split.map_err(|error| call_error(&error))?;
            let names = self.vault.list(&mount, Some(prefix.path()), &deadline).await;
            for name in names.map_err(|error| call_error(&error))? {
                // EoD makes no copy with a name that it does not support.
                let Ok(path) = prefix.path().join(&name.name) else { continue };
                let folder = SecretRef::new(prefix.mount().clone(), path);
                folders.insert(folder.to_string(), folder);
            }
        }
        Ok(folders)
    }

    /// Copies of this installation at and below a folder.
    async fn items(&self, folder: &SecretRef) -> Result<Vec<BackendItem>, CallError> {
        let found =
            inspect(self.vault, folder, &remote_deadline(self.session)?).await.map_err(|error| call_error(&error))?;
        let mount = found.root.mount().clone();
        let item =
            |(path, metadata): (SecretPath, Metadata)| self.item(&SecretRef::new(mount.clone(), path), &metadata);
        Ok(found.keys.into_iter().filter_map(item).collect())
    }

    /// Item of a secret; none if this installation does not own it.
    fn item(&self, secret: &SecretRef, metadata: &Metadata) -> Option<BackendItem> {
        let ownership = CopyOwnership::read(&metadata.custom_metadata);
        let is_ours = ownership.installation.as_deref() == Some(self.session.settings.installation.as_str());
        let environment = ownership.environment.filter(|_| is_ours)?;
        // A copy that is created or adopted again has another nonce. The creation identifies one without.
        let version = ownership.nonce.map_or_else(|| metadata.created_time.clone(), |nonce| nonce.as_str().to_owned());
        Some(BackendItem { kind: "secret".to_owned(), name: secret.to_string(), environment, version })
    }

    async fn find_items(&self, environment: &EnvironmentName) -> Result<Vec<BackendItem>, CallError> {
        let mut items = Vec::new();
        // The path of a copy is chosen by its configuration, so all copies are searched.
        for folder in self.folders().await?.values() {
            items.extend(self.items(folder).await?);
        }
        items.retain(|item| item.environment == environment.as_str());
        items.sort();
        Ok(items)
    }

    async fn sweep_page(&self, page: Option<&PageToken>) -> Result<ListPage<BackendItem>, CallError> {
        let after = page.map(|page| page.0.as_str());
        let folders = self.folders().await?;
        let mut later = folders.iter().filter(|(text, _)| after.is_none_or(|after| text.as_str() > after));
        let mut items = Vec::new();
        let mut last = None;
        for (text, folder) in later.by_ref().take(FOLDERS) {
            items.extend(self.items(folder).await?);
            last = Some(PageToken(text.clone()));
        }
        let next = last.filter(|_| later.next().is_some());
        Ok(ListPage { items, next })
    }

    async fn end_item(&self, item: &BackendItem) -> Result<(), CallError> {
        let invalid = || CallError::new(CallErrorKind::Invalid, format!("`{}` is not the path of a secret", item.name));
        let secret: SecretRef = item.name.parse().map_err(|_| invalid())?;
        let deadline = remote_deadline(self.session)?;
        let split = self.vault.split(&secret, &deadline).await;
        let (mount, secret) = split.map_err(|error| call_error(&error))?;
        let found = self.vault.metadata(&mount, secret.path(), &deadline).await;
        let Some(metadata) = found.map_err(|error| call_error(&error))? else { return Ok(()) };
        if self.item(&secret, &metadata).as_ref() != Some(item) {
            let problem = format!("secret `{}` was created again or has another owner now", item.name);
            return Err(CallError::new(CallErrorKind::Conflict, problem));
        }
        self.vault.delete_all(&mount, secret.path(), &deadline).await.map_err(|error| call_error(&error))
    }
}

impl Backend for OpsVault<'_> {
    fn kind(&self) -> BackendKind {
        BackendKind::Vault
    }

    fn find<'a>(&'a self, environment: &'a EnvironmentName) -> BoxFuture<'a, Result<Vec<BackendItem>, CallError>> {
        Box::pin(self.find_items(environment))
    }

    fn end<'a>(&'a self, item: &'a BackendItem) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.end_item(item))
    }

    fn sweep<'a>(&'a self, page: Option<&'a PageToken>) -> BoxFuture<'a, Result<ListPage<BackendItem>, CallError>> {
        Box::pin(self.sweep_page(page))
    }
}
