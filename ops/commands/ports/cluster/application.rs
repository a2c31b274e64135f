//! Fields of an Application of Argo CD, and the facts that follow from them.

use std::collections::BTreeMap;

use eod_clients::kubernetes::{KindRef, ObjectRef};
use eod_reaper::ports::{ApplicationFacts, ApplicationHealth, CallError, CallErrorKind, ObjectVersion, SyncedSource};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Group and version.
pub(super) const API_VERSION: &str = "argoproj.io/v1alpha1";
/// Plural in URLs.
pub(super) const PLURAL: &str = "applications";
/// Annotation that confirms a deletion: a time after the start of the deletion.
pub(super) const APPROVED: &str = "argocd.argoproj.io/deletion-approved";
/// Finalizer of Argo CD for the removal of the objects of a deleted Application; variants have a suffix.
const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
/// Address of Argo CD's own cluster.
const IN_CLUSTER: &str = "https://kubernetes.default.svc";
/// Name that Argo CD gives to its own cluster.
const IN_CLUSTER_NAME: &str = "in-cluster";

/// Fields of an Application. All other fields are passed over while a list is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ApplicationFields {
    metadata: ApplicationMetadata,
    spec: ApplicationSpec,
    status: ApplicationStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApplicationMetadata {
    namespace: String,
    name: String,
    uid: String,
    resource_version: String,
    deletion_timestamp: Option<String>,
    finalizers: Option<Vec<String>>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApplicationSpec {
    destination: ApplicationDestination,
    source: Option<ApplicationSource>,
    sources: Option<Vec<ApplicationSource>>,
    /// Set if Argo CD applies commits of its own, which it makes from those of the repository.
    source_hydrator: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ApplicationDestination {
    namespace: Option<String>,
    server: Option<String>,
    name: Option<String>,
}

/// Sources of the last comparison with the cluster.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ComparedSources {
    source: Option<ApplicationSource>,
    sources: Option<Vec<ApplicationSource>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ApplicationSource {
    #[serde(rename = "repoURL")]
    url: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApplicationStatus {
    sync: ApplicationSync,
    health: ApplicationHealthStatus,
    operation_state: Option<ApplicationOperation>,
    resources: Option<Vec<ApplicationResource>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApplicationSync {
    status: String,
    revision: String,
    revisions: Option<Vec<String>>,
    compared_to: Option<ComparedSources>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ApplicationHealthStatus {
    status: String,
    message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ApplicationOperation {
    phase: String,
    message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApplicationResource {
    kind: String,
    name: String,
    health: Option<ApplicationHealthStatus>,
    requires_deletion_confirmation: bool,
}

/// Reference to an Application.
pub(super) fn reference(namespace: &str, name: &str) -> ObjectRef {
    let kind =
        KindRef { api_version: API_VERSION.to_owned(), plural: PLURAL.to_owned(), kind: "Application".to_owned() };
    kind.object(Some(namespace), name)
}

impl ApplicationFields {
    /// Reads an object.
    pub(super) fn of(object: Value) -> Result<Self, CallError> {
        let invalid =
            |error| CallError::new(CallErrorKind::Invalid, format!("the Application cannot be read: {error}"));
        serde_json::from_value(object).map_err(invalid)
    }

    /// Namespace into which the Application deploys, in this cluster or in one that may be this cluster: the same cluster can
    /// have several addresses.
    pub(super) fn destination_namespace(&self) -> Option<&str> {
        self.spec.destination.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }

    /// Facts about the Application.
    pub(super) fn facts(&self) -> ApplicationFacts {
        let Self { metadata, status, .. } = self;
        let deleting_since: Option<Timestamp> = metadata.deletion_timestamp.as_ref().and_then(|text| text.parse().ok());
        let annotation = metadata.annotations.as_ref().and_then(|annotations| annotations.get(APPROVED));
        let approved: Option<Timestamp> = annotation.and_then(|text| text.parse().ok());
        let is_approved = approved.zip(deleting_since).is_some_and(|(approved, since)| approved >= since);
        let mut resources = status.resources.iter().flatten();
        let needs_confirmation = resources.any(|resource| resource.requires_deletion_confirmation);
        let mut finalizers = metadata.finalizers.iter().flatten();
        ApplicationFacts {
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            version: ObjectVersion { uid: metadata.uid.clone(), resource_version: metadata.resource_version.clone() },
            sources: self.synced_sources(),
            is_synced: status.sync.status == "Synced",
            health: status.health(),
            deleting_since,
            awaits_confirmation: deleting_since.is_some() && !is_approved && needs_confirmation,
            is_never_deleted: !finalizers.any(|finalizer| finalizer.starts_with(FINALIZER)),
            other_cluster: self.spec.destination.other_cluster(),
        }
    }

    /// Sources with their revisions, in the same order. The sources of the last comparison count, because those of the
    /// specification may be newer than its revisions.
    fn synced_sources(&self) -> Vec<SyncedSource> {
        if self.spec.source_hydrator.is_some() {
            return Vec::new();
        }
        let (spec, sync) = (&self.spec, &self.status.sync);
        let compared = sync.compared_to.as_ref();
        let compared = compared.map(|compared| urls(compared.source.as_ref(), compared.sources.as_deref()));
        let compared = compared.filter(|urls| urls.iter().any(|url| !url.is_empty()));
        let urls = compared.unwrap_or_else(|| urls(spec.source.as_ref(), spec.sources.as_deref()));
        let revisions = sync.revisions.as_deref().filter(|revisions| !revisions.is_empty());
        let revisions = revisions.unwrap_or_else(|| std::slice::from_ref(&sync.revision));
        if urls.len() != revisions.len() {
            return Vec::new();
        }
        let source =
            |(url, revision): (&str, &String)| SyncedSource { url: url.to_owned(), sha: revision.parse().ok() };
        urls.into_iter().zip(revisions).map(source).collect()
    }
}

impl ApplicationDestination {
    /// Address or name of the cluster, if it is not that of the cluster of Argo CD.
    fn other_cluster(&self) -> Option<String> {
        let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let is_other = |text: &String| text.trim_end_matches('/') != IN_CLUSTER && text != IN_CLUSTER_NAME;
        set(&self.server).or_else(|| set(&self.name)).filter(is_other)
    }
}

/// URLs of the sources. A list counts before the one source.
fn urls<'a>(one: Option<&'a ApplicationSource>, several: Option<&'a [ApplicationSource]>) -> Vec<&'a str> {
    let several = several.filter(|sources| !sources.is_empty());
    let sources = several.or(one.map(std::slice::from_ref)).unwrap_or_default();
    sources.iter().map(|source| source.url.as_str()).collect()
}

impl ApplicationStatus {
    fn health(&self) -> ApplicationHealth {
        let operation = self.operation_state.as_ref();
        let phase = operation.map(|operation| operation.phase.as_str()).unwrap_or_default();
        let failed_sync = matches!(phase, "Failed" | "Error");
        match self.health.status.as_str() {
            // Status and health are those before a sync until it is over.
            "Healthy" if !failed_sync && phase != "Running" => ApplicationHealth::Healthy,
            "Degraded" => ApplicationHealth::Degraded(self.cause().unwrap_or_else(|| "degraded".to_owned())),
            _ if failed_sync => {
                let message = operation.map(|operation| operation.message.as_str()).unwrap_or_default();
                ApplicationHealth::Degraded(format!("sync failed: {message}"))
            }
            _ => ApplicationHealth::Progressing,
        }
    }

    /// First degraded object, with its message.
    fn cause(&self) -> Option<String> {
        let health = |resource: &ApplicationResource| resource.health.as_ref().map(|health| health.status.clone());
        let is_degraded = |resource: &&ApplicationResource| health(resource).as_deref() == Some("Degraded");
        let degraded = self.resources.iter().flatten().find(is_degraded)?;
        let message = degraded.health.as_ref().map(|health| health.message.as_str()).unwrap_or_default();
        Some(format!("{}/{}: {message}", degraded.kind, degraded.name).trim_end_matches(": ").to_owned())
    }
}

#[cfg(test)]
mod tests;
