//! What the two controllers need in a cluster.

use serde_json::json;

use super::server;
use crate::{
    cluster::{Cluster, PATIENCE},
    wait::wait_until,
};

/// A namespace in which one set of controllers looks for Applications, so that several
/// sets can share a cluster. It goes away with them.
pub(super) struct Controllers {
    pub(super) cluster: &'static Cluster,
    pub(super) namespace: String,
}

impl Controllers {
    /// Makes the custom resources known, and the namespace with what is never left out:
    /// the settings and the project `default`, which allows everything.
    #[track_caller]
    pub(super) fn prepare(cluster: &'static Cluster) -> Self {
        let binary = server::binary().unwrap_or_else(|error| panic!("there is no Argo CD to test with: {error}"));
        let crds = binary.with_file_name("crds").display().to_string();
        cluster.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &crds]);
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
              // Nothing is signed with it here, but without it nobody listens for webhooks.
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
        // Applications that still hold objects keep the namespace; the cluster may be gone, too.
        drop(self.cluster.try_kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]));
    }
}
