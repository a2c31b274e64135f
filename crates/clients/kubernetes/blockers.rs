//! Objects, finalizers and APIs that block the deletion of a namespace.
//!
//! The namespace controller names resources and finalizers but no objects. The objects are listed here, metadata only
//! and in that namespace only. A part that cannot be read is reported as unread, and nothing is changed.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    client::Kubernetes,
    conditions::{Conditions, Remaining},
    object::{ListQuery, escape},
    request::{ApiRequest, JSON, METADATA, Verb},
    response::Listed,
    verbs::not_a_list,
};
use crate::Deadline;

/// Maximum number of named objects. A namespace may contain thousands.
const MAX_NAMED: usize = 20;

/// Everything that blocks the deletion of a namespace.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Blockers {
    /// Name of the namespace.
    pub namespace: String,
    /// Finalizers in `metadata.finalizers` of the namespace itself.
    pub metadata_finalizers: Vec<String>,
    /// Finalizers in `spec.finalizers` of the namespace itself, apart from `kubernetes`, which the namespace controller
    /// removes.
    pub spec_finalizers: Vec<String>,
    /// Objects that still exist, those with finalizers first, at most twenty.
    pub objects: Vec<BlockingObject>,
    /// Number of further objects.
    pub unnamed: u64,
    /// Finalizers of objects, with the number of objects that have them.
    pub finalizers: Vec<(String, u64)>,
    /// APIs that are unavailable, so that the controller cannot list their objects, with the reason if there is one.
    pub discovery: Vec<String>,
    /// Failures of the deletion itself, such as webhooks that reject it.
    pub failures: Vec<String>,
    /// Errors of failed reads.
    pub unread: Vec<String>,
}

/// An object that still exists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BlockingObject {
    /// Kind of the object.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// Finalizers of the object.
    pub finalizers: Vec<String>,
    /// Time since its creation.
    pub age: Option<Duration>,
}

impl Kubernetes {
    /// Finds everything that blocks the deletion of a namespace, which is passed as last read.
    pub async fn blockers(&self, namespace: &Value, now: Timestamp, deadline: &Deadline) -> Blockers {
        let name = text(namespace, "/metadata/name").unwrap_or_default();
        let Conditions { resources, finalizers, undiscovered, discovery_failed, failures } = Conditions::of(namespace);
        let mut blockers = Blockers { namespace: name, finalizers, failures, ..Blockers::default() };
        blockers.metadata_finalizers = strings(namespace, "/metadata/finalizers");
        blockers.spec_finalizers = strings(namespace, "/spec/finalizers");
        blockers.spec_finalizers.retain(|finalizer| finalizer != "kubernetes");
        let mut total = 0;
        for resource in &resources {
            total += resource.count;
            match self.objects_of(resource, &blockers.namespace, now, deadline).await {
                Ok(objects) => blockers.objects.extend(objects),
                Err(problem) => blockers.unread.push(problem),
            }
        }
        blockers.objects.sort_by_key(|object| object.finalizers.is_empty());
        blockers.objects.truncate(MAX_NAMED);
        blockers.unnamed = total.saturating_sub(u64::try_from(blockers.objects.len()).unwrap_or(u64::MAX));
        if discovery_failed {
            blockers.discovery = undiscovered;
            match self.unavailable_api_services(deadline).await {
                // The list has the reasons and all names; the condition has only a number.
                Ok(services) if !services.is_empty() => blockers.discovery = services,
                Ok(_) => {}
                Err(problem) => blockers.unread.push(problem),
            }
        }
        blockers
    }

    /// The aggregated APIs that are unavailable, such as `v1beta1.metrics.k8s.io (MissingEndpoints: ...)`.
    async fn unavailable_api_services(&self, deadline: &Deadline) -> Result<Vec<String>, String> {
        let query = ListQuery {
            api_version: "apiregistration.k8s.io/v1".into(),
            plural: "apiservices".into(),
            ..ListQuery::default()
        };
        let services = self.list(&query, deadline).await.map_err(|error| error.chain())?;
        Ok(services.iter().filter_map(unavailable).collect())
    }

    async fn objects_of(
        &self,
        resource: &Remaining,
        namespace: &str,
        now: Timestamp,
        deadline: &Deadline,
    ) -> Result<Vec<BlockingObject>, String> {
        let (api_version, kind) = self.discover(resource, deadline).await?;
        let query = ListQuery {
            api_version,
            plural: resource.plural.clone(),
            namespace: Some(namespace.to_owned()),
            ..ListQuery::default()
        };
        // One page is enough for the names; the condition has the number.
        let (listed, _) = self.page(&query, None, METADATA, deadline).await.map_err(|error| error.chain())?;
        let items: Result<Vec<Value>, _> = listed.iter().map(Listed::read).collect();
        let items = items.map_err(|_| not_a_list(&query).chain())?;
        let object = |item: &Value| BlockingObject {
            kind: kind.clone(),
            name: text(item, "/metadata/name").unwrap_or_default(),
            finalizers: strings(item, "/metadata/finalizers"),
            age: age(item, now),
        };
        Ok(items.iter().map(object).collect())
    }

    /// The API version and the kind of a resource: the condition has only plural and group.
    async fn discover(&self, resource: &Remaining, deadline: &Deadline) -> Result<(String, String), String> {
        let Remaining { plural, group, count: _ } = resource;
        let read = |path: String, target: String| async move {
            let ask = ApiRequest { verb: Verb::Get, target, path, body: None, accept: JSON };
            self.send::<Value>(&ask, deadline).await.map_err(|error| error.chain())
        };
        let api_version = if group.is_empty() {
            "v1".to_owned()
        } else {
            let found = read(format!("/apis/{}", escape(group)), format!("API group `{group}`")).await?;
            text(&found, "/preferredVersion/groupVersion")
                .ok_or_else(|| format!("API group `{group}` has no preferred version"))?
        };
        let root = if group.is_empty() { "/api" } else { "/apis" };
        let found = read(format!("{root}/{api_version}"), format!("API `{api_version}`")).await?;
        let resources = found.get("resources").and_then(Value::as_array);
        let kind = resources
            .into_iter()
            .flatten()
            .find(|found| text(found, "/name").as_deref() == Some(plural))
            .and_then(|found| text(found, "/kind"));
        Ok((api_version, kind.unwrap_or_else(|| plural.clone())))
    }
}

impl Blockers {
    /// True if nothing was found: the controller may not have written its conditions yet.
    pub fn is_empty(&self) -> bool {
        let Self {
            namespace: _,
            metadata_finalizers,
            spec_finalizers,
            objects,
            unnamed,
            finalizers,
            discovery,
            failures,
            unread,
        } = self;
        metadata_finalizers.is_empty()
            && spec_finalizers.is_empty()
            && objects.is_empty()
            && *unnamed == 0
            && finalizers.is_empty()
            && discovery.is_empty()
            && failures.is_empty()
            && unread.is_empty()
    }
}

impl fmt::Display for Blockers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sentences = self.finalizer_sentences();
        if let Some(objects) = self.objects_sentence() {
            sentences.insert(0, objects);
        }
        sentences.extend(self.discovery.iter().map(|api| {
            format!(
                "The API {api} is unavailable, so the server cannot check if objects of it remain; this blocks every \
                 namespace that is being deleted."
            )
        }));
        sentences.extend(self.failures.iter().map(|failure| format!("The server reports: {failure}.")));
        sentences.extend(self.unread.iter().map(|problem| format!("Not everything could be read: {problem}.")));
        if sentences.is_empty() {
            sentences.push("The server gives no reason yet.".to_owned());
        }
        write!(f, "namespace `{}` is still being deleted. {}", self.namespace, sentences.join(" "))
    }
}

impl Blockers {
    fn objects_sentence(&self) -> Option<String> {
        let Self { objects, unnamed, .. } = self;
        let names: Vec<String> = objects.iter().map(ToString::to_string).collect();
        match (names.is_empty(), *unnamed) {
            (true, 0) => None,
            (true, number) => Some(format!("{number} objects still exist.")),
            (false, 0) => Some(format!("Objects that still exist: {}.", names.join(", "))),
            (false, more) => Some(format!("Objects that still exist: {} and {more} more.", names.join(", "))),
        }
    }

    fn finalizer_sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if !self.finalizers.is_empty() {
            let list: Vec<_> = self.finalizers.iter().map(|(name, count)| format!("`{name}` on {count}")).collect();
            sentences.push(format!("Finalizers of objects: {}.", list.join(", ")));
        }
        for (field, names) in
            [("metadata.finalizers", &self.metadata_finalizers), ("spec.finalizers", &self.spec_finalizers)]
        {
            if !names.is_empty() {
                let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                sentences.push(format!("Finalizers of the namespace itself, in `{field}`: {}.", names.join(", ")));
            }
        }
        sentences
    }
}

impl fmt::Display for BlockingObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, finalizers, age } = self;
        write!(f, "{kind}/{name} finalizers=[{}]", finalizers.join(", "))?;
        match age {
            Some(age) => write!(f, " age={}", compact(*age)),
            None => Ok(()),
        }
    }
}

fn unavailable(service: &Value) -> Option<String> {
    let conditions = service.pointer("/status/conditions").and_then(Value::as_array)?;
    let failed = conditions.iter().find(|condition| {
        let is = |key: &str, value: &str| condition.get(key).and_then(Value::as_str) == Some(value);
        is("type", "Available") && is("status", "False")
    })?;
    let name = text(service, "/metadata/name")?;
    let (reason, message) = (text(failed, "/reason"), text(failed, "/message"));
    Some(format!("{name} ({}: {})", reason.unwrap_or_default(), message.unwrap_or_default()))
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn strings(value: &Value, pointer: &str) -> Vec<String> {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn age(object: &Value, now: Timestamp) -> Option<Duration> {
    let created: Timestamp = text(object, "/metadata/creationTimestamp")?.parse().ok()?;
    Duration::try_from(now.duration_since(created)).ok()
}

/// An age in its largest unit, as kubectl shows it.
fn compact(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..=119 => format!("{seconds}s"),
        seconds @ 120..=7199 => format!("{}m", seconds / 60),
        seconds @ 7200..=172_799 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
