//! Namespaces, Applications of Argo CD and Deployments.

mod application;
mod applications;
mod deployment;

use std::collections::BTreeMap;

use eod_clients::kubernetes::{Deleted, ListContent, ListQuery, ObjectRef, Preconditions};
use eod_domain::{EnvironmentName, labels};
use eod_reaper::ports::{
    ApplicationFacts, ApplicationLookup, ApplicationsAge, CallError, CallErrorKind, ClusterPort, DeploymentFacts,
    ListPage, ObjectVersion, PageToken,
};
use serde_json::{Value, json};

use self::applications::SharedApplications;
use super::call::{call_error, version};
use super::call_deadline;
use crate::fleet::namespaces;
use crate::session::{CLOCK_MANAGER, MANAGER, OpsSession};

/// Cluster of a session.
pub(crate) struct OpsCluster<'a> {
    session: &'a OpsSession,
    applications: SharedApplications,
}

impl<'a> OpsCluster<'a> {
    pub(super) fn new(session: &'a OpsSession) -> Self {
        Self { session, applications: SharedApplications::default() }
    }
}

impl ClusterPort for OpsCluster<'_> {
    async fn namespaces(&self, page: Option<&PageToken>) -> Result<ListPage<Value>, CallError> {
        let session = self.session;
        let query = namespaces(session.settings.installation.as_str());
        let token = page.map(|page| page.0.as_str());
        let page = session.kubernetes.list_page(&query, ListContent::Metadata, token, &call_deadline(session)?).await;
        let page = page.map_err(|error| call_error(&error))?;
        Ok(ListPage { items: page.objects, next: page.next.map(PageToken) })
    }

    async fn namespace(&self, name: &EnvironmentName) -> Result<Option<Value>, CallError> {
        let session = self.session;
        let object = ObjectRef::namespace(name.as_str());
        session.kubernetes.get(&object, &call_deadline(session)?).await.map_err(|error| call_error(&error))
    }

    async fn annotate(
        &self,
        name: &EnvironmentName,
        version_read: &ObjectVersion,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<ObjectVersion, CallError> {
        let session = self.session;
        let patch = json!({ "metadata": {
            "uid": version_read.uid,
            "resourceVersion": version_read.resource_version,
            "annotations": annotations,
        } });
        let object = ObjectRef::namespace(name.as_str());
        let patched =
            session.kubernetes.merge_patch(&object, &patch, manager(annotations), &call_deadline(session)?).await;
        patched.map(|object| version(&object)).map_err(|error| call_error(&error))
    }

    async fn delete_namespace(&self, name: &EnvironmentName, version_read: &ObjectVersion) -> Result<(), CallError> {
        let session = self.session;
        let preconditions = Preconditions {
            uid: Some(version_read.uid.clone()),
            resource_version: Some(version_read.resource_version.clone()),
        };
        let object = ObjectRef::namespace(name.as_str());
        let deleted = session.kubernetes.delete(&object, &preconditions, &call_deadline(session)?).await;
        let conflict =
            |problem: &str| Err(CallError::new(CallErrorKind::Conflict, format!("namespace `{name}` {problem}")));
        match deleted.map_err(|error| call_error(&error))? {
            Deleted::Accepted | Deleted::Gone | Deleted::InProgress => Ok(()),
            Deleted::Changed => conflict("was changed since it was read"),
            Deleted::UidMismatch => conflict("was created again"),
        }
    }

    async fn blockers(&self, name: &EnvironmentName) -> Result<Vec<String>, CallError> {
        let session = self.session;
        let deadline = call_deadline(session)?;
        let object = ObjectRef::namespace(name.as_str());
        let namespace = session.kubernetes.get(&object, &deadline).await.map_err(|error| call_error(&error))?;
        let Some((namespace, time)) = namespace.zip(session.kubernetes.server_time()) else { return Ok(Vec::new()) };
        let blockers = session.kubernetes.blockers(&namespace, time.server, &deadline).await;
        Ok(if blockers.is_empty() { Vec::new() } else { vec![blockers.to_string().trim_end_matches('.').to_owned()] })
    }

    async fn applications(&self, name: &EnvironmentName, age: ApplicationsAge) -> Result<ApplicationLookup, CallError> {
        self.applications.find(self.session, name, age).await
    }

    async fn confirm_deletion(&self, application: &ApplicationFacts) -> Result<(), CallError> {
        let session = self.session;
        let now = session.kubernetes.server_time().map(|time| time.server.to_string());
        let patch = json!({ "metadata": {
            "uid": application.version.uid,
            "resourceVersion": application.version.resource_version,
            "annotations": { application::APPROVED: now },
        } });
        let object = application::reference(&application.namespace, &application.name);
        let patched = session.kubernetes.merge_patch(&object, &patch, MANAGER, &call_deadline(session)?).await;
        patched.map(drop).map_err(|error| call_error(&error))
    }

    async fn deployments(&self) -> Result<BTreeMap<String, Vec<DeploymentFacts>>, CallError> {
        let session = self.session;
        let query = ListQuery {
            label_selector: Some(labels::ENV.to_owned()),
            api_version: "apps/v1".to_owned(),
            plural: "deployments".to_owned(),
            ..ListQuery::default()
        };
        let mut deployments: BTreeMap<String, Vec<DeploymentFacts>> = BTreeMap::new();
        let mut token: Option<String> = None;
        loop {
            let deadline = call_deadline(session)?;
            let page = session.kubernetes.list_page(&query, ListContent::Objects, token.as_deref(), &deadline).await;
            let page = page.map_err(|error| call_error(&error))?;
            for object in &page.objects {
                let labelled = object.pointer("/metadata/labels").and_then(|found| found.get(labels::ENV)?.as_str());
                let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
                if let Some(namespace) = namespace.filter(|namespace| labelled == Some(*namespace)) {
                    deployments.entry(namespace.to_owned()).or_default().push(deployment::facts(object));
                }
            }
            match page.next {
                Some(next) => token = Some(next),
                None => return Ok(deployments),
            }
        }
    }
}

/// Field manager of a write: the clock has one of its own, which all tools share.
fn manager(annotations: &BTreeMap<String, Option<String>>) -> &'static str {
    let is_clock = |key: &String| [labels::LAST_ACTIVITY_AT, labels::EXPIRES_AT].contains(&key.as_str());
    if annotations.keys().all(is_clock) { CLOCK_MANAGER } else { MANAGER }
}
