//! Store of the ledgers: one ConfigMap per environment in the control namespace.
//!
//! Head and events are written together: the transition of a phase and the event that records it are one request. The
//! caller decides about a head; this file only stores it.
//!
//! # Guarantees
//! - A head is replaced only if its ConfigMap was not changed since it was read.
//! - A write that the server stored although its response was lost is a success: a read of the ConfigMap shows it.
//! - Appending an event changes nothing else, so it needs no read and has no conflict.
//! - A ConfigMap with the name of a ledger but without its ownership labels is reported as foreign and has no head.

mod heads;
mod stored;
mod texts;

use std::collections::BTreeMap;

use aws_lc_rs::rand;
use eod_domain::{
    EnvironmentName, Installation, labels,
    ledger::{Event, LedgerHead, SealedEvents, ledger_name, loose_key},
};
use serde_json::{Map, Value, json};

pub use heads::{HeadPage, ListedHead};
use stored::{EVENTS, metadata};
pub use stored::{LedgerProblem, LedgerSnapshot, UnreadableEvent};
pub use texts::{HISTORY_PARTS, HistoryProblem, StoredText};

use super::{
    client::Kubernetes,
    object::{ListQuery, ObjectRef},
    pages::ListContent,
    rejection::Rejection,
    request::SYSTEM,
    verbs::{Deleted, Preconditions},
};
use crate::{Deadline, Error, ErrorKind};

/// Ledgers of one installation.
#[derive(Clone, Debug)]
pub struct LedgerConfigMaps {
    client: Kubernetes,
    namespace: String,
    installation: Installation,
    manager: &'static str,
}

/// Head and loose events of one write.
struct LedgerWrite<'a> {
    head: &'a LedgerHead,
    head_text: String,
    data: Map<String, Value>,
    /// New value of the annotation `/unsealed`; none to keep it.
    flag: Option<Value>,
}

impl LedgerConfigMaps {
    /// Ledgers of an installation in its control namespace, written with this field manager.
    pub fn new(
        client: Kubernetes,
        namespace: impl Into<String>,
        installation: Installation,
        manager: &'static str,
    ) -> Self {
        Self { client, namespace: namespace.into(), installation, manager }
    }

    /// Name of the control namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Reads the ledger of an environment; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn get(
        &self,
        environment: &EnvironmentName,
        deadline: &Deadline,
    ) -> Result<Option<LedgerSnapshot>, Error> {
        let found = self.client.get(&self.object(environment), deadline).await?;
        Ok(found.map(|object| self.read(environment, &object)))
    }

    /// Creates the ledger of an environment, and the control namespace if it is missing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`] if there is a ledger; [`ErrorKind::Invalid`] if the head or an event is too large; or
    /// the request failed.
    pub async fn create(
        &self,
        environment: &EnvironmentName,
        head: &LedgerHead,
        events: &[Event],
        deadline: &Deadline,
    ) -> Result<LedgerSnapshot, Error> {
        let object = self.object(environment);
        let write = LedgerWrite::new(&object, "create", head, events)?;
        let body = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": &object.name,
                "namespace": &self.namespace,
                "labels": self.labels(environment),
                "annotations": { labels::HEAD: &write.head_text },
            },
            "data": &write.data,
        });
        match self.create_object(&object, &body, deadline).await {
            Ok(stored) => Ok(self.read(environment, &stored)),
            Err(error) => self.find_stored(environment, &write, error, deadline).await,
        }
    }

    /// Creates an object in the control namespace, and the namespace if it is missing.
    ///
    /// # Errors
    ///
    /// As [`Kubernetes::create`].
    pub async fn create_object(&self, object: &ObjectRef, body: &Value, deadline: &Deadline) -> Result<Value, Error> {
        match self.client.create(object, body, self.manager, deadline).await {
            Err(error) if is_missing_namespace(&error) => {
                self.create_namespace(deadline).await?;
                self.client.create(object, body, self.manager, deadline).await
            }
            result => result,
        }
    }

    /// Replaces the head and appends events, if the ConfigMap still has this resource version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if the ledger was changed; [`ErrorKind::NotFound`] if it was deleted;
    /// [`ErrorKind::Invalid`] if the head or an event is too large; or the request failed.
    pub async fn replace(
        &self,
        environment: &EnvironmentName,
        resource_version: &str,
        head: &LedgerHead,
        events: &[Event],
        deadline: &Deadline,
    ) -> Result<LedgerSnapshot, Error> {
        let write = LedgerWrite::new(&self.object(environment), "patch", head, events)?;
        self.patch(environment, resource_version, &write, deadline).await
    }

    /// Writes sealed events with their head, and removes the loose events that are sealed now, if the ConfigMap still has
    /// this resource version.
    ///
    /// # Errors
    ///
    /// As [`LedgerConfigMaps::replace`].
    pub async fn seal(
        &self,
        environment: &EnvironmentName,
        resource_version: &str,
        sealed: &SealedEvents,
        deadline: &Deadline,
    ) -> Result<LedgerSnapshot, Error> {
        let mut write = LedgerWrite::new(&self.object(environment), "patch", &sealed.head, &[])?;
        write.data.insert(EVENTS.to_owned(), Value::from(sealed.text.as_str()));
        write.data.extend(sealed.sealed_keys.iter().map(|key| (key.clone(), Value::Null)));
        write.flag = Some(Value::Null);
        self.patch(environment, resource_version, &write, deadline).await
    }

    /// Appends loose events by one merge patch, without reading the ledger. If half of the room for loose events is used then,
    /// a second patch flags the ledger, so that the reaper seals it before others.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no ledger; [`ErrorKind::Invalid`] if an event is too large; or the request
    /// failed.
    pub async fn append(
        &self,
        environment: &EnvironmentName,
        events: &[Event],
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let object = self.object(environment);
        let data = loose(&object, "patch", events)?;
        let stored = self.client.merge_patch(&object, &json!({ "data": data }), self.manager, deadline).await?;
        if let Some(flag) = self.read(environment, &stored).fill.flag() {
            // The flag only saves time. It is for the version with this event: a ledger that was sealed since does not
            // need it.
            let metadata = json!({
                "resourceVersion": metadata(&stored, "resourceVersion"),
                "annotations": { labels::UNSEALED: flag.to_string() },
            });
            let patch = json!({ "metadata": metadata });
            let _flagged = self.client.merge_patch(&object, &patch, self.manager, deadline).await;
        }
        Ok(())
    }

    /// Deletes the ledger of an environment if the preconditions hold.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn delete(
        &self,
        environment: &EnvironmentName,
        preconditions: &Preconditions,
        deadline: &Deadline,
    ) -> Result<Deleted, Error> {
        self.client.delete(&self.object(environment), preconditions, deadline).await
    }

    /// Reads one page of the heads of all ledgers of the installation, without their events: the first one without a
    /// token. If a page fails, the pages before it are an incomplete list.
    ///
    /// # Errors
    ///
    /// As [`Kubernetes::list_page`].
    pub async fn heads(&self, token: Option<&str>, deadline: &Deadline) -> Result<HeadPage, Error> {
        let query = ListQuery {
            api_version: "v1".into(),
            plural: "configmaps".into(),
            namespace: Some(self.namespace.clone()),
            label_selector: Some(self.selector()),
            field_selector: None,
        };
        let page = self.client.list_page(&query, ListContent::Metadata, token, deadline).await?;
        let heads = page.objects.iter().map(|object| ListedHead::read(object, &self.installation)).collect();
        Ok(HeadPage { heads, next: page.next })
    }

    async fn patch(
        &self,
        environment: &EnvironmentName,
        resource_version: &str,
        write: &LedgerWrite<'_>,
        deadline: &Deadline,
    ) -> Result<LedgerSnapshot, Error> {
        let mut annotations = Map::from_iter([(labels::HEAD.to_owned(), Value::from(write.head_text.as_str()))]);
        annotations.extend(write.flag.clone().map(|flag| (labels::UNSEALED.to_owned(), flag)));
        let patch = json!({
            "metadata": { "resourceVersion": resource_version, "annotations": annotations },
            "data": &write.data,
        });
        match self.client.merge_patch(&self.object(environment), &patch, self.manager, deadline).await {
            Ok(stored) => Ok(self.read(environment, &stored)),
            Err(error) => self.find_stored(environment, write, error, deadline).await,
        }
    }

    /// The ledger as stored, if a write with an unknown outcome was stored; else its error.
    async fn find_stored(
        &self,
        environment: &EnvironmentName,
        write: &LedgerWrite<'_>,
        error: Error,
        deadline: &Deadline,
    ) -> Result<LedgerSnapshot, Error> {
        if !error.outcome_unknown() {
            return Err(error);
        }
        match self.client.get(&self.object(environment), deadline).await {
            Ok(Some(object)) if write.is_stored_in(&object) => Ok(self.read(environment, &object)),
            Ok(_) | Err(_) => Err(error),
        }
    }

    /// Creates the control namespace. It has no ownership labels of an environment, so it is never listed as one.
    async fn create_namespace(&self, deadline: &Deadline) -> Result<(), Error> {
        let object = ObjectRef::namespace(&self.namespace);
        let body = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": &self.namespace, "labels": { "app.kubernetes.io/part-of": labels::MANAGED_BY_VALUE } },
        });
        match self.client.create(&object, &body, self.manager, deadline).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Label selector of the ledgers of this installation.
    fn selector(&self) -> String {
        let pairs = [
            (labels::MANAGED_BY, labels::MANAGED_BY_VALUE),
            (labels::INSTALLATION, self.installation.as_str()),
            (labels::LEDGER, labels::LEDGER_ENVIRONMENT),
        ];
        pairs.map(|(key, value)| format!("{key}={value}")).join(",")
    }

    fn object(&self, environment: &EnvironmentName) -> ObjectRef {
        ObjectRef::config_map(&self.namespace, ledger_name(&self.installation, environment))
    }

    fn labels(&self, environment: &EnvironmentName) -> BTreeMap<&'static str, String> {
        [
            (labels::MANAGED_BY, labels::MANAGED_BY_VALUE.to_owned()),
            (labels::INSTALLATION, self.installation.to_string()),
            (labels::ENV, environment.to_string()),
            (labels::LEDGER, labels::LEDGER_ENVIRONMENT.to_owned()),
        ]
        .into()
    }

    fn read(&self, environment: &EnvironmentName, object: &Value) -> LedgerSnapshot {
        LedgerSnapshot::read(object, &self.installation, environment)
    }
}

impl<'a> LedgerWrite<'a> {
    fn new(object: &ObjectRef, operation: &'static str, head: &'a LedgerHead, events: &[Event]) -> Result<Self, Error> {
        let head_text = head.to_json().map_err(|error| invalid(object, operation).because(error))?;
        Ok(Self { head, head_text, data: loose(object, operation, events)?, flag: None })
    }

    /// True if the object has this head and all of this data. The keys of loose events are random, so no other write
    /// has them.
    fn is_stored_in(&self, object: &Value) -> bool {
        let stored = stored::head_text(object).and_then(|text| LedgerHead::from_json(text).ok());
        let data = object.get("data").unwrap_or(&Value::Null);
        stored.as_ref() == Some(self.head)
            && self.data.iter().all(|(key, value)| data.get(key).unwrap_or(&Value::Null) == value)
    }
}

/// Loose events as data of a ConfigMap, each with a new key.
fn loose(object: &ObjectRef, operation: &'static str, events: &[Event]) -> Result<Map<String, Value>, Error> {
    let entry = |event: &Event| {
        let mut random = [0; 8];
        rand::fill(&mut random).map_err(|_| Error::new(SYSTEM, operation, object.to_string(), ErrorKind::Other))?;
        let text = event.to_json().map_err(|error| invalid(object, operation).because(error))?;
        Ok((loose_key(event.t, random), Value::from(text)))
    };
    events.iter().map(entry).collect()
}

fn invalid(object: &ObjectRef, operation: &'static str) -> Error {
    Error::new(SYSTEM, operation, object.to_string(), ErrorKind::Invalid)
}

/// True if a create failed because its namespace does not exist.
fn is_missing_namespace(error: &Error) -> bool {
    let rejection = Rejection::of(error).filter(|rejection| rejection.is_missing_object());
    rejection.is_some_and(|rejection| rejection.message.starts_with("namespaces "))
}
