//! Refused pull requests: the author reads the reasons, and the running environment is not changed.

use super::{CONFIG, Previews, controllers, uid};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: bare }\n\
                   spec: { containers: [{ name: a, image: registry.acme.internal/a }] }\n";

#[test]
fn refused_push_changes_nothing() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let good = previews.open(7, &[]);
    previews.expect_synced(7, &good);
    let before = previews.deployment(7);

    let own = format!("shop/.argocd-source-{}.yaml", previews.namespace(7));
    let files = [
        ("shop/pod.yaml", POD),
        ("shop/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings, generateName: x }\n"),
        (".argocd-source.yaml", "not in the Application's folder\n"),
        (own.as_str(), "{plugin: {parameters: [{name: replicas, string: '2'}]}}"),
    ];
    previews.push(7, &files);
    let text = previews.expect_condition(7, "eod-cmp refuses this");
    let place = format!("{own}\n  rule:   source-override\n");
    assert!(text.starts_with("Failed to load target state: ") && text.contains(&place), "{text}");
    previews.story.repository.remove(&own);
    previews.push(7, &[]);
    let text = previews.expect_condition(7, "for 2 reasons");
    for place in
        ["shop/config.yaml:3: ConfigMap/settings\n  rule:   metadata\n", "shop/pod.yaml:1: Pod/bare\n  rule:   kind\n"]
    {
        assert!(text.contains(place), "{text}");
    }

    // The existing objects are unchanged.
    let now = previews.deployment(7);
    assert_eq!((uid(&now), &now["spec"]), (uid(&before), &before["spec"]));
    assert!(previews.read(7, "api/v1", "configmaps/settings").is_some());
    assert_eq!(previews.read(7, "api/v1", "pods/bare"), None);

    // The next valid push is rolled out.
    previews.story.repository.remove("shop/pod.yaml");
    let clean = previews.push(7, &[("shop/config.yaml", &CONFIG.replace("production", "clean"))]);
    previews.expect_synced(7, &clean);
    assert_eq!(previews.read(7, "api/v1", "configmaps/settings").unwrap()["data"]["mode"], "clean");
    previews.end(&[7]);
}

/// An empty result would make Argo CD delete everything.
#[test]
fn push_without_manifests_deletes_nothing() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let good = previews.open(7, &[("shop/README.md", "# Shop\n")]);
    previews.expect_synced(7, &good);
    let before = previews.deployment(7);
    previews.story.repository.remove("shop/shop.yaml");
    previews.story.repository.remove("shop/config.yaml");
    previews.push(7, &[]);
    let text = previews.expect_condition(7, "the source has no object that runs in a preview");
    assert!(text.contains("shop\n  rule:   empty\n"), "{text}");
    assert_eq!(uid(&previews.deployment(7)), uid(&before));
    previews.end(&[7]);
}
