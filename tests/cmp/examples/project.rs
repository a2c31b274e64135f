//! What the project of the example keeps out, with no plugin in between.

use serde_json::json;

use super::story::Story;
use crate::kit::cluster::PATIENCE;
use crate::kit::wait::wait_until;

const ROLE: &str =
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: stray }\nrules: []\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: { name: stray }\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: stray }\n\
                   spec: { containers: [{ name: a, image: registry.acme.internal/a }] }\n";

#[test]
fn the_project_keeps_out_what_the_plugin_never_renders() {
    let story = Story::begin(&[("role/a.yaml", ROLE), ("namespace/a.yaml", NAMESPACE), ("pod/a.yaml", POD)]);
    let apply = |name: &str, path: &str, repository: &str, namespace: &str| {
        let application = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": { "name": name, "namespace": story.argocd.namespace() },
            "spec": {
                "project": "previews",
                "source": { "repoURL": repository, "targetRevision": "main", "path": path },
                "destination": { "name": "in-cluster", "namespace": namespace },
                "syncPolicy": { "automated": {} },
            },
        });
        story.cluster.apply(&application.to_string());
    };
    let ours = story.repository.url();
    apply("elsewhere", "pod", &ours, "default");
    story.expect_condition("elsewhere", &["destination", "do not match any of the allowed destinations"]);
    apply("foreign", "pod", "https://github.com/mallory/shop.git", "stray-pr-1");
    story.expect_condition("foreign", &["repo", "is not permitted in project"]);
    for (name, kind) in [("role", "ClusterRole"), ("namespace", "Namespace"), ("pod", "Pod")] {
        apply(name, name, &ours, "stray-pr-1");
        wait_until(&format!("{name} to be refused"), PATIENCE, || {
            let application = story.application(name).ok_or("no application")?;
            let operation = application["status"]["operationState"].to_string();
            let is_refused = operation.contains("is not permitted in project previews") && operation.contains(kind);
            if is_refused { Ok(()) } else { Err(application["status"].to_string()) }
        });
    }
    assert_eq!(story.cluster.get(&["clusterrole", "stray"]), None);
    assert!(!story.cluster.namespace_exists("stray"));
}
