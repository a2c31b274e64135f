//! Reads namespaces with their labelled objects in few requests.
//!
//! One namespace is read directly: the namespace, and one list per kind in it. If many namespaces are read at once, one
//! paged list per kind of the whole cluster is used for all of them.
//!
//! # Guarantees
//! - A read that begins after a write of this client ended sees that write: every write drops the snapshot.
//! - If lists of the whole cluster are forbidden, all later reads are direct; if such a list fails for another reason,
//!   the reads of the next seconds are direct. A failed snapshot never becomes a result.
//! - A namespace that is not in the snapshot (new, or without its label) is read directly before it is reported as
//!   missing.
//!
//! # Caveats
//! A change by another client is visible after at most [`FRESH`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::{try_join, try_join_all};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    client::Kubernetes,
    object::{KindRef, ListQuery, ObjectRef},
    request::SYSTEM,
    response::{Listed, ObjectPlace},
};
use crate::{Deadline, Error, ErrorKind};

/// Lifetime of a snapshot.
const FRESH: Duration = Duration::from_secs(5);

/// Minimum number of distinct namespaces for a snapshot to be cheaper.
const FEW: usize = 4;

/// Time that the first reads wait for further ones: callers start their reads together. A single read takes this much
/// longer.
const GATHERING: Duration = Duration::from_millis(15);

/// Target of a snapshot in errors.
const EVERYTHING: &str = "namespaces of the cluster";

/// A namespace with its objects.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveNamespace {
    /// The namespace, also while it is being deleted.
    pub namespace: Value,
    /// The objects that match the kinds and the selector of the reader, by kind and name.
    pub objects: BTreeMap<(String, String), Value>,
}

/// Reads namespaces. Use one per client; clones share the snapshot.
#[derive(Clone, Debug)]
pub struct NamespaceReader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: Kubernetes,
    kinds: Vec<KindRef>,
    selector: String,
    requested: Mutex<RequestedNames>,
    snapshot: tokio::sync::Mutex<SnapshotState>,
}

/// Distinct names that were read since the last write.
#[derive(Debug, Default)]
struct RequestedNames {
    names: BTreeSet<String>,
    writes: u64,
}

#[derive(Debug, Default)]
enum SnapshotState {
    #[default]
    Empty,
    Failed(Instant),
    Forbidden,
    Ready(Arc<Snapshot>),
}

#[derive(Debug)]
struct Snapshot {
    taken: Instant,
    writes: u64,
    by_name: BTreeMap<String, ListedNamespace>,
}

/// A listed namespace, not parsed yet.
#[derive(Debug)]
struct ListedNamespace {
    namespace: Listed,
    objects: Vec<Listed>,
}

impl NamespaceReader {
    /// A reader of namespaces that match `selector`, with their objects of these kinds that match it as well.
    pub fn new(client: Kubernetes, kinds: Vec<KindRef>, selector: impl Into<String>) -> Self {
        let (requested, snapshot) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { shared: Arc::new(Shared { client, kinds, selector: selector.into(), requested, snapshot }) }
    }

    /// Reads the namespace of this name; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// A request failed, or the response is not a list of objects.
    pub async fn read(&self, name: &str, deadline: &Deadline) -> Result<Option<LiveNamespace>, Error> {
        if !self.shared.is_one_of_many(name, deadline).await? {
            return self.shared.read_directly(name, deadline).await;
        }
        let snapshot = self.shared.snapshot(deadline).await?;
        match snapshot.as_ref().and_then(|snapshot| snapshot.by_name.get(name)) {
            Some(kept) => kept.read().map(Some).map_err(|_| unreadable(quoted(name))),
            None => self.shared.read_directly(name, deadline).await,
        }
    }
}

impl Shared {
    /// Records the name; true if many names are read at once.
    async fn is_one_of_many(&self, name: &str, deadline: &Deadline) -> Result<bool, Error> {
        let first = self.note(name);
        if first > FEW {
            return Ok(true);
        }
        let interrupted = |reason| Error::new(SYSTEM, "read", quoted(name), ErrorKind::from(reason)).because(reason);
        deadline.pause(GATHERING).await.map_err(interrupted)?;
        Ok(self.note(name) > FEW)
    }

    fn note(&self, name: &str) -> usize {
        let mut requested = self.requested.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = self.client.writes();
        if requested.writes != writes {
            // Reads between writes come one by one, and each write would drop a snapshot.
            *requested = RequestedNames { names: BTreeSet::new(), writes };
        }
        requested.names.insert(name.to_owned());
        requested.names.len()
    }

    async fn read_directly(&self, name: &str, deadline: &Deadline) -> Result<Option<LiveNamespace>, Error> {
        let Some(namespace) = self.client.get(&ObjectRef::namespace(name), deadline).await? else {
            return Ok(None);
        };
        let lists = self.kinds.iter().map(|kind| self.list(kind, Some(name), deadline));
        let objects = try_join_all(lists).await?.into_iter().flatten();
        let mut found = LiveNamespace { namespace, objects: BTreeMap::new() };
        for listed in objects {
            found.add(&listed).map_err(|_| unreadable(quoted(name)))?;
        }
        Ok(Some(found))
    }

    /// A valid snapshot; `None` if none can be made now. One operation makes it, the others wait for it.
    async fn snapshot(&self, deadline: &Deadline) -> Result<Option<Arc<Snapshot>>, Error> {
        let mut state = deadline
            .run(self.snapshot.lock())
            .await
            .map_err(|reason| Error::new(SYSTEM, "list", EVERYTHING, ErrorKind::from(reason)).because(reason))?;
        let writes = self.client.writes();
        match &*state {
            SnapshotState::Ready(ready) if ready.writes == writes && ready.taken.elapsed() < FRESH => {
                return Ok(Some(Arc::clone(ready)));
            }
            SnapshotState::Forbidden => return Ok(None),
            SnapshotState::Failed(when) if when.elapsed() < FRESH => return Ok(None),
            SnapshotState::Empty | SnapshotState::Failed(_) | SnapshotState::Ready(_) => {}
        }
        // Frees the memory of the old snapshot before the new one is made.
        *state = SnapshotState::Empty;
        match self.take(writes, deadline).await {
            Ok(snapshot) => {
                let snapshot = Arc::new(snapshot);
                *state = SnapshotState::Ready(Arc::clone(&snapshot));
                Ok(Some(snapshot))
            }
            Err(error) if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout) => Err(error),
            Err(error) => {
                let forbidden = error.kind == ErrorKind::Denied;
                tracing::debug!(forbidden, error = %error.chain(), "cannot list the whole cluster, reading namespaces one by one");
                *state = if forbidden { SnapshotState::Forbidden } else { SnapshotState::Failed(Instant::now()) };
                Ok(None)
            }
        }
    }

    async fn take(&self, writes: u64, deadline: &Deadline) -> Result<Snapshot, Error> {
        let namespaces = KindRef { api_version: "v1".into(), plural: "namespaces".into(), kind: "Namespace".into() };
        let lists = try_join_all(self.kinds.iter().map(|kind| self.list(kind, None, deadline)));
        let (namespaces, objects) = try_join(self.list(&namespaces, None, deadline), lists).await?;
        let mut by_name = BTreeMap::new();
        for namespace in namespaces {
            let ObjectPlace { name, .. } = namespace.place().map_err(|_| unreadable(EVERYTHING))?;
            by_name.insert(name, ListedNamespace { namespace, objects: Vec::new() });
        }
        for object in objects.into_iter().flatten() {
            let ObjectPlace { namespace, .. } = object.place().map_err(|_| unreadable(EVERYTHING))?;
            if let Some(kept) = namespace.and_then(|name| by_name.get_mut(&name)) {
                kept.objects.push(object);
            }
        }
        Ok(Snapshot { taken: Instant::now(), writes, by_name })
    }

    async fn list(&self, kind: &KindRef, namespace: Option<&str>, deadline: &Deadline) -> Result<Vec<Listed>, Error> {
        let query = ListQuery {
            api_version: kind.api_version.clone(),
            plural: kind.plural.clone(),
            namespace: namespace.map(str::to_owned),
            label_selector: Some(self.selector.clone()).filter(|selector| !selector.is_empty()),
            field_selector: None,
        };
        self.client.listed(&query, deadline).await
    }
}

impl ListedNamespace {
    fn read(&self) -> Result<LiveNamespace, serde_json::Error> {
        let mut found = LiveNamespace { namespace: self.namespace.read()?, objects: BTreeMap::new() };
        self.objects.iter().try_for_each(|listed| found.add(listed))?;
        Ok(found)
    }
}

impl LiveNamespace {
    fn add(&mut self, listed: &Listed) -> Result<(), serde_json::Error> {
        let object = listed.read()?;
        if let Some(name) = object.pointer("/metadata/name").and_then(Value::as_str) {
            self.objects.insert((listed.kind().to_owned(), name.to_owned()), object);
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("namespace `{name}`")
}

fn unreadable(target: impl Into<String>) -> Error {
    Error::new(SYSTEM, "read", target, ErrorKind::Unavailable).because("the response is not a list of objects")
}
