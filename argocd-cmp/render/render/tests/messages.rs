//! Whole messages of refusals: a reader can follow every remedy.

use expect_test::{Expect, expect};

use super::kit::{Answering, files, policy_of, policy_text, render_text, render_under, render_with, strict_policy};
use crate::policy::Policy;
use crate::tools::NoTools;

#[track_caller]
fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&render_text(text, &[]).unwrap_err().to_string());
}

#[track_caller]
fn check_under(policy: &Policy, text: &str, expected: &Expect) {
    let tree = files(&[("app/all.yaml", text)]);
    expected.assert_eq(&render_under(policy, &tree, &[], &NoTools).unwrap_err().to_string());
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n---\n";

fn ingress(host: &str, service: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: x}}\nspec:\n  rules:\n  - {host}http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend:\n          service:\n            name: {service}\n            port: {{number: 80}}\n"
    )
}

fn job(annotations: &str, image: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: seed\n  annotations:\n{annotations}\nspec:\n  template:\n    spec:\n      containers:\n      - name: seed\n        image: {image}\n"
    )
}

#[test]
fn domain_that_a_policy_cannot_allow_has_to_be_removed() {
    let annotations = "    sidecar.istio.io/inject: 'false'\n    acme.io/x: v";
    check_under(
        &strict_policy(),
        &job(annotations, "postgres:16"),
        &expect![[r#"
        app/all.yaml:6: Job/seed
          rule:   metadata
          found:  `metadata.annotations["sidecar.istio.io/inject"]` has a domain that may control other software
          remedy: remove the key

        app/all.yaml:7: Job/seed
          rule:   metadata
          found:  `metadata.annotations["acme.io/x"]` has a domain that may control other software
          remedy: remove the key, or have the platform add its domain to `metadata_allow` in the policy"#]],
    );
}

#[test]
fn remedy_for_a_missing_host_is_any_host() {
    check(
        &format!("{SERVICE}{}", ingress("", "web")),
        &expect![[r#"
        app/all.yaml:11 (document 2): Ingress/x
          rule:   host
          found:  `spec.rules[0].host` is missing
          remedy: add any host; the plugin replaces it with a host of the environment"#]],
    );
}

#[test]
fn old_api_version_names_the_new_one() {
    check(
        "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: web}\nspec: {}\n",
        &expect![[r#"
        app/all.yaml:1: Ingress/web
          rule:   kind
          found:  unsupported API version `extensions/v1beta1` of `Ingress`
          remedy: write `apiVersion: networking.k8s.io/v1`"#]],
    );
}

#[test]
fn hook_is_one_block_and_names_the_hook_of_a_migration() {
    let annotations =
        "    helm.sh/hook: crd-install\n    helm.sh/hook-weight: '5'\n    helm.sh/hook-delete-policy: hook-succeeded";
    check(
        &job(annotations, "postgres:16"),
        &expect![[r#"
        app/all.yaml:6: Job/seed
          rule:   hook
          found:  `metadata.annotations["helm.sh/hook"]` is a hook that previews do not support, or is not on the object itself
          remedy: use pre-install, pre-upgrade, post-install or post-upgrade, or Argo CD's PostSync or SyncFail; a migration whose database is in the same source has to be a Sync hook of Argo CD in a wave after it"#]],
    );
}

#[test]
fn image_names_few_registries() {
    check(
        &job("    a: b", "docker.io/mallory/miner:1"),
        &expect![[r#"
        app/all.yaml:12: Job/seed
          rule:   image
          found:  `spec.template.spec.containers[0].image` is `docker.io/mallory/miner:1`, which is not from an allowed registry
          remedy: push the image to `registry.acme.internal/` or `docker.io/library`, or replace it with the parameter `images`"#]],
    );
    let listed = policy_text();
    let (before, rest) = listed.split_once("registries: [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let many: Vec<_> = (0..40).map(|number| format!("r{number}.acme.internal/")).collect();
    let policy = policy_of(&format!("{before}registries: [{}]{after}", many.join(", ")));
    check_under(
        &policy,
        &job("    a: b", "docker.io/mallory/miner:1"),
        &expect![[r#"
        app/all.yaml:12: Job/seed
          rule:   image
          found:  `spec.template.spec.containers[0].image` is `docker.io/mallory/miner:1`, which is not from an allowed registry
          remedy: push the image to an allowed registry of the policy, or replace it with the parameter `images`"#]],
    );
}

#[test]
fn missing_backend_names_the_nearest_service() {
    check(
        &format!("{SERVICE}{}", ingress("host: shop.example\n    ", "shop-web")),
        &expect![[r#"
        app/all.yaml:18 (document 2): Ingress/x
          rule:   route
          found:  `spec.rules[0].http.paths[0].backend.service.name` is `shop-web`, but the environment has no such Service
          remedy: write `web`, or add the Service `shop-web` to the source"#]],
    );
    let route = |service: &str| {
        format!(
            "{SERVICE}apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: x}}\nspec:\n  hostnames: [shop.example]\n  rules:\n  - backendRefs:\n    - name: {service}\n      port: 80\n"
        )
    };
    check(
        &route("weeb"),
        &expect![[r#"
        app/all.yaml:13 (document 2): HTTPRoute/x
          rule:   route
          found:  `spec.rules[0].backendRefs[0].name` is `weeb`, but the environment has no such Service
          remedy: write `web`, or add the Service `weeb` to the source"#]],
    );
    check(
        &route("elsewhere"),
        &expect![[r#"
        app/all.yaml:13 (document 2): HTTPRoute/x
          rule:   route
          found:  `spec.rules[0].backendRefs[0].name` is `elsewhere`, but the environment has no such Service
          remedy: add the Service `elsewhere` to the source"#]],
    );
    // Another Application of the environment can have the Service.
    for guards in ["none", "terraform"] {
        assert!(render_text(&route("weeb"), &[("guards", guards)]).is_ok());
    }
    assert!(render_text(&route("payments"), &[]).is_ok(), "a stable service");
}

#[test]
fn line_number_is_that_of_the_template_output_and_the_line_is_quoted() {
    let output = "---\n# Source: shop/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n\
                  # Source: shop/templates/cr.yaml\napiVersion: acme.io/v1\nkind: Widget\nmetadata: {name: w}\n---\n\
                  # Source: shop/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\nimutable: true\n---\n\
                  # Source: shop/templates/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n\
                  password: hunter2\n";
    let chart = files(&[("app/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n")]);
    let refused = |output: &str| render_with(&chart, &[], &Answering::with(output)).unwrap_err().to_string();
    expect![[r#"
        app/templates/a.yaml (rendered):8 (document 2): ConfigMap/b
          line:   imutable: true
          rule:   field
          found:  `imutable` is not an allowed field
          remedy: remove the field

        app/templates/cr.yaml (rendered):1: Widget/w
          line:   apiVersion: acme.io/v1
          rule:   kind
          found:  `Widget` of `acme.io/v1` is not allowed
          remedy: remove the object, or use an allowed kind: ServiceAccount, ConfigMap, Secret, PersistentVolumeClaim, Service, Deployment, StatefulSet, Job, CronJob, Ingress, HTTPRoute

        app/templates/secret.yaml (rendered):4: Secret/s
          rule:   field
          found:  `password` is not an allowed field
          remedy: remove the field"#]].assert_eq(&refused(output));
    expect![[r#"
        app/templates/cr.yaml (rendered):3
          line:   metadata: {name: w
          rule:   yaml
          found:  invalid YAML: unclosed bracket '{'
          remedy: correct the line; templates of Helm must be part of a chart"#]]
    .assert_eq(&refused(&output.replace("metadata: {name: w}", "metadata: {name: w")));
}
