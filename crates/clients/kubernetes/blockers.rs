//! What keeps a namespace from going away, by name, and what to do about it.
//!
//! The namespace controller names resources and finalizers but no objects; those are listed here, metadata only, in
//! that one namespace. Reading is best effort: what cannot be read is told as such, and nothing is ever changed.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    answer::Listed,
    client::{ApiRequest, Kubernetes, Verb},
    conditions::{Conditions, Remaining},
    object::{ListQuery, escape},
    verbs::no_list,
};
use crate::Deadline;

/// Objects named at most; a namespace can hold thousands and nobody reads more.
const NAMED: usize = 20;

/// Metadata only, so that no Secret is read.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// What blocks a namespace.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Blockers {
    /// The namespace.
    pub namespace: String,
    /// Objects that are still there, those with finalizers first, at most twenty.
    pub objects: Vec<BlockingObject>,
    /// How many more there are.
    pub unnamed: u64,
    /// Finalizers and how many objects carry them.
    pub finalizers: Vec<(String, u64)>,
    /// APIs that cannot be asked whether anything of theirs is left, with the reason where the server gives one.
    pub discovery: Vec<String>,
    /// Failures of the deletion itself: webhooks, content that refuses to go.
    pub failures: Vec<String>,
    /// What could not be read here, and why.
    pub unread: Vec<String>,
}

/// One object that is still there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BlockingObject {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The finalizers it waits for.
    pub finalizers: Vec<String>,
    /// Since when it exists.
    pub age: Option<Duration>,
}

impl Kubernetes {
    /// Finds what blocks a namespace, given as last read.
    pub async fn blockers(&self, namespace: &Value, now: Timestamp, call: &Deadline) -> Blockers {
        let name = text(namespace, "/metadata/name").unwrap_or_default();
        let Conditions { resources, finalizers, undiscovered, discovery_failed, failures } = Conditions::of(namespace);
        let mut blockers = Blockers { namespace: name, finalizers, failures, ..Blockers::default() };
        let own = finalizers_of(namespace);
        if !own.is_empty() {
            let name = blockers.namespace.clone();
            blockers.objects.push(BlockingObject {
                kind: "Namespace".into(),
                name,
                finalizers: own,
                age: age(namespace, now),
            });
        }
        let mut total = 0;
        for resource in &resources {
            total += resource.count;
            match self.objects_of(resource, &blockers.namespace, now, call).await {
                Ok(objects) => blockers.objects.extend(objects),
                Err(problem) => blockers.unread.push(problem),
            }
        }
        blockers.objects.sort_by_key(|object| object.finalizers.is_empty());
        blockers.objects.truncate(NAMED);
        let named = blockers.objects.iter().filter(|object| object.kind != "Namespace").count();
        blockers.unnamed = total.saturating_sub(u64::try_from(named).unwrap_or(u64::MAX));
        if discovery_failed {
            blockers.discovery = undiscovered;
            match self.unavailable_api_services(call).await {
                // The server's list has the reasons, and it names what the condition only counts.
                Ok(services) if !services.is_empty() => blockers.discovery = services,
                Ok(_) => {}
                Err(problem) => blockers.unread.push(problem),
            }
        }
        blockers
    }

    /// The aggregated APIs whose server does not answer, `v1beta1.metrics.k8s.io (MissingEndpoints: ...)`.
    async fn unavailable_api_services(&self, call: &Deadline) -> Result<Vec<String>, String> {
        let query = ListQuery {
            api_version: "apiregistration.k8s.io/v1".into(),
            plural: "apiservices".into(),
            ..ListQuery::default()
        };
        let services = self.list(&query, call).await.map_err(|error| error.chain())?;
        Ok(services.iter().filter_map(unavailable).collect())
    }

    async fn objects_of(
        &self,
        resource: &Remaining,
        namespace: &str,
        now: Timestamp,
        call: &Deadline,
    ) -> Result<Vec<BlockingObject>, String> {
        let (api_version, kind) = self.discover(resource, call).await?;
        let query = ListQuery {
            api_version,
            plural: resource.plural.clone(),
            namespace: Some(namespace.to_owned()),
            ..ListQuery::default()
        };
        // One page is more than is ever named; the condition has the count.
        let (listed, _) = self.page(&query, None, METADATA, call).await.map_err(|error| error.chain())?;
        let items: Result<Vec<Value>, _> = listed.iter().map(Listed::read).collect();
        let items = items.map_err(|_| no_list(&query).chain())?;
        let object = |item: &Value| BlockingObject {
            kind: kind.clone(),
            name: text(item, "/metadata/name").unwrap_or_default(),
            finalizers: finalizers_of(item),
            age: age(item, now),
        };
        Ok(items.iter().map(object).collect())
    }

    /// The version and the kind of a resource: the condition has only plural and group.
    async fn discover(&self, resource: &Remaining, call: &Deadline) -> Result<(String, String), String> {
        let Remaining { plural, group, count: _ } = resource;
        let read = |path: String, target: String| async move {
            let ask = ApiRequest { verb: Verb::Get, target, path, body: None, accept: "application/json" };
            self.send::<Value>(&ask, call).await.map_err(|error| error.chain())
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
    /// Whether nothing was found: the controller may not have looked yet.
    pub fn is_empty(&self) -> bool {
        let Self { namespace: _, objects, unnamed, finalizers, discovery, failures, unread } = self;
        objects.is_empty()
            && *unnamed == 0
            && finalizers.is_empty()
            && discovery.is_empty()
            && failures.is_empty()
            && unread.is_empty()
    }

    /// What the user can do, most likely cause first.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        for service in &self.discovery {
            let name = service.split(' ').next().unwrap_or(service);
            advice.push(match name.split_once('/') {
                None => format!(
                    "bring the server of APIService `{name}` back, or, if it is not used any more, run \
                     `kubectl delete apiservice {name}`"
                ),
                Some((group, version)) => format!(
                    "bring the server of the API `{name}` back, or, if it is not used any more, run \
                     `kubectl delete apiservice {version}.{group}`"
                ),
            });
        }
        for (finalizer, _) in &self.finalizers {
            advice.push(advice_on(finalizer));
        }
        if let Some(object) = self.objects.iter().find(|object| !object.finalizers.is_empty()) {
            let BlockingObject { kind, name, .. } = object;
            let place = if kind == "Namespace" { String::new() } else { format!(" -n {}", self.namespace) };
            advice.push(format!(
                "only if nothing will ever finish the clean-up, remove the finalizers yourself, which may leak what \
                 they guard: `kubectl patch{place} {} {name} --type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'`",
                kind.to_lowercase()
            ));
        }
        if advice.is_empty() {
            advice.push(format!(
                "look at `kubectl get namespace {} -o yaml`, and run again to go on waiting",
                self.namespace
            ));
        }
        advice
    }
}

impl fmt::Display for Blockers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, objects, unnamed, finalizers, discovery, failures, unread } = self;
        let mut sentences = Vec::new();
        if !objects.is_empty() {
            let names: Vec<String> = objects.iter().map(ToString::to_string).collect();
            let more = if *unnamed > 0 { format!(" and {unnamed} more") } else { String::new() };
            sentences.push(format!("Still there: {}{more}.", names.join(", ")));
        } else if *unnamed > 0 {
            sentences.push(format!("{unnamed} objects are still there."));
        }
        if !finalizers.is_empty() {
            let list = finalizers.iter().map(|(name, count)| format!("`{name}` on {count}"));
            sentences.push(format!("Finalizers not yet done: {}.", list.collect::<Vec<_>>().join(", ")));
        }
        for api in discovery {
            sentences.push(format!(
                "The API {api} is unavailable, so the server cannot tell whether anything of it remains; this holds up \
                 every namespace that is being deleted."
            ));
        }
        sentences.extend(failures.iter().map(|failure| format!("The server says: {failure}.")));
        sentences.extend(unread.iter().map(|problem| format!("Not everything could be read: {problem}.")));
        if sentences.is_empty() {
            sentences.push("The server gives no reason yet.".to_owned());
        }
        write!(f, "namespace `{namespace}` is still being deleted. {}", sentences.join(" "))
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

fn advice_on(finalizer: &str) -> String {
    match finalizer {
        "kubernetes.io/pvc-protection" => {
            "`kubernetes.io/pvc-protection` waits for the pods that mount the volume: delete those pods".to_owned()
        }
        "service.kubernetes.io/load-balancer-cleanup" => "`service.kubernetes.io/load-balancer-cleanup` waits for the \
            cloud controller to remove the load balancer: check that it runs and has its permissions"
            .to_owned(),
        "resources-finalizer.argocd.argoproj.io" => "`resources-finalizer.argocd.argoproj.io` waits for Argo CD to \
            prune what the Application made: check that Argo CD runs and that its project still exists"
            .to_owned(),
        "foregroundDeletion" => {
            "`foregroundDeletion` waits for the objects that are owned by it: look at those".to_owned()
        }
        _ => format!("check that the controller that owns the finalizer `{finalizer}` runs, then run again"),
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

fn finalizers_of(object: &Value) -> Vec<String> {
    let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    finalizers.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn age(object: &Value, now: Timestamp) -> Option<Duration> {
    let created: Timestamp = text(object, "/metadata/creationTimestamp")?.parse().ok()?;
    Duration::try_from(now.duration_since(created)).ok()
}

/// An age as kubectl shows it: the largest unit.
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
