//! Objects of environments outside of their namespaces: snapshots of volumes and permissions in shared namespaces.

use std::cell::OnceCell;

use eod_clients::kubernetes::{Deleted, KindRef, ListContent, ListQuery, ObjectRef, Preconditions};
use eod_domain::{EnvironmentName, labels};
use eod_reaper::ports::{Backend, BackendItem, BackendKind, BoxFuture, CallError, CallErrorKind, ListPage, PageToken};
use serde_json::Value;

use super::call::call_error;
use super::call_deadline;
use crate::session::OpsSession;

/// Kinds of objects outside of the namespace: API group and plural. A cluster may have none of them.
pub(crate) const OUTSIDE_KINDS: [(&str, &str); 2] =
    [("snapshot.storage.k8s.io", "volumesnapshotcontents"), ("gateway.networking.k8s.io", "referencegrants")];

/// Objects outside of the namespaces of a session's installation. No value of an object is read, only its metadata.
pub(crate) struct OpsObjects<'a> {
    session: &'a OpsSession,
    /// Kinds that the cluster was asked for in this run, by the position in [`OUTSIDE_KINDS`].
    kinds: [OnceCell<Option<KindRef>>; OUTSIDE_KINDS.len()],
}

impl<'a> OpsObjects<'a> {
    pub(super) fn new(session: &'a OpsSession) -> Self {
        Self { session, kinds: Default::default() }
    }

    /// Kind at a position of [`OUTSIDE_KINDS`]; none if the cluster does not have it. It is searched once in a run.
    async fn kind_at(&self, index: usize) -> Result<Option<KindRef>, CallError> {
        let (Some((group, plural)), Some(known)) = (OUTSIDE_KINDS.get(index), self.kinds.get(index)) else {
            return Ok(None);
        };
        if let Some(kind) = known.get() {
            return Ok(kind.clone());
        }
        let session = self.session;
        let found = session.kubernetes.find_kind(group, plural, &call_deadline(session)?).await;
        let found = found.map_err(|error| call_error(&error))?;
        Ok(known.get_or_init(|| found).clone())
    }

    /// Query of the objects of a kind with the ownership labels of this installation.
    fn query(&self, kind: &KindRef, environment: Option<&str>) -> ListQuery {
        let (managed, ours) = (labels::MANAGED_BY_VALUE, &self.session.settings.installation);
        let of = environment.map_or_else(|| labels::ENV.to_owned(), |name| format!("{}={name}", labels::ENV));
        ListQuery {
            api_version: kind.api_version.clone(),
            plural: kind.plural.clone(),
            label_selector: Some(format!("{}={managed},{}={ours},{of}", labels::MANAGED_BY, labels::INSTALLATION)),
            ..ListQuery::default()
        }
    }

    async fn page(
        &self,
        kind: &KindRef,
        query: &ListQuery,
        token: Option<&str>,
    ) -> Result<ListPage<BackendItem>, CallError> {
        let session = self.session;
        let deadline = call_deadline(session)?;
        let page = session.kubernetes.list_page(query, ListContent::Metadata, token, &deadline).await;
        let page = page.map_err(|error| call_error(&error))?;
        let items = page.objects.iter().filter_map(|object| item(kind, object)).collect();
        Ok(ListPage { items, next: page.next.map(PageToken) })
    }

    async fn find_items(&self, environment: &EnvironmentName) -> Result<Vec<BackendItem>, CallError> {
        let mut items = Vec::new();
        for index in 0..OUTSIDE_KINDS.len() {
            let Some(kind) = self.kind_at(index).await? else { continue };
            let query = self.query(&kind, Some(environment.as_str()));
            let mut token = None::<PageToken>;
            loop {
                let page = self.page(&kind, &query, token.as_ref().map(|token| token.0.as_str())).await?;
                items.extend(page.items);
                token = page.next;
                if token.is_none() {
                    break;
                }
            }
        }
        items.sort();
        Ok(items)
    }

    async fn sweep_page(&self, page: Option<&PageToken>) -> Result<ListPage<BackendItem>, CallError> {
        let (index, token) = position(page);
        let after = (index.saturating_add(1) < OUTSIDE_KINDS.len()).then(|| (index.saturating_add(1), String::new()));
        let found = match self.kind_at(index).await? {
            Some(kind) => {
                let token = Some(token).filter(|token| !token.is_empty());
                self.page(&kind, &self.query(&kind, None), token).await?
            }
            None => ListPage { items: Vec::new(), next: None },
        };
        let next = found.next.map(|PageToken(token)| (index, token)).or(after);
        Ok(ListPage { items: found.items, next: next.map(|(index, token)| PageToken(format!("{index}/{token}"))) })
    }

    async fn end_item(&self, found: &BackendItem) -> Result<(), CallError> {
        let session = self.session;
        let changed = || {
            let problem = format!("{} `{}` was created again or has another owner now", found.kind, found.name);
            Err(CallError::new(CallErrorKind::Conflict, problem))
        };
        for index in 0..OUTSIDE_KINDS.len() {
            let Some(kind) = self.kind_at(index).await?.filter(|kind| kind.kind == found.kind) else { continue };
            let object = reference(&kind, &found.name);
            // A list instead of a read: the reaper has the rights to list and to delete only.
            let query = ListQuery {
                api_version: kind.api_version.clone(),
                plural: kind.plural.clone(),
                namespace: object.namespace.clone(),
                label_selector: None,
                field_selector: Some(format!("metadata.name={}", object.name)),
            };
            let deadline = call_deadline(session)?;
            let live = session.kubernetes.list_page(&query, ListContent::Metadata, None, &deadline).await;
            let live = live.map_err(|error| call_error(&error))?.objects;
            let Some(live) = live.first() else { return Ok(()) };
            if !session.is_ours(live) || item(&kind, live).as_ref() != Some(found) {
                return changed();
            }
            let preconditions = Preconditions { uid: Some(found.version.clone()), resource_version: None };
            let deleted = session.kubernetes.delete(&object, &preconditions, &deadline).await;
            return match deleted.map_err(|error| call_error(&error))? {
                Deleted::Accepted | Deleted::Gone | Deleted::InProgress => Ok(()),
                Deleted::Changed | Deleted::UidMismatch => changed(),
            };
        }
        // A kind that the cluster does not have any more has no objects.
        Ok(())
    }
}

impl Backend for OpsObjects<'_> {
    fn kind(&self) -> BackendKind {
        BackendKind::Objects
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

/// Kind and token of the server in the token of a page.
fn position(page: Option<&PageToken>) -> (usize, &str) {
    let parts = page.and_then(|PageToken(text)| text.split_once('/'));
    parts.and_then(|(index, token)| Some((index.parse().ok()?, token))).unwrap_or_default()
}

/// Item of an object; none without the name of an environment.
fn item(kind: &KindRef, object: &Value) -> Option<BackendItem> {
    let metadata = object.get("metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let environment = metadata.get("labels")?.get(labels::ENV)?.as_str()?;
    let name = text("name")?;
    Some(BackendItem {
        kind: kind.kind.clone(),
        name: text("namespace").map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}")),
        environment: environment.to_owned(),
        version: text("uid")?.to_owned(),
    })
}

fn reference(kind: &KindRef, name: &str) -> ObjectRef {
    match name.split_once('/') {
        Some((namespace, name)) => kind.object(Some(namespace), name),
        None => kind.object(None, name),
    }
}

#[cfg(test)]
mod tests;
