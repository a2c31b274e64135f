//! Reads whole environments with few requests.
//!
//! One environment is read directly: its namespace, and one list per kind in it. When many are wanted, one paged list
//! per kind of the whole cluster answers all of them.
//!
//! # Guarantees
//! - A read that begins after a write of this client ended sees that write: every write drops the snapshot.
//! - Where the whole cluster may not be listed, reads are direct, for good; if such a list fails otherwise, for a
//!   few seconds. A failed snapshot is never an answer.
//! - A namespace that is not in the snapshot (new, or its label was taken off) is read directly before it is called
//!   absent.
//!
//! # Caveats
//! A change by somebody else shows after at most [`FRESH`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::{try_join, try_join_all};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    answer::{Listed, ObjectPlace},
    client::{Kubernetes, SYSTEM},
    object::{KindRef, ListQuery, ObjectRef},
};
use crate::{Deadline, Error, ErrorKind};

/// How long a snapshot answers.
const FRESH: Duration = Duration::from_secs(5);

/// More distinct environments than this make a snapshot worth it.
const FEW: usize = 4;

/// How long the first reads wait for company. Terraform starts its reads together; a lone read loses this much.
const GATHERING: Duration = Duration::from_millis(15);

/// What a snapshot is of, in errors.
const EVERYTHING: &str = "environments of the cluster";

/// A namespace and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveNamespace {
    /// The namespace as it is, also when it is being deleted.
    pub namespace: Value,
    /// The objects of the reader's kinds that its selector matches, by kind and name.
    pub objects: BTreeMap<(String, String), Value>,
}

/// Reads environments. Share one per client; clones share the snapshot.
#[derive(Clone, Debug)]
pub struct NamespaceReader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: Kubernetes,
    kinds: Vec<KindRef>,
    selector: String,
    wanted: Mutex<WantedNames>,
    snapshot: tokio::sync::Mutex<State>,
}

/// The distinct names asked for since the last write.
#[derive(Debug, Default)]
struct WantedNames {
    names: BTreeSet<String>,
    writes: u64,
}

#[derive(Debug, Default)]
enum State {
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
    environments: BTreeMap<String, Kept>,
}

/// An environment that nobody has asked for yet.
#[derive(Debug)]
struct Kept {
    namespace: Listed,
    objects: Vec<Listed>,
}

impl NamespaceReader {
    /// A reader of environments made of these kinds, whose namespaces and objects carry labels that `selector`
    /// matches.
    pub fn new(client: Kubernetes, kinds: Vec<KindRef>, selector: impl Into<String>) -> Self {
        let (wanted, snapshot) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { shared: Arc::new(Shared { client, kinds, selector: selector.into(), wanted, snapshot }) }
    }

    /// The environment in the namespace of this name, or `None` when there is no such namespace.
    pub async fn read(&self, name: &str, call: &Deadline) -> Result<Option<LiveNamespace>, Error> {
        if !self.shared.is_wanted_by_many(name, call).await? {
            return self.shared.read_directly(name, call).await;
        }
        let snapshot = self.shared.snapshot(call).await?;
        match snapshot.as_ref().and_then(|snapshot| snapshot.environments.get(name)) {
            Some(kept) => kept.read().map(Some).map_err(|_| unreadable(quoted(name))),
            None => self.shared.read_directly(name, call).await,
        }
    }
}

impl Shared {
    /// Notes the wish, and tells whether there are many.
    async fn is_wanted_by_many(&self, name: &str, call: &Deadline) -> Result<bool, Error> {
        let first = self.note(name);
        if first > FEW {
            return Ok(true);
        }
        let stopped = |stop| Error::new(SYSTEM, "read", quoted(name), ErrorKind::from(stop)).because(stop);
        call.pause(GATHERING).await.map_err(stopped)?;
        Ok(self.note(name) > FEW)
    }

    fn note(&self, name: &str) -> usize {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = self.client.writes();
        if wanted.writes != writes {
            // Reads between writes come one by one and would each throw a snapshot away.
            *wanted = WantedNames { names: BTreeSet::new(), writes };
        }
        wanted.names.insert(name.to_owned());
        wanted.names.len()
    }

    async fn read_directly(&self, name: &str, call: &Deadline) -> Result<Option<LiveNamespace>, Error> {
        let Some(namespace) = self.client.get(&ObjectRef::namespace(name), call).await? else {
            return Ok(None);
        };
        let lists = self.kinds.iter().map(|kind| self.list(kind, Some(name), call));
        let objects = try_join_all(lists).await?.into_iter().flatten();
        let mut environment = LiveNamespace { namespace, objects: BTreeMap::new() };
        for listed in objects {
            environment.add(&listed).map_err(|_| unreadable(quoted(name)))?;
        }
        Ok(Some(environment))
    }

    /// A snapshot that is not older than this call; none when there can be none now. One caller takes it, the
    /// others wait for it.
    async fn snapshot(&self, call: &Deadline) -> Result<Option<Arc<Snapshot>>, Error> {
        let mut state = call
            .run(self.snapshot.lock())
            .await
            .map_err(|stop| Error::new(SYSTEM, "list", EVERYTHING, ErrorKind::from(stop)).because(stop))?;
        let writes = self.client.writes();
        match &*state {
            State::Ready(ready) if ready.writes == writes && ready.taken.elapsed() < FRESH => {
                return Ok(Some(Arc::clone(ready)));
            }
            State::Forbidden => return Ok(None),
            State::Failed(when) if when.elapsed() < FRESH => return Ok(None),
            State::Empty | State::Failed(_) | State::Ready(_) => {}
        }
        // The old snapshot's memory goes before the new one comes.
        *state = State::Empty;
        match self.take(writes, call).await {
            Ok(snapshot) => {
                let snapshot = Arc::new(snapshot);
                *state = State::Ready(Arc::clone(&snapshot));
                Ok(Some(snapshot))
            }
            Err(error) if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout) => Err(error),
            Err(error) => {
                let forbidden = error.kind == ErrorKind::Denied;
                tracing::debug!(forbidden, error = %error.chain(), "no list of the whole cluster, reading one by one");
                *state = if forbidden { State::Forbidden } else { State::Failed(Instant::now()) };
                Ok(None)
            }
        }
    }

    async fn take(&self, writes: u64, call: &Deadline) -> Result<Snapshot, Error> {
        let namespaces = KindRef { api_version: "v1".into(), plural: "namespaces".into(), kind: "Namespace".into() };
        let lists = try_join_all(self.kinds.iter().map(|kind| self.list(kind, None, call)));
        let (namespaces, objects) = try_join(self.list(&namespaces, None, call), lists).await?;
        let mut environments = BTreeMap::new();
        for namespace in namespaces {
            let ObjectPlace { name, .. } = namespace.place().map_err(|_| unreadable(EVERYTHING))?;
            environments.insert(name, Kept { namespace, objects: Vec::new() });
        }
        for object in objects.into_iter().flatten() {
            let ObjectPlace { namespace, .. } = object.place().map_err(|_| unreadable(EVERYTHING))?;
            if let Some(kept) = namespace.and_then(|name| environments.get_mut(&name)) {
                kept.objects.push(object);
            }
        }
        Ok(Snapshot { taken: Instant::now(), writes, environments })
    }

    async fn list(&self, kind: &KindRef, namespace: Option<&str>, call: &Deadline) -> Result<Vec<Listed>, Error> {
        let query = ListQuery {
            api_version: kind.api_version.clone(),
            plural: kind.plural.clone(),
            namespace: namespace.map(str::to_owned),
            label_selector: Some(self.selector.clone()).filter(|selector| !selector.is_empty()),
            field_selector: None,
        };
        self.client.listed(&query, call).await
    }
}

impl Kept {
    fn read(&self) -> Result<LiveNamespace, serde_json::Error> {
        let mut environment = LiveNamespace { namespace: self.namespace.read()?, objects: BTreeMap::new() };
        self.objects.iter().try_for_each(|listed| environment.add(listed))?;
        Ok(environment)
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
    format!("environment `{name}`")
}

fn unreadable(target: impl Into<String>) -> Error {
    Error::new(SYSTEM, "read", target, ErrorKind::Unavailable).because("the answer is not a list of objects")
}
