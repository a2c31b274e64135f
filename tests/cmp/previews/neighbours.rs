//! Two pull requests beside each other.

use super::{CONFIG, Previews, controllers, image, uid};

#[test]
fn two_environments_never_touch_each_other() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let seven = previews.open(7, &[("shop/config.yaml", &CONFIG.replace("production", "seven"))]);
    previews.expect_synced(7, &seven);
    let deployment = previews.deployment(7);
    let config = previews.read(7, "api/v1", "configmaps/settings").unwrap();

    // The other one says that its objects belong to the first.
    let there = previews.namespace(7);
    let foreign =
        CONFIG.replace("production", "eight").replace("settings }", &format!("settings, namespace: {there} }}"));
    let claimed = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {} }}\n", previews.namespace(8));
    let eight = previews.open(8, &[("shop/config.yaml", &foreign), ("shop/namespace.yaml", &claimed)]);
    previews.expect_synced(8, &eight);
    assert_eq!(previews.read(8, "api/v1", "configmaps/settings").unwrap()["data"]["mode"], "eight");
    assert!(image(&previews.deployment(8)).as_str().unwrap().ends_with(&eight));

    // It moves on, and goes.
    let next = previews.push(8, &[("shop/config.yaml", &foreign.replace("eight", "nine"))]);
    previews.expect_synced(8, &next);
    previews.forge.unlabel(8, "preview");
    previews.expect_gone(8);

    // Nobody has written to the first in all that time but Kubernetes, which says how many pods run.
    assert_eq!(previews.read(7, "api/v1", "configmaps/settings").unwrap(), config);
    let now = previews.deployment(7);
    assert_eq!((uid(&now), &now["metadata"]["generation"]), (uid(&deployment), &deployment["metadata"]["generation"]));
    assert_eq!(now["spec"], deployment["spec"]);
    assert_eq!(previews.application(7).unwrap()["status"]["sync"]["status"], "Synced");
    previews.end(&[7, 8]);
}

/// The number of a pull request is the forge's word; a wrong one in the template is noticed.
#[test]
fn an_application_for_somebody_elses_namespace_is_refused() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let sha = previews.open(7, &[]);
    previews.expect_synced(7, &sha);
    let before = previews.deployment(7);
    // The last of a repeated parameter counts, so this is what a mistaken template says.
    previews.set_up(&serde_json::json!([{ "name": "pull-request", "string": "8" }]));
    let there = previews.namespace(8);
    let text = previews.expect_condition(7, &format!("the pull request's environment is `{there}`"));
    assert!(text.contains("  rule:   identity\n"), "{text}");
    assert_eq!(previews.deployment(7), before);
    assert!(!previews.cluster.namespace_exists(&there));
    previews.end(&[7]);
}
