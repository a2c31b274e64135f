//! Detection of sources, and refused sources.

use super::kit::{
    application, files, parameters, policy_of, policy_text, render_under, render_with, rendered, rules, strict_policy,
    titles,
};
use crate::render::{RenderInput, render_manifests};
use crate::source::Tree;
use crate::tools::NoTools;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";

#[test]
fn sources_without_objects_are_refused() {
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop-pr-7}\n";
    for (path, text) in [
        ("app/README.md", "x"),
        ("app/values.yaml", "a: 1"),
        ("app/empty.yaml", ""),
        ("app/deeper/config.yaml", CONFIG),
        ("app/config.txt", CONFIG),
        ("app/all.yaml", scaler),
        ("app/all.yaml", namespace),
        ("app/list.yaml", "apiVersion: v1\nkind: List\nitems: []"),
    ] {
        for guards in ["render", "terraform", "none"] {
            let result = render_with(&files(&[(path, text)]), &[("guards", guards)], &NoTools);
            assert_eq!(rules(result).into_iter().collect::<Vec<_>>(), ["empty"], "{path}");
        }
    }
    assert!(rules(render_with(&files(&[("other/all.yaml", CONFIG)]), &[], &NoTools)).contains("file"));
}

#[test]
fn asleep_environments_may_have_no_objects_of_the_source() {
    let hook =
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x, annotations: {argocd.argoproj.io/hook: PreSync}}\n";
    let asleep = rendered(render_with(&files(&[("app/a.yaml", hook)]), &[("state", "asleep")], &NoTools));
    assert!(titles(&asleep).contains(&"Namespace/shop-pr-7".to_owned()));
    let nothing = render_with(&files(&[("app/README.md", "")]), &[("state", "asleep")], &NoTools);
    assert!(rules(nothing).contains("empty"));
}

#[test]
fn files_that_override_parameters_are_refused() {
    for name in [".argocd-source.yaml", ".argocd-source-shop-pr-7.yaml", ".argocd-source-argocd_shop.yaml"] {
        let path = format!("app/{name}");
        let result = render_with(&files(&[("app/all.yaml", CONFIG), (&path, "plugin: {}")]), &[], &NoTools);
        assert_eq!(rules(result).into_iter().collect::<Vec<_>>(), ["source-override"]);
    }
    rendered(render_with(&files(&[("app/all.yaml", CONFIG), (".argocd-source.yaml", "x: 1")]), &[], &NoTools));
}

#[test]
fn links_outside_the_tree_are_refused() {
    for target in ["/etc/passwd", "../../etc/passwd", "missing.yaml", "all.yaml"] {
        let mut tree = files(&[("app/other.yaml", CONFIG)]);
        tree.add_link("app/all.yaml", target).unwrap();
        assert_eq!(rules(render_with(&tree, &[], &NoTools)).into_iter().collect::<Vec<_>>(), ["file"], "{target}");
    }
    let mut tree = files(&[("lib/config.yaml", CONFIG)]);
    tree.add_link("app", "lib").unwrap();
    assert!(titles(&rendered(render_with(&tree, &[], &NoTools))).contains(&"ConfigMap/x".to_owned()));
    let mut unread = files(&[("app/all.yaml", CONFIG)]);
    unread.add_link("app/unread", "/etc/passwd").unwrap();
    rendered(render_with(&unread, &[], &NoTools));
}

#[test]
fn all_invalid_files_are_reported_together() {
    let tree =
        files(&[("app/a.yaml", "a: b: c"), ("app/b.yaml", "kind: yes"), ("app/c.json", "{"), ("app/d.yaml", CONFIG)]);
    let refusals = render_with(&tree, &[], &NoTools).unwrap_err();
    let named: Vec<_> = refusals.as_slice().iter().filter_map(|refusal| refusal.location.file.clone()).collect();
    assert_eq!(named, ["app/a.yaml", "app/b.yaml", "app/c.json"]);
}

#[test]
fn projects_without_a_policy_are_refused() {
    let (tree, parameters) = (files(&[("app/all.yaml", CONFIG)]), parameters(&[("nonsense", "x")]));
    let application = crate::Application { project: "default".to_owned(), ..application() };
    let policy = policy_of(&policy_text());
    let tree = Tree { files: &tree, directory: "app", above: "" };
    let refused = render_manifests(
        &RenderInput { tree, parameters: &parameters, application: &application, policy: &policy },
        &NoTools,
    );
    assert_eq!(rules(refused).into_iter().collect::<Vec<_>>(), ["parameter", "policy"]);
}

#[test]
fn lists_of_any_kind_are_split() {
    let list = "apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: x}}, {apiVersion: v1, kind: Service, metadata: {name: web}}]\n";
    let found = rendered(render_with(&files(&[("app/list.yaml", list)]), &[("guards", "none")], &NoTools));
    assert_eq!(titles(&found), ["ConfigMap/x", "Service/web"]);
    assert_eq!(found.manifests()[0].api_version(), "v1");
}

#[test]
fn status_and_empty_values_are_dropped() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {a: b}}\n  \
                template:\n    metadata: {labels: {a: b}}\n    spec:\n      priorityClassName: \"\"\n      tolerations: []\n      \
                overhead: {}\n      containers: [{name: c, image: 'postgres:16', env: [{name: A, value: \"\"}], args: []}]\n      \
                volumes: [{name: v, emptyDir: {}}]\nstatus: {replicas: 1}\n---\napiVersion: v1\nkind: Service\nmetadata: \
                {name: web}\nspec: {selector: {a: b}, externalIPs: [], externalName: \"\"}\n";
    let found = rendered(render_with(&files(&[("app/all.yaml", text)]), &[("guards", "none")], &NoTools));
    let deployment = found.manifests().iter().find(|manifest| manifest.kind() == "Deployment").unwrap();
    let pod = &deployment.content["spec"]["template"]["spec"];
    assert!(deployment.content.get("status").is_none());
    assert!(["priorityClassName", "tolerations", "overhead"].iter().all(|key| pod.get(key).is_none()), "{pod}");
    assert_eq!(crate::to_json(&pod["volumes"]), r#"[{"emptyDir":{},"name":"v"}]"#);
    assert_eq!(pod["containers"][0]["env"][0]["value"], "");
    for hostile in ["tolerations: [{}]", "priorityClassName: x", "hostNetwork: true"] {
        let text = text.replace("tolerations: []", hostile);
        let refused = render_under(&strict_policy(), &files(&[("app/all.yaml", &text)]), &[], &NoTools);
        assert!(refused.is_err(), "{hostile}");
    }
}

#[test]
fn old_api_versions_name_the_supported_one() {
    for (old, kind, supported) in [
        ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1"),
        ("networking.k8s.io/v1beta1", "Ingress", "networking.k8s.io/v1"),
        ("extensions/v1beta1", "Deployment", "apps/v1"),
        ("batch/v1beta1", "CronJob", "batch/v1"),
    ] {
        let text = format!("apiVersion: {old}\nkind: {kind}\nmetadata: {{name: x}}\n");
        let refusals = render_with(&files(&[("app/old.yaml", &text)]), &[], &NoTools).unwrap_err();
        let [refusal] = refusals.as_slice() else { panic!("{refusals}") };
        assert_eq!(refusal.message, format!("unsupported API version `{old}` of `{kind}`"));
        assert_eq!(refusal.remedy, format!("write `apiVersion: {supported}`"));
    }
}
