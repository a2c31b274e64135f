//! `nameOverride` and `fullnameOverride` of sources other than charts.

use serde_json::Value;

use super::kit::{files, render_text, render_with, rendered, titles};
use crate::manifest::Manifest;
use crate::render::RenderedManifests;
use crate::tools::NoTools;

const SOURCE: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      initContainers: [{name: i, image: 'registry.acme.internal/tools:1', envFrom: [{configMapRef: {name: web}}]}]
      containers:
        - name: web
          image: registry.acme.internal/shop:main
          env:
            - {name: SELF, value: 'http://web:80'}
            - {name: A, valueFrom: {configMapKeyRef: {name: web, key: a}}}
            - {name: B, valueFrom: {secretKeyRef: {name: web-secret, key: b}}}
      volumes:
        - {name: c, configMap: {name: web}}
        - {name: d, persistentVolumeClaim: {claimName: web}}
        - {name: s, secret: {secretName: web}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: web}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: public}
spec: {rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {hostnames: [shop.example], rules: [{backendRefs: [{name: web, port: 80}]}]}
"#;

fn object<'a>(found: &'a RenderedManifests, title: &str) -> &'a Value {
    let titles = titles(found);
    let manifest = found.manifests().iter().find(|manifest| manifest.title() == title);
    manifest.map(|manifest: &Manifest| &manifest.content).unwrap_or_else(|| panic!("no {title} among {titles:?}"))
}

fn only(pairs: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [&[("guards", "none")], pairs].concat()
}

#[test]
fn full_name_renames_objects_with_the_name_of_the_workload() {
    let found = rendered(render_text(SOURCE, &only(&[("fullnameOverride", "shop-pr-7")])));
    assert_eq!(
        titles(&found),
        [
            "ServiceAccount/shop-pr-7",
            "ConfigMap/shop-pr-7",
            "PersistentVolumeClaim/shop-pr-7",
            "Service/shop-pr-7",
            "Deployment/shop-pr-7",
            "Ingress/public",
            "HTTPRoute/shop-pr-7"
        ]
    );
    let spec = &object(&found, "Deployment/shop-pr-7")["spec"];
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "shop-pr-7");
    assert_eq!(pod["volumes"][0]["configMap"]["name"], "shop-pr-7");
    assert_eq!(pod["volumes"][1]["persistentVolumeClaim"]["claimName"], "shop-pr-7");
    assert_eq!(pod["volumes"][2]["secret"]["secretName"], "web", "a Secret that the source does not have");
    assert_eq!(pod["initContainers"][0]["envFrom"][0]["configMapRef"]["name"], "shop-pr-7");
    let env = &pod["containers"][0]["env"];
    assert_eq!(env[1]["valueFrom"]["configMapKeyRef"]["name"], "shop-pr-7");
    assert_eq!(env[2]["valueFrom"]["secretKeyRef"]["name"], "web-secret");
    assert_eq!(env[0]["value"], "http://web:80", "other texts are not changed");
    assert_eq!(spec["selector"]["matchLabels"]["app"], "web", "selectors are not changed");
    let rule = &object(&found, "Ingress/public")["spec"]["rules"][0];
    assert_eq!(rule["http"]["paths"][0]["backend"]["service"]["name"], "shop-pr-7");
    assert_eq!(rule["host"], "shop-pr-7.preview.acme.internal", "the environment's own host");
    let route = &object(&found, "HTTPRoute/shop-pr-7")["spec"];
    assert_eq!(route["rules"][0]["backendRefs"][0]["name"], "shop-pr-7");
}

#[test]
fn name_sets_the_application_label() {
    const NAME: &str = "app.kubernetes.io/name";
    let found = rendered(render_text(SOURCE, &only(&[("nameOverride", "storefront")])));
    let deployment = object(&found, "Deployment/web");
    assert_eq!(deployment["metadata"]["labels"][NAME], "storefront");
    assert_eq!(deployment["spec"]["template"]["metadata"]["labels"][NAME], "storefront");
    assert_eq!(object(&found, "Service/web")["metadata"]["labels"][NAME], "storefront");
    assert_eq!(object(&found, "Ingress/public")["metadata"]["labels"][NAME], Value::Null, "it has another name");
    for selector in [
        "{matchLabels: {app: web, app.kubernetes.io/name: web}}",
        "{matchExpressions: [{key: app.kubernetes.io/name, operator: Exists}]}",
    ] {
        let selected = SOURCE
            .replace("selector: {matchLabels: {app: web}}", &format!("selector: {selector}"))
            .replace("metadata: {labels: {app: web}}", "metadata: {labels: {app: web, app.kubernetes.io/name: web}}");
        let found = rendered(render_text(&selected, &only(&[("nameOverride", "storefront")])));
        let deployment = object(&found, "Deployment/web");
        assert_eq!(deployment["metadata"]["labels"][NAME], "storefront");
        assert_eq!(deployment["spec"]["template"]["metadata"]["labels"][NAME], "web", "the selector uses it");
    }
}

#[test]
fn overrides_need_a_single_workload() {
    let database = SOURCE.to_owned()
        + "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: 'postgres:16'}]}}}\n";
    let both = [("nameOverride", "x"), ("fullnameOverride", "other")];
    let refusals = render_text(&database, &only(&both)).unwrap_err();
    let places: Vec<_> = refusals.as_slice().iter().map(|refusal| refusal.location.to_string()).collect();
    assert_eq!(places, ["parameters: fullnameOverride", "parameters: nameOverride"]);
    let text = refusals.to_string();
    assert!(text.contains("got Deployment/web, StatefulSet/db") && text.contains("image.repository"), "{text}");
    let built = [&both[..], &[("image.repository", "registry.acme.internal/shop"), ("image.tag", "1")]].concat();
    let found = rendered(render_text(&database, &only(&built)));
    assert!(
        titles(&found).contains(&"Deployment/other".to_owned())
            && titles(&found).contains(&"StatefulSet/db".to_owned())
    );

    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
    let text = render_text(config, &only(&both)).unwrap_err().to_string();
    assert!(text.contains("got no workload"), "{text}");
    let taken = SOURCE.to_owned() + "---\n" + &config.replace("name: x", "name: other");
    let text = render_text(&taken, &only(&both)).unwrap_err().to_string();
    assert!(text.contains("rule:   name"), "{text}");
}

#[test]
fn overrides_ignore_hooks_and_apply_to_kustomizations() {
    let job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, annotations: {argocd.argoproj.io/hook: PreSync}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'registry.acme.internal/shop:1', envFrom: [{configMapRef: {name: p-web}}]}]}}}\n";
    let tree = files(&[
        ("app/kustomization.yaml", "resources: [all.yaml, job.yaml]\nnamePrefix: p-\n"),
        ("app/all.yaml", SOURCE),
        ("app/job.yaml", job),
    ]);
    let found = rendered(render_with(&tree, &only(&[("fullnameOverride", "other")]), &NoTools));
    let job = &object(&found, "Job/p-migrate")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(job["envFrom"][0]["configMapRef"]["name"], "other");
    // kustomize does not rename references in routes, so this backend is still `web`.
    let route = object(&found, "HTTPRoute/other");
    assert_eq!(route["spec"]["rules"][0]["backendRefs"][0]["name"], "web");
}
