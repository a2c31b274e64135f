//! The AppProject of the example, without the plugin.

use std::collections::BTreeSet;

use eod_domain::ObjectKind;
use eod_render::{Content, SourceKind};
use eod_testkit::cluster::PATIENCE;
use eod_testkit::wait::wait_until;
use serde_json::json;

use super::story::GitOpsStory;
use super::{documents, text};

const ROLE: &str =
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: stray }\nrules: []\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: { name: stray }\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: stray }\n\
                   spec: { containers: [{ name: a, image: registry.acme.internal/a }] }\n";

#[test]
fn project_refuses_kinds_that_the_plugin_never_renders() {
    let story = GitOpsStory::begin(&[("role/a.yaml", ROLE), ("namespace/a.yaml", NAMESPACE), ("pod/a.yaml", POD)]);
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

#[test]
fn project_allows_exactly_the_kinds_that_the_plugin_renders() {
    let project = documents(&text("project.yaml")).remove(0);
    let list = project.get("spec").unwrap().get("namespaceResourceWhitelist").unwrap();
    let Content::List(items) = &list.content else { panic!("a list") };
    let word = |item: &eod_render::Node, key: &str| item.get(key).unwrap().text().unwrap().to_owned();
    let allowed: BTreeSet<_> = items.iter().map(|item| (word(item, "group"), word(item, "kind"))).collect();

    let ours = ObjectKind::ALL.iter().copied().filter(|kind| *kind != ObjectKind::Namespace);
    let mut expected: BTreeSet<_> = ours.map(|kind| (kind.group().to_owned(), kind.as_str().to_owned())).collect();
    // Kind of a secret reference, set by `secrets` in the policy.
    expected.insert(("external-secrets.io".to_owned(), "ExternalSecret".to_owned()));
    let added: Vec<_> = expected.iter().map(|(_, kind)| kind.clone()).collect();
    for (group, kind) in allowed.iter().filter(|(_, kind)| !added.contains(kind)) {
        let source: SourceKind = format!("{group}/{kind}").parse().unwrap_or_else(|error| panic!("{error}"));
        assert!(SourceKind::defaults().any(|default| default == source), "{kind} is not allowed in a source");
        expected.insert((group.clone(), kind.clone()));
    }
    assert_eq!(allowed, expected);
    for kind in SourceKind::defaults() {
        assert!(allowed.iter().any(|(_, name)| *name == kind.to_string()), "project.yaml does not allow {kind}");
    }
}
