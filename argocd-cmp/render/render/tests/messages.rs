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
          remedy: remove the object, or have the platform add `acme.io/Widget` to `drop_kinds` of the policy to leave it out, or to `kinds` to allow it

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

const DATABASE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\n\
    apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: postgres}\nspec:\n  serviceName: db\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: 'postgres:16'}]}\n---\n";

/// A migration with an annotation and the environment of its container.
fn migration(annotations: &str, env: &str) -> String {
    format!(
        "{DATABASE}apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations:\n{annotations}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: migrate\n        image: registry.acme.internal/shop:1\n        {env}\n"
    )
}

const URL: &str = "env: [{name: DATABASE_URL, value: 'postgres://shop@db:5432/shop'}]";

#[test]
fn migration_before_its_database_has_to_be_a_sync_hook() {
    check(
        &migration("    helm.sh/hook: pre-install,pre-upgrade\n    helm.sh/hook-weight: '-5'", URL),
        &expect![[r#"
        app/all.yaml:21 (document 3): Job/migrate
          rule:   hook
          found:  `metadata.annotations["helm.sh/hook"]` is `pre-install,pre-upgrade`, so the hook runs before its database StatefulSet/postgres (Service `db`) exists, and waits for it forever
          remedy: add `argocd.argoproj.io/hook: Sync`, which replaces `helm.sh/hook` in Argo CD, and `argocd.argoproj.io/sync-wave: "1"`, a wave after the database"#]],
    );
    check(
        &migration("    argocd.argoproj.io/hook: PreSync", URL),
        &expect![[r#"
        app/all.yaml:21 (document 3): Job/migrate
          rule:   hook
          found:  `metadata.annotations["argocd.argoproj.io/hook"]` is `PreSync`, so the hook runs before its database StatefulSet/postgres (Service `db`) exists, and waits for it forever
          remedy: write `argocd.argoproj.io/hook: Sync` and `argocd.argoproj.io/sync-wave: "1"`, a wave after the database"#]],
    );
    check(
        &migration("    argocd.argoproj.io/hook: Sync\n    argocd.argoproj.io/sync-wave: '-1'", URL),
        &expect![[r#"
        app/all.yaml:22 (document 3): Job/migrate
          rule:   hook
          found:  `metadata.annotations["argocd.argoproj.io/sync-wave"]` is `-1`, so the hook runs before its database StatefulSet/postgres (Service `db`) exists, and waits for it forever
          remedy: write `argocd.argoproj.io/sync-wave: "1"`, a wave after the database"#]],
    );
}

#[test]
fn migration_names_its_database_in_commands_and_in_data_of_the_source() {
    let before = "    helm.sh/hook: pre-upgrade";
    // `postgres://shop@db/shop` in base64.
    let secret =
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {url: cG9zdGdyZXM6Ly9zaG9wQGRiL3Nob3A=}\n";
    let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {HOST: db.shop-pr-7.svc, MODE: x}\n";
    for (env, data) in [
        ("args: [migrate, --host, db]", ""),
        ("command: [sh, -c, 'until nc -z db 5432; do sleep 1; done']", ""),
        ("env: [{name: URL, valueFrom: {secretKeyRef: {name: s, key: url}}}]", secret),
        ("envFrom: [{secretRef: {name: s}}]", secret),
        ("env: [{name: HOST, valueFrom: {configMapKeyRef: {name: c, key: HOST}}}]", config),
        ("envFrom: [{configMapRef: {name: c}}]", config),
    ] {
        let text = migration(before, env) + data;
        let refusals = render_text(&text, &[]).unwrap_err().to_string();
        assert!(refusals.contains("so the hook runs before its database"), "{env}\n{refusals}");
        // No hook runs in an environment that sleeps.
        assert!(render_text(&text, &[("state", "asleep")]).is_ok(), "{env}");
    }
    for (annotations, env, data) in [
        (before, "env: [{name: MODE, valueFrom: {configMapKeyRef: {name: c, key: MODE}}}]", config),
        (before, "env: [{name: DATABASE_URL, value: 'postgres://shop@db.example.com/shop'}]", ""),
        (before, "env: [{name: DB_USER, value: postgres}]", ""),
        ("    helm.sh/hook: post-install,post-upgrade", URL, ""),
        ("    argocd.argoproj.io/hook: PostSync", URL, ""),
        ("    argocd.argoproj.io/hook: Sync", URL, ""),
        (
            "    helm.sh/hook: pre-upgrade\n    argocd.argoproj.io/hook: Sync\n    argocd.argoproj.io/sync-wave: '1'",
            URL,
            "",
        ),
    ] {
        let rendered = render_text(&(migration(annotations, env) + data), &[]);
        assert!(rendered.is_ok(), "{annotations} {env}\n{}", rendered.unwrap_err());
    }
    // A database with hooks of its own in an earlier wave.
    let hook = |weight| format!("annotations: {{helm.sh/hook: pre-install, helm.sh/hook-weight: '{weight}'}}");
    let early = migration("    helm.sh/hook: pre-install", URL)
        .replace("{name: db}\n", &format!("{{name: db, {}}}\n", hook(-9)))
        .replace("{name: postgres}", &format!("{{name: postgres, {}}}", hook(-8)));
    assert!(render_text(&early, &[]).is_ok());
}

#[test]
fn commit_without_an_approval_is_refused_before_its_source_is_read() {
    let policy = policy_of(&(policy_text() + "    approval: { trusted_authors: [alice] }\n"));
    let chart = files(&[("app/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n")]);
    let tools = Answering::with("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let commit = "0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21";
    let label = format!("[\"approved/{commit}\"]");
    let render = |owner, labels| {
        let parameters = [("owner", owner), ("head-sha", commit), ("labels", labels), ("replicas", "9")];
        render_under(&policy, &chart, &parameters, &tools)
    };
    expect![[r#"
        parameters: labels
          rule:   approval
          found:  commit 0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21 is not approved: the author `mallory` is not in `trusted_authors` of the policy, and the pull request has no label `approved/0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21`
          remedy: a maintainer has to review this commit and set the label `approved/0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21`, or submit an approving review if the workflow `approve.yaml` is installed; until then the version that ran before keeps running

        parameters: replicas
          rule:   caps
          found:  9 replicas are above the policy's cap of 2
          remedy: set at most 2"#]]
    .assert_eq(&render("mallory", "null").unwrap_err().to_string());
    assert!(tools.asked.borrow().is_empty(), "helm does not run");
    let parameters = [("owner", "mallory"), ("head-sha", commit), ("labels", label.as_str())];
    assert!(render_under(&policy, &chart, &parameters, &tools).is_ok());
    assert!(render_under(&policy, &chart, &[("owner", "Alice")], &tools).is_ok());
}
