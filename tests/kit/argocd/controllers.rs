//! Objects in a cluster that the two controllers need.

use serde_json::json;

use super::tools::servers;
use crate::{
    cluster::{Cluster, PATIENCE},
    wait::wait_until,
};

/// Namespace with the Applications of one set of controllers, so that several sets can share a cluster. It is deleted when
/// this is dropped.
pub(super) struct Controllers {
    pub(super) cluster: &'static Cluster,
    pub(super) namespace: String,
}

impl Controllers {
    /// Creates the custom resource definitions, the namespace, the settings, and the project `default`, which allows
    /// everything.
    #[track_caller]
    pub(super) fn prepare(cluster: &'static Cluster) -> Self {
        let binary = servers().unwrap_or_else(|error| panic!("there is no Argo CD to test with: {error}"));
        let crds = binary.with_file_name("crds").display().to_string();
        // The API server answers with a timeout if many stories do this at once.
        wait_until("Argo CD's custom resource definitions to be applied", PATIENCE, || {
            let run = cluster.try_kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &crds]);
            if run.code == Some(0) { Ok(()) } else { Err(run.report()) }
        });
        wait_until("Argo CD's resources to be served", PATIENCE, || {
            let served = cluster.read("/apis/argoproj.io/v1alpha1").unwrap_or_default();
            let resources = served["resources"].as_array().into_iter().flatten();
            let names: Vec<_> = resources.filter_map(|resource| resource["name"].as_str()).collect();
            if ["applications", "applicationsets", "appprojects"].iter().all(|name| names.contains(name)) {
                Ok(())
            } else {
                Err(served.to_string())
            }
        });
        let namespace = cluster.installation("argocd");
        let labels = json!({ "app.kubernetes.io/part-of": "argocd" });
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } },
            { "apiVersion": "v1", "kind": "ConfigMap",
              "metadata": { "name": "argocd-cm", "namespace": namespace, "labels": labels } },
            { "apiVersion": "v1", "kind": "Secret",
              "metadata": { "name": "argocd-secret", "namespace": namespace, "labels": labels },
              // Nothing is signed with it here, but the webhook server does not start without it.
              "stringData": { "server.secretkey": namespace } },
        ]});
        cluster.apply(&list.to_string());
        let project = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": { "name": "default", "namespace": namespace },
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{ "namespace": "*", "server": "*" }],
                "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
            },
        });
        cluster.apply(&project.to_string());
        Self { cluster, namespace }
    }
}

impl Drop for Controllers {
    fn drop(&mut self) {
        // Applications with finalizers keep the namespace, and the cluster may have stopped already.
        drop(self.cluster.try_kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]));
    }
}
