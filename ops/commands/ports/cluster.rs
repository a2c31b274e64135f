//! Namespaces, Applications of Argo CD and Deployments.

mod application;
mod deployment;

use std::collections::BTreeMap;

use eod_clients::kubernetes::{Deleted, KindRef, ListContent, ListQuery, ObjectRef, Preconditions};
use eod_domain::{EnvironmentName, labels};
use eod_reaper::ports::{
    ApplicationFacts, ApplicationLookup, CallError, CallErrorKind, ClusterPort, ListPage, ObjectVersion, PageToken,
    Workloads,
};
use serde_json::{Value, json};

use super::call::{call_error, version};
use super::call_deadline;
use crate::fleet::namespaces;
use crate::session::{CLOCK_MANAGER, MANAGER, OpsSession};

/// Cluster of a session.
pub(crate) struct OpsCluster<'a>(pub(super) &'a OpsSession);

impl ClusterPort for OpsCluster<'_> {
    async fn namespaces(&self, page: Option<&PageToken>) -> Result<ListPage<Value>, CallError> {
        let Self(session) = self;
        let query = namespaces(session.settings.installation.as_str());
        let token = page.map(|page| page.0.as_str());
        let page = session.kubernetes.list_page(&query, ListContent::Metadata, token, &call_deadline(session)).await;
        let page = page.map_err(|error| call_error(&error))?;
        Ok(ListPage { items: page.objects, next: page.next.map(PageToken) })
    }

    async fn namespace(&self, name: &EnvironmentName) -> Result<Option<Value>, CallError> {
        let Self(session) = self;
        let object = ObjectRef::namespace(name.as_str());
        session.kubernetes.get(&object, &call_deadline(session)).await.map_err(|error| call_error(&error))
    }

    async fn annotate(
        &self,
        name: &EnvironmentName,
        version_read: &ObjectVersion,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<ObjectVersion, CallError> {
        let Self(session) = self;
        let patch = json!({ "metadata": {
            "uid": version_read.uid,
            "resourceVersion": version_read.resource_version,
            "annotations": annotations,
        } });
        let object = ObjectRef::namespace(name.as_str());
        let patched =
            session.kubernetes.merge_patch(&object, &patch, manager(annotations), &call_deadline(session)).await;
        patched.map(|object| version(&object)).map_err(|error| call_error(&error))
    }

    async fn delete_namespace(&self, name: &EnvironmentName, version_read: &ObjectVersion) -> Result<(), CallError> {
        let Self(session) = self;
        let preconditions = Preconditions {
            uid: Some(version_read.uid.clone()),
            resource_version: Some(version_read.resource_version.clone()),
        };
        let object = ObjectRef::namespace(name.as_str());
        let deleted = session.kubernetes.delete(&object, &preconditions, &call_deadline(session)).await;
        let conflict =
            |problem: &str| Err(CallError::new(CallErrorKind::Conflict, format!("namespace `{name}` {problem}")));
        match deleted.map_err(|error| call_error(&error))? {
            Deleted::Accepted | Deleted::Gone | Deleted::InProgress => Ok(()),
            Deleted::Changed => conflict("was changed since it was read"),
            Deleted::UidMismatch => conflict("was created again"),
        }
    }

    async fn blockers(&self, name: &EnvironmentName) -> Result<Vec<String>, CallError> {
        let Self(session) = self;
        let deadline = call_deadline(session);
        let object = ObjectRef::namespace(name.as_str());
        let namespace = session.kubernetes.get(&object, &deadline).await.map_err(|error| call_error(&error))?;
        let Some((namespace, time)) = namespace.zip(session.kubernetes.server_time()) else { return Ok(Vec::new()) };
        let blockers = session.kubernetes.blockers(&namespace, time.server, &deadline).await;
        Ok(if blockers.is_empty() { Vec::new() } else { vec![blockers.to_string().trim_end_matches('.').to_owned()] })
    }

    async fn applications(&self, name: &EnvironmentName) -> Result<ApplicationLookup, CallError> {
        let Self(session) = self;
        if session.settings.argocd.is_empty() {
            return Ok(ApplicationLookup::NotConfigured);
        }
        let mut found = Vec::new();
        for namespace in &session.settings.argocd {
            let query =
                ListQuery { namespace: Some(namespace.to_string()), ..list_of("argoproj.io/v1alpha1", "applications") };
            let listed = session.kubernetes.list(&query, &call_deadline(session)).await;
            let listed = listed.map_err(|error| call_error(&error))?;
            let claims = listed.iter().filter(|object| application::deploys_into(object, name.as_str()));
            found.extend(claims.map(application::facts));
        }
        Ok(ApplicationLookup::Found(found))
    }

    async fn confirm_deletion(&self, application: &ApplicationFacts) -> Result<(), CallError> {
        let Self(session) = self;
        let now = session.kubernetes.server_time().map(|time| time.server.to_string());
        let patch = json!({ "metadata": {
            "uid": application.version.uid,
            "resourceVersion": application.version.resource_version,
            "annotations": { application::APPROVED: now },
        } });
        let kind = KindRef {
            api_version: "argoproj.io/v1alpha1".into(),
            plural: "applications".into(),
            kind: "Application".into(),
        };
        let object = kind.object(Some(&application.namespace), &application.name);
        let patched = session.kubernetes.merge_patch(&object, &patch, MANAGER, &call_deadline(session)).await;
        patched.map(drop).map_err(|error| call_error(&error))
    }

    async fn workloads(&self) -> Result<Workloads, CallError> {
        let Self(session) = self;
        let mut workloads = Workloads::default();
        for namespace in &session.settings.argocd {
            let query =
                ListQuery { namespace: Some(namespace.to_string()), ..list_of("argoproj.io/v1alpha1", "applications") };
            each_page(session, &query, |object| {
                let target = object.pointer("/spec/destination/namespace").and_then(Value::as_str);
                let found = target.map(|target| workloads.applications.entry(target.to_owned()).or_default());
                found.into_iter().for_each(|found| found.push(application::facts(object)));
            })
            .await?;
        }
        let query = ListQuery { label_selector: Some(labels::ENV.to_owned()), ..list_of("apps/v1", "deployments") };
        each_page(session, &query, |object| {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
            let labelled = object.pointer("/metadata/labels").and_then(|found| found.get(labels::ENV)?.as_str());
            if let Some(namespace) = text("/metadata/namespace").filter(|namespace| labelled == Some(*namespace)) {
                workloads.deployments.entry(namespace.to_owned()).or_default().push(deployment::facts(object));
            }
        })
        .await?;
        Ok(workloads)
    }
}

/// Reads a list page by page, so that the objects of one page are forgotten before the next one is read.
async fn each_page(session: &OpsSession, query: &ListQuery, mut read: impl FnMut(&Value)) -> Result<(), CallError> {
    let mut token: Option<String> = None;
    loop {
        let page = session.kubernetes.list_page(query, ListContent::Objects, token.as_deref(), &call_deadline(session));
        let page = page.await.map_err(|error| call_error(&error))?;
        page.objects.iter().for_each(&mut read);
        match page.next {
            Some(next) => token = Some(next),
            None => return Ok(()),
        }
    }
}

/// Field manager of a write: the clock has one of its own, which all tools share.
fn manager(annotations: &BTreeMap<String, Option<String>>) -> &'static str {
    let is_clock = |key: &String| [labels::LAST_ACTIVITY_AT, labels::EXPIRES_AT].contains(&key.as_str());
    if annotations.keys().all(is_clock) { CLOCK_MANAGER } else { MANAGER }
}

fn list_of(api_version: &str, plural: &str) -> ListQuery {
    ListQuery { api_version: api_version.to_owned(), plural: plural.to_owned(), ..ListQuery::default() }
}
