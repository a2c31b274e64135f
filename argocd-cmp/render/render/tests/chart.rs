//! Helm charts: requests to Helm, and its output.

use super::kit::{
    Answering, application, files, parameters, policy_of, policy_text, render_under, render_with, rendered, rules,
    titles,
};
use crate::render::{RenderInput, render_manifests};
use crate::source::Tree;
use crate::tools::{NoTools, ToolError};

const CHART: (&str, &str) = ("app/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
const ANSWER: &str = "---\n# Source: shop/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: c, image: 'registry.acme.internal/shop:main'}]\n---\n# Source: shop/charts/db/templates/all.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\n";

#[test]
fn helm_receives_files_and_values() {
    let tree = files(&[
        CHART,
        ("app/templates/x.yaml", "{{ x }}"),
        ("app/own.yaml", "a: 1"),
        ("shared.yaml", "b: 2"),
        ("elsewhere/x", ""),
    ]);
    let helm = Answering::with(ANSWER);
    let pairs = [
        ("image.repository", "registry.acme.internal/shop"),
        ("head-sha", "0123456"),
        ("secretRef", "secret/preview/shop-pr-7/shop"),
        ("values", "own.yaml,/shared.yaml"),
        ("set", r#"{"replicas": "3"}"#),
    ];
    let found = rendered(render_with(&tree, &pairs, &helm));
    expect_test::expect![[r#"
        helm shop-pr-7 in shop-pr-7 for Some("1.33.0") ["v1", "apps/v1"]
        files ["Chart.yaml", "own.yaml", "templates/x.yaml"]
        values ["a: 1", "b: 2", "{\"image\":{\"repository\":\"registry.acme.internal/shop\",\"tag\":\"0123456\"},\"replicas\":3,\"secretRef\":\"secret/preview/shop-pr-7/shop\"}"]"#]]
    .assert_eq(&helm.asked.borrow().join("\n"));
    assert!(titles(&found).contains(&"ExternalSecret/shop-pr-7-config".to_owned()));
    // A chart receives secret references as values and uses them itself.
    let yaml = found.yaml();
    assert!(!yaml.contains("envFrom") && yaml.contains("registry.acme.internal/shop:0123456"), "{yaml}");
}

#[test]
fn values_are_passed_as_they_were_given() {
    let helm = Answering::with(ANSWER);
    let pairs = [
        ("image.repository", "shop/web"),
        ("head-sha", "0123ABC"),
        ("secretRef", "secret/data/preview/shop-pr-7/shop"),
    ];
    rendered(render_with(&files(&[CHART]), &pairs, &helm));
    let expected = r#"{\"image\":{\"repository\":\"shop/web\",\"tag\":\"0123ABC\"},\"secretRef\":\"secret/data/preview/shop-pr-7/shop\"}"#;
    assert!(helm.asked.borrow()[0].contains(expected), "{}", helm.asked.borrow()[0]);
}

#[test]
fn refusals_name_the_template() {
    let bad = ANSWER.replace("kind: ConfigMap", "kind: Pod").replace("name: c,", "name: c, tty: 'yes',");
    let refusals = render_with(&files(&[CHART]), &[], &Answering::with(&bad)).unwrap_err();
    let places: Vec<_> = refusals.as_slice().iter().map(|refusal| refusal.location.to_string()).collect();
    assert_eq!(
        places,
        [
            "app/charts/db/templates/all.yaml (rendered):1: Pod/db",
            "app/templates/deployment.yaml (rendered):8: Deployment/web"
        ]
    );
}

#[test]
fn release_name_has_the_service_if_guards_are_none() {
    let tree = files(&[("charts/api/Chart.yaml", "name: api"), ("app/values.yaml", "a: 1")]);
    for (pairs, release) in [
        (vec![("chart", "charts/api")], "shop-pr-7"),
        (vec![("chart", "charts/api"), ("guards", "none")], "shop-pr-7-api"),
        (vec![("chart", "./charts/api/"), ("guards", "none"), ("services", "web")], "shop-pr-7-web"),
    ] {
        let helm = Answering::with(ANSWER);
        rendered(render_with(&tree, &pairs, &helm));
        assert!(helm.asked.borrow()[0].starts_with(&format!("helm {release} in shop-pr-7 ")), "{pairs:?}");
    }
}

#[test]
fn chart_paths_are_relative_to_the_repository() {
    let tree = files(&[("shop/README.md", ""), ("charts/api/Chart.yaml", "name: api")]);
    let (application, policy) = (application(), policy_of(&policy_text()));
    let asked = |chart: &str| {
        let parameters = parameters(&[("chart", chart)]);
        let tree = Tree { files: &tree, directory: "shop", above: "deploy" };
        render_manifests(
            &RenderInput { tree, parameters: &parameters, application: &application, policy: &policy },
            &Answering::with(ANSWER),
        )
    };
    rendered(asked("deploy/charts/api"));
    for missing in ["charts/api", "deploy/charts/web", "deployment/charts/api", "deploy/../../charts/api"] {
        let refusals = asked(missing).unwrap_err();
        assert!(refusals.to_string().contains("rule:   file"), "{missing}: {refusals}");
    }
    assert!(asked("charts/api").unwrap_err().to_string().contains("manifest-generate-paths"));
}

#[test]
fn invalid_charts_are_refused_before_helm_runs() {
    let schema = |text: &str| files(&[CHART, ("app/values.schema.json", text)]);
    let helm = Answering::with(ANSWER);
    for text in [
        r#"{"$ref": "https://evil.example/x.json"}"#,
        r#"{"properties": {"a": {"$ref": "file:///etc/passwd"}}}"#,
        r#"{"allOf": [{"$dynamicRef": "other.json#/x"}]}"#,
    ] {
        assert_eq!(rules(render_with(&schema(text), &[], &helm)).into_iter().collect::<Vec<_>>(), ["remote"], "{text}");
    }
    assert_eq!(rules(render_with(&schema("{"), &[], &helm)).into_iter().collect::<Vec<_>>(), ["helm"]);
    let mut outside = files(&[CHART]);
    outside.add_link("app/files", "../../..").unwrap();
    assert_eq!(rules(render_with(&outside, &[], &helm)).into_iter().collect::<Vec<_>>(), ["file"]);
    for values in ["missing.yaml", "../../x.yaml", "/missing.yaml", "/../x"] {
        let refused = render_with(&files(&[CHART]), &[("values", values)], &helm);
        assert_eq!(rules(refused).into_iter().collect::<Vec<_>>(), ["file"], "{values}");
    }
    let off = policy_text() + "    helm: { enabled: false }\n";
    assert_eq!(
        rules(render_under(&policy_of(&off), &files(&[CHART]), &[], &helm)).into_iter().collect::<Vec<_>>(),
        ["tool"]
    );
    assert!(helm.asked.borrow().is_empty());
    rendered(render_with(&schema(r##"{"$ref": "#/$defs/x", "$defs": {"x": {}}}"##), &[], &helm));
}

#[test]
fn failed_and_empty_helm_output_is_refused() {
    let chart = files(&[CHART]);
    assert_eq!(rules(render_with(&chart, &[], &NoTools)).into_iter().collect::<Vec<_>>(), ["tool"]);
    for nothing in ["", "---\n# Source: shop/templates/x.yaml\n", "null"] {
        assert_eq!(
            rules(render_with(&chart, &[], &Answering::with(nothing))).into_iter().collect::<Vec<_>>(),
            ["empty"]
        );
    }
    assert!(rules(render_with(&chart, &[], &Answering::with("a: b: c"))).contains("yaml"));
    let error = ToolError { message: "helm says: no such value".to_owned(), remedy: "add it".to_owned() };
    let failing = Answering { answer: Err(error), ..Answering::with("") };
    let refusals = render_with(&chart, &[], &failing).unwrap_err();
    assert!(refusals.to_string().contains("helm says: no such value"), "{refusals}");
}

#[test]
fn difference_between_two_renders_is_refused_with_object_and_field() {
    let secret = |value: &str| {
        format!(
            "---\n# Source: shop/templates/s.yaml\napiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\nstringData: {{password: {value}}}\n"
        )
    };
    let helm = Answering {
        second: Some(ANSWER.to_owned() + &secret("b")),
        ..Answering::with(&(ANSWER.to_owned() + &secret("a")))
    };
    let refusals = render_with(&files(&[CHART]), &[], &helm).unwrap_err();
    expect_test::expect![[r#"
        app/templates/s.yaml (rendered):4: Secret/db
          rule:   random
          found:  `stringData.password` differs between two renders of the chart: the chart uses `now`
          remedy: set the value"#]]
    .assert_eq(&refusals.to_string());
}

#[test]
fn every_kind_of_difference_is_found() {
    let changed =
        |from: &str, to: &str| Answering { second: Some(ANSWER.replace(from, to)), ..Answering::with(ANSWER) };
    let fields = |helm: Answering| {
        let refusals = render_with(&files(&[CHART]), &[], &helm).unwrap_err();
        refusals
            .as_slice()
            .iter()
            .map(|refusal| refusal.message.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(changed("app: web", "app: web, extra: x")), ["`spec.template.metadata.labels.extra`"]);
    assert_eq!(fields(changed("shop:main", "shop:other")), ["`spec.template.spec.containers[0].image`"]);
    assert_eq!(fields(changed("{name: db}", "{name: db2}")), ["`metadata.name`"]);
    let more = ANSWER.to_owned() + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n";
    assert_eq!(fields(Answering { second: Some(more), ..Answering::with(ANSWER) }), ["the"]);
}

#[test]
fn difference_in_a_removed_part_is_not_refused() {
    let hook = |value: &str| {
        format!(
            "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {{name: w, annotations: {{ca: {value}}}}}\n"
        )
    };
    let helm = Answering {
        second: Some(ANSWER.to_owned() + &hook("b")),
        ..Answering::with(&(ANSWER.to_owned() + &hook("a")))
    };
    let found = rendered(render_with(&files(&[CHART]), &[], &helm));
    assert_eq!(found.narrowed().len(), 1);
}
