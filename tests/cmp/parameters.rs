//! Parameters of Applications, and their announcement.

use eod_testkit::argocd::{ArgoCd, Request};
use serde_json::{Value, json};

use super::{CONFIG, RenderStory, SHOP, object, ours};

/// Adds parameters to a request.
fn with(request: Request, parameters: &[(&str, Value)]) -> Request {
    parameters.iter().fold(request, |request, (name, value)| request.parameter(name, value.clone()))
}

#[test]
fn lists_and_maps_are_accepted_as_strings() {
    let payments = "apiVersion: v1\nkind: Service\nmetadata: { name: payments }\nspec: { ports: [{ port: 80 }] }\n";
    let files = [("shop/shop.yaml", SHOP), ("shop/payments.yaml", payments)];
    let story = RenderStory::begin(ArgoCd::shared(), "parameters@kinds", &files);
    let image = "registry.acme.internal/built/shop:1234567";
    let ways = [
        [("services", json!(["api"])), ("images", json!({ "registry.acme.internal/shop": image }))],
        [("services", json!("api")), ("images", json!(format!("{{\"registry.acme.internal/shop\": \"{image}\"}}")))],
        [
            ("services", json!("[\"api\"]")),
            ("images", json!(format!(" {{ \"registry.acme.internal/shop\": \"{image}\" }} "))),
        ],
    ];
    let answers = ways.map(|parameters| story.rendered(&with(story.request("shop-pr-7"), &parameters)));
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let pod = &object(&answers[0], "Deployment/api")["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], image);
    // `payments` is not selected, so its name resolves to the stable namespace.
    let stable = "payments.stable.svc.cluster.local";
    assert_eq!(object(&answers[0], "Service/payments")["spec"]["externalName"], stable);
    let all = story.rendered(&story.request("shop-pr-7"));
    assert_eq!(object(&all, "Service/payments")["spec"]["ports"][0]["port"], 80);
}

#[test]
fn values_of_a_pull_request_are_not_expanded() {
    let story = RenderStory::begin(ArgoCd::shared(), "parameters@raw", &[("shop/shop.yaml", SHOP)]);
    let facts = [
        ("repository", json!("acme/shop")),
        ("pull-request", json!("7")),
        ("head-sha", json!("0123456789abcdef")),
        ("owner", json!("$HOME-${ARGOCD_APP_NAME}[bot]")),
        ("labels", json!("[\"tier/full\", \"preview\", \"\\\"quoted\\\"\"]")),
        ("image.repository", json!("registry.acme.internal/shop")),
        ("ttl", json!("36h")),
    ];
    let manifests = story.rendered(&with(story.request("shop-pr-7"), &facts));
    let namespace = &object(&manifests, "Namespace/shop-pr-7")["metadata"];
    // No variable is expanded, and the label is valid.
    assert_eq!(ours(&namespace["annotations"], "owner"), "$HOME-${ARGOCD_APP_NAME}[bot]");
    assert_eq!(
        (ours(&namespace["labels"], "tier"), ours(&namespace["labels"], "ttl")),
        (&json!("full"), &json!("36h"))
    );
    assert_eq!(ours(&namespace["annotations"], "head-sha"), "0123456789abcdef");
    let deployment = object(&manifests, "Deployment/api");
    assert_eq!(
        deployment["spec"]["template"]["spec"]["containers"][0]["image"],
        "registry.acme.internal/shop:0123456789abcdef"
    );
    let ingress = object(&manifests, "Ingress/api");
    assert_eq!(ingress["spec"]["rules"][0]["host"], "shop-pr-7-api.preview.acme.internal");
}

#[test]
fn empty_values_count_as_not_set() {
    let story = RenderStory::begin(ArgoCd::shared(), "parameters@empty", &[("shop/one.yaml", CONFIG)]);
    let plain = story.rendered(&story.request("shop-pr-7"));
    let empty = [("labels", json!("null")), ("owner", json!("")), ("services", json!([])), ("set", json!({}))];
    assert_eq!(story.rendered(&with(story.request("shop-pr-7"), &empty)), plain);
}

#[test]
fn all_invalid_parameters_are_reported_together() {
    let story = RenderStory::begin(ArgoCd::shared(), "parameters@wrong", &[("shop/one.yaml", CONFIG)]);
    let wrong = [
        ("replicas", json!("many")),
        ("tier", json!(["full"])),
        ("images", json!(["shop"])),
        ("services", json!("Not_A_Name")),
        ("image.tag", json!("a tag")),
        ("environmet", json!("shop-pr-7")),
    ];
    let text = story.refused(&with(story.request("shop-pr-7"), &wrong));
    for (name, _) in &wrong {
        assert!(text.contains(&format!("parameters: {name}\n  rule:   parameter\n")), "{name}: {text}");
    }
    assert_eq!(text.matches("remedy: ").count(), wrong.len(), "{text}");
    assert!(text.contains("unknown parameter\n  remedy: use one of: environment, repository, "), "{text}");
}

#[test]
fn announced_parameters_are_accepted() {
    let story = RenderStory::begin(ArgoCd::shared(), "parameters@announced", &[("shop/one.yaml", CONFIG)]);
    // As the web interface: from the API server over repo-server to the plugin.
    let announced = story.argocd.announced(&story.request("shop-pr-7")).unwrap();
    let kind = |name: &str| {
        let found = announced.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {announced:?}"))["collectionType"].as_str().unwrap().to_owned()
    };
    assert_eq!(["pull-request", "values", "images"].map(kind), ["string", "array", "map"]);
    assert!(announced.iter().all(|one| !one["title"].as_str().unwrap().is_empty()), "{announced:?}");
    // repo-server forwards the complete announcement.
    let folder = story.repository.path();
    let said = story.dial(&folder, "shop", &[]).parameters().outcome().unwrap();
    assert_eq!(said["parameterAnnouncements"].as_array(), Some(&announced));
    // The user interface can send the defaults back; they change nothing.
    let defaults: Vec<_> = announced
        .iter()
        .map(|one| {
            let value = match one["collectionType"].as_str() {
                Some("array") => json!([]),
                Some("map") => json!({}),
                _ => one.get("string").cloned().unwrap_or_else(|| json!("")),
            };
            (one["name"].as_str().unwrap(), value)
        })
        .collect();
    let manifests = story.rendered(&with(story.request("shop-pr-7"), &defaults));
    assert_eq!(manifests, story.rendered(&story.request("shop-pr-7")));
}

/// The stock server passes parameters as environment variables, which Linux limits to 128 KiB.
#[test]
fn long_parameters_are_accepted() {
    let story = RenderStory::begin(ArgoCd::shared(), "parameters@long", &[("shop/one.yaml", CONFIG)]);
    let labels: Vec<_> =
        (0..10_000).map(|number| format!("area/number-{number:06}")).chain(["tier/full".into()]).collect();
    let labels = json!(labels).to_string();
    assert!(labels.len() > 200_000);
    let manifests = story.rendered(&story.request("shop-pr-7").parameter("labels", labels));
    assert_eq!(ours(&object(&manifests, "Namespace/shop-pr-7")["metadata"]["labels"], "tier"), "full");
}
