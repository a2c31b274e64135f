//! Partial repositories, and files that must not influence a render.

use eod_testkit::argocd::{ArgoCd, Settings};
use serde_json::json;

use super::{
    CONFIG, RenderStory, SHOP, object,
    sources::{CHART, OVERLAYS},
    titles,
};

/// Servers with the settings that `eod-cmp init` prints.
fn narrow() -> ArgoCd {
    let arguments = ["--plugin-tar-exclude=.git", "--plugin-use-manifest-generate-paths"];
    ArgoCd::with(&Settings { repo_server: arguments.map(str::to_owned).into(), ..Settings::default() })
}

#[test]
fn partial_repository_is_rendered_like_the_whole() {
    let argocd = narrow();
    let files = [("teams/one/shop/shop.yaml", SHOP), ("teams/two/big.yaml", "not: rendered\n")];
    let story = RenderStory::begin(&argocd, "eod@v1", &files);
    let request = story.request_of("teams/one/shop", "shop-pr-7").hard();
    let whole = story.rendered(&request);
    let kept = story.plugin.number("eod_cmp_kept_files_total");
    assert_eq!(story.rendered(&request.clone().generate_paths(".")), whole);
    assert!(story.plugin.number("eod_cmp_kept_files_total") < 2.0 * kept, "fewer files were received");
}

#[test]
fn missing_file_is_named_with_the_annotation() {
    let argocd = narrow();
    let files = [&OVERLAYS[..], &CHART].concat();
    let story = RenderStory::begin(&argocd, "eod@v1", &files);
    story.repository.write("apps/simple/kustomization.yaml", "resources: [../../base]\n");
    story.repository.write("apps/linked/shop.yaml", SHOP);
    story.repository.link("apps/linked/config.yaml", "../../base/config.yaml");
    story.repository.write("apps/charted/README.md", "# Charted\n");
    story.repository.commit("apps");
    let charted = story.request_of("apps/charted", "shop-pr-7").parameter("chart", "chart");
    for (request, all) in [
        (story.request_of("apps/simple", "shop-pr-7"), ".;../../base"),
        (story.request_of("apps/linked", "shop-pr-7"), ".;/base"),
        (charted.clone(), ".;/chart"),
        (charted.parameter("values", json!(["chart/values.yaml"])), "/chart;/apps/charted"),
    ] {
        let text = story.refused(&request.clone().generate_paths("."));
        let annotation =
            "list its directory in the Application's annotation argocd.argoproj.io/manifest-generate-paths";
        assert!(text.contains("  rule:   file\n") && text.contains(annotation), "{text}");
        story.rendered(&request.generate_paths(all).hard());
    }
}

#[test]
fn files_outside_the_repository_are_refused() {
    let story = RenderStory::begin(ArgoCd::shared(), "paths@outside", &[("shop/shop.yaml", SHOP)]);
    // Argo CD refuses links to targets outside of the repository; the plugin refuses such paths in a kustomization.
    story.repository.write("shop/kustomization.yaml", "resources: [shop.yaml, ../../etc/passwd, /etc/passwd]\n");
    story.repository.commit("out");
    let text = story.refused(&story.request("shop-pr-7"));
    assert_eq!(text.matches("shop/kustomization.yaml:1\n  rule:   file\n").count(), 2, "{text}");
    assert!(text.contains("`../../etc/passwd` is outside") && text.contains("`/etc/passwd` is outside"), "{text}");
}

#[test]
fn repository_cannot_change_its_application() {
    let story =
        RenderStory::begin(ArgoCd::shared(), "paths@override", &[("shop/one.yaml", CONFIG), ("web/one.yaml", CONFIG)]);
    // Argo CD merges such a file into the Application's source before it calls the plugin.
    let parameters = json!([{ "name": "environment", "string": "shop-pr-8" }, { "name": "replicas", "string": "2" }]);
    let merged = json!({ "plugin": { "name": story.plugin.name(), "parameters": parameters } }).to_string();
    for file in [".argocd-source.yaml", ".argocd-source-shop-pr-7.yaml"] {
        story.repository.write(&format!("shop/{file}"), &merged);
        story.repository.commit("override");
        let text = story.refused(&story.request("shop-pr-7").hard());
        // The parameter in the file is refused like any other; without a parameter, the file itself is refused.
        assert!(
            text.contains("expected the Application's destination namespace `shop-pr-7`, got `shop-pr-8`"),
            "{file}: {text}"
        );
        let quiet = merged.replace("environment", "owner");
        story.repository.write(&format!("shop/{file}"), quiet);
        story.repository.commit("quiet override");
        let text = story.refused(&story.request("shop-pr-7").hard());
        assert!(text.contains(&format!("shop/{file}\n  rule:   source-override\n")), "{text}");
        story.repository.remove(&format!("shop/{file}"));
        story.repository.commit("removed");
    }
    let manifests = story.rendered(&story.request("shop-pr-7").hard());
    assert_eq!(titles(&manifests)[0], "Namespace/shop-pr-7");
    // A file in the directory of another Application does not matter.
    story.repository.write("web/.argocd-source.yaml", merged);
    story.repository.commit("elsewhere");
    assert_eq!(story.rendered(&story.request("shop-pr-7").hard()), manifests);
}

#[test]
fn links_inside_the_repository_are_followed() {
    let story =
        RenderStory::begin(ArgoCd::shared(), "paths@links", &[("lib/config.yaml", CONFIG), ("shop/shop.yaml", SHOP)]);
    story.repository.link("shop/config.yaml", "../lib/config.yaml");
    story.repository.link("linked", "shop");
    story.repository.commit("links");
    for path in ["shop", "linked"] {
        let manifests = story.rendered(&story.request_of(path, "shop-pr-7"));
        assert_eq!(object(&manifests, "ConfigMap/settings")["data"]["mode"], "production", "{path}");
    }
}
