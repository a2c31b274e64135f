//! Which source a directory is, and what is never one.

use super::kit::{application, files, parameters, policy_of, policy_text, render_with, rendered, rules, titles};
use crate::render::{Request, render_manifests};
use crate::source::Tree;
use crate::tools::NoTools;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";

#[test]
fn a_source_that_gives_nothing_is_refused() {
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
fn what_sleeps_may_have_nothing_left() {
    let hook =
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x, annotations: {argocd.argoproj.io/hook: PreSync}}\n";
    let asleep = rendered(render_with(&files(&[("app/a.yaml", hook)]), &[("state", "asleep")], &NoTools));
    assert!(titles(&asleep).contains(&"Namespace/shop-pr-7".to_owned()));
    let nothing = render_with(&files(&[("app/README.md", "")]), &[("state", "asleep")], &NoTools);
    assert!(rules(nothing).contains("empty"));
}

#[test]
fn a_source_says_nothing_about_how_it_is_rendered() {
    for name in [".argocd-source.yaml", ".argocd-source-shop-pr-7.yaml", ".argocd-source-argocd_shop.yaml"] {
        let path = format!("app/{name}");
        let result = render_with(&files(&[("app/all.yaml", CONFIG), (&path, "plugin: {}")]), &[], &NoTools);
        assert_eq!(rules(result).into_iter().collect::<Vec<_>>(), ["source-override"]);
    }
    rendered(render_with(&files(&[("app/all.yaml", CONFIG), (".argocd-source.yaml", "x: 1")]), &[], &NoTools));
}

#[test]
fn links_lead_nowhere_else() {
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
fn every_broken_file_is_named_at_once() {
    let tree =
        files(&[("app/a.yaml", "a: b: c"), ("app/b.yaml", "kind: yes"), ("app/c.json", "{"), ("app/d.yaml", CONFIG)]);
    let refusals = render_with(&tree, &[], &NoTools).unwrap_err();
    let named: Vec<_> = refusals.as_slice().iter().filter_map(|refusal| refusal.location.file.clone()).collect();
    assert_eq!(named, ["app/a.yaml", "app/b.yaml", "app/c.json"]);
}

#[test]
fn a_project_without_a_policy_renders_nothing() {
    let (tree, parameters) = (files(&[("app/all.yaml", CONFIG)]), parameters(&[("nonsense", "x")]));
    let application = crate::Application { project: "default".to_owned(), ..application() };
    let policy = policy_of(&policy_text());
    let tree = Tree { files: &tree, directory: "app", above: "" };
    let refused = render_manifests(
        &Request { tree, parameters: &parameters, application: &application, policy: &policy },
        &NoTools,
    );
    assert_eq!(rules(refused).into_iter().collect::<Vec<_>>(), ["parameter", "policy"]);
}
