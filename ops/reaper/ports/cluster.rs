//! Cluster of the environments: namespaces, Applications of Argo CD and Deployments.

use std::collections::BTreeMap;

use eod_domain::{EnvironmentName, HeadSha};
use jiff::Timestamp;
use serde_json::Value;

use super::call::{CallError, ListPage, ObjectVersion, PageToken};

/// Cluster of the environments. A namespace is an object with `metadata`, as the API server returns it; `managedFields` may
/// be missing.
pub trait ClusterPort {
    /// Lists a page of the namespaces with the ownership labels of this installation. The first page has no token.
    ///
    /// # Errors
    ///
    /// The call failed. A list that expired on the way is an error, never a shorter list.
    async fn namespaces(&self, page: Option<&PageToken>) -> Result<ListPage<Value>, CallError>;

    /// Reads a namespace from the server, not from a cache; none if it does not exist.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn namespace(&self, name: &EnvironmentName) -> Result<Option<Value>, CallError>;

    /// Sets annotations of a namespace, by a merge patch with uid and resourceVersion. `None` removes an annotation.
    /// Returns the new version.
    ///
    /// # Errors
    ///
    /// The call failed, or the version is not the current one.
    async fn annotate(
        &self,
        name: &EnvironmentName,
        version: &ObjectVersion,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<ObjectVersion, CallError>;

    /// Deletes a namespace with uid and resourceVersion as preconditions. Does not wait until it is gone. Succeeds if a
    /// namespace with this uid is being deleted already.
    ///
    /// # Errors
    ///
    /// The call failed, or the version is not the current one.
    async fn delete_namespace(&self, name: &EnvironmentName, version: &ObjectVersion) -> Result<(), CallError>;

    /// Objects and finalizers that hold a namespace in deletion: one sentence each.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn blockers(&self, name: &EnvironmentName) -> Result<Vec<String>, CallError>;

    /// Applications of Argo CD that deploy into the namespace of an environment. One list of all Applications is read for many
    /// environments: `age` says how old it may be.
    ///
    /// # Errors
    ///
    /// The call failed, so that it is not known if an Application claims the namespace.
    async fn applications(&self, name: &EnvironmentName, age: ApplicationsAge) -> Result<ApplicationLookup, CallError>;

    /// Confirms the deletion of an Application, as Argo CD requires (`deletion-approved`).
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn confirm_deletion(&self, application: &ApplicationFacts) -> Result<(), CallError>;

    /// Lists the Deployments with the ownership labels of all environments, by namespace.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn deployments(&self) -> Result<BTreeMap<String, Vec<DeploymentFacts>>, CallError>;
}

/// Maximum age of facts about Applications.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApplicationsAge {
    /// From the list of this run: for what a later run may still correct.
    Run,
    /// From a list that is at most 30 seconds old, and each Application that was found is read again: before a decision of an
    /// end.
    Recent,
    /// From a list that is read now: before a delete.
    New,
}

/// Result of a search for Applications.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ApplicationLookup {
    /// No namespaces of Argo CD are configured: it runs in another cluster, or there is none. It is not known if an
    /// Application claims the namespace.
    NotConfigured,
    /// All Applications that deploy into the namespace.
    Found(Vec<ApplicationFacts>),
}

/// Application of Argo CD.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplicationFacts {
    /// Namespace of the Application.
    pub namespace: String,
    /// Name of the Application.
    pub name: String,
    /// Version of the Application.
    pub version: ObjectVersion,
    /// Sources with the commits that were applied last.
    pub sources: Vec<SyncedSource>,
    /// True if all objects of this commit are applied.
    pub is_synced: bool,
    /// Health of the deployed objects.
    pub health: ApplicationHealth,
    /// Start of its deletion.
    pub deleting_since: Option<Timestamp>,
    /// True if Argo CD waits for a confirmation before it deletes or prunes.
    pub awaits_confirmation: bool,
    /// True if its ApplicationSet never deletes Applications (`applicationsSync: create-only` or `create-update`), or the
    /// Application has no finalizer for its objects.
    pub is_never_deleted: bool,
    /// Address or name of its cluster, if that may be another one; none for this cluster. Such an Application claims the
    /// namespace, because one cluster may have several addresses.
    pub other_cluster: Option<String>,
}

/// Source of an Application, as it was applied last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SyncedSource {
    /// URL of its repository, as written.
    pub url: String,
    /// Commit; none if its revision is not a commit, for example the version of a chart.
    pub sha: Option<HeadSha>,
}

/// Health of an Application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ApplicationHealth {
    /// All objects are healthy.
    Healthy,
    /// Not finished, suspended, missing or unknown.
    Progressing,
    /// A sync failed or an object is degraded: cause and object.
    Degraded(String),
}

/// Deployment of an environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeploymentFacts {
    /// Name.
    pub name: String,
    /// Commit of its pods, from the annotation `/head-sha` of the pod template; none if it is not recorded.
    pub sha: Option<HeadSha>,
    /// True if the newest revision is complete and available.
    pub is_available: bool,
    /// Cause of a failure.
    pub failing: Option<String>,
}
