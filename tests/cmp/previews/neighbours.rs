//! Two pull requests at the same time.

use super::{CONFIG, Previews, controllers, image, uid};

#[test]
fn two_environments_do_not_interfere() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let seven = previews.open(7, &[("shop/config.yaml", &CONFIG.replace("production", "seven"))]);
    previews.expect_synced(7, &seven);
    let deployment = previews.deployment(7);
    let config = previews.read(7, "api/v1", "configmaps/settings").unwrap();

    // The objects of the second pull request name the first namespace.
    let there = previews.namespace(7);
    let foreign =
        CONFIG.replace("production", "eight").replace("settings }", &format!("settings, namespace: {there} }}"));
    let claimed = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {} }}\n", previews.namespace(8));
    let eight = previews.open(8, &[("shop/config.yaml", &foreign), ("shop/namespace.yaml", &claimed)]);
    previews.expect_synced(8, &eight);
    assert_eq!(previews.read(8, "api/v1", "configmaps/settings").unwrap()["data"]["mode"], "eight");
    assert!(image(&previews.deployment(8)).as_str().unwrap().ends_with(&eight));

    // The second one is updated and closed.
    let next = previews.push(8, &[("shop/config.yaml", &foreign.replace("eight", "nine"))]);
    previews.expect_synced(8, &next);
    previews.forge.unlabel(8, "preview");
    previews.expect_gone(8);

    // Only Kubernetes has written to the first one meanwhile, to its status.
    assert_eq!(previews.read(7, "api/v1", "configmaps/settings").unwrap(), config);
    let now = previews.deployment(7);
    assert_eq!((uid(&now), &now["metadata"]["generation"]), (uid(&deployment), &deployment["metadata"]["generation"]));
    assert_eq!(now["spec"], deployment["spec"]);
    assert_eq!(previews.application(7).unwrap()["status"]["sync"]["status"], "Synced");
    previews.end(&[7, 8]);
}

/// A wrong pull request number in the ApplicationSet is refused.
#[test]
fn application_for_another_namespace_is_refused() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let sha = previews.open(7, &[]);
    previews.expect_synced(7, &sha);
    let before = previews.deployment(7);
    // The last value of a parameter is used, so this has the effect of a wrong template.
    previews.set_up(&serde_json::json!([{ "name": "pull-request", "string": "8" }]));
    let there = previews.namespace(8);
    let text = previews.expect_condition(7, &format!("the pull request's environment is `{there}`"));
    assert!(text.contains("  rule:   identity\n"), "{text}");
    assert_eq!(previews.deployment(7), before);
    assert!(!previews.cluster.namespace_exists(&there));
    previews.end(&[7]);
}
