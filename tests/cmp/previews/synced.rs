//! Objects with defaults of the API server: Argo CD syncs them, and then finds no difference.

use eod_testkit::wait::wait_until;
use serde_json::{Value, json};

use super::{PATIENCE, Previews, controllers, image, uid};
use crate::cmp::{POLICY, ours};

/// Number of comparisons after a sync.
const COMPARISONS: usize = 3;

/// A workload with a volume, a Job that is not a hook, and a route that relies on the defaults of its kind.
const STORED: &str = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: api
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers:
        - name: db
          image: registry.acme.internal/shop:main
          resources: { requests: { cpu: 1000m, memory: 1024Mi } }
          volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1024Mi } } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: seed }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: seed, image: registry.acme.internal/shop:main, args: [seed] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: api }
spec:
  hostnames: [shop.example.com]
  rules:
    - backendRefs: [{ name: api, port: 80 }]
    - matches: [{ path: { value: /v2 } }, { headers: [{ name: x-version, value: "2" }] }]
      filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: api, port: 80 } } }]
      backendRefs: [{ name: api, port: 80 }]
"#;

/// Defines HTTPRoutes with the defaults of the Gateway API that have a field in [`STORED`].
fn define_routes(previews: &Previews<'_>) {
    let text = || json!({ "type": "string" });
    let or = |default: Value| json!({ "type": "string", "default": default });
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    let list = |items: Value| json!({ "type": "array", "x-kubernetes-list-type": "atomic", "items": items });
    let number = |default: Option<u32>| match default {
        Some(default) => json!({ "type": "integer", "format": "int32", "default": default }),
        None => json!({ "type": "integer", "format": "int32" }),
    };
    let backend = |mut more: Value| {
        let common =
            json!({ "name": text(), "port": number(None), "group": or(json!("")), "kind": or(json!("Service")) });
        more.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
        object(more)
    };
    let first = json!({ "type": "PathPrefix", "value": "/" });
    let mut path = object(json!({ "type": or(json!("PathPrefix")), "value": or(json!("/")) }));
    path["default"] = first.clone();
    let header = object(json!({ "name": text(), "value": text(), "type": or(json!("Exact")) }));
    let mut matches = list(object(json!({ "path": path, "headers": list(header) })));
    matches["default"] = json!([{ "path": first }]);
    let mirror = object(json!({ "backendRef": backend(json!({})) }));
    let rule = object(json!({
        "matches": matches,
        "filters": list(object(json!({ "type": text(), "requestMirror": mirror }))),
        "backendRefs": list(backend(json!({ "weight": number(Some(1)) }))),
    }));
    let parent = object(json!({
        "group": or(json!("gateway.networking.k8s.io")), "kind": or(json!("Gateway")), "name": text(), "namespace": text(),
    }));
    let spec = object(json!({ "parentRefs": list(parent), "hostnames": list(text()), "rules": list(rule) }));
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        // The group is protected: the API server requires this annotation.
        "metadata": { "name": "httproutes.gateway.networking.k8s.io", "annotations": {
            "api-approved.kubernetes.io": "unapproved, for tests",
        } },
        "spec": {
            "group": "gateway.networking.k8s.io", "scope": "Namespaced",
            "names": { "plural": "httproutes", "singular": "httproute", "kind": "HTTPRoute" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": object(json!({ "spec": spec })),
            } }],
        },
    });
    previews.cluster.apply(&definition.to_string());
    wait_until("HTTPRoutes to be served", PATIENCE, || {
        match previews.cluster.call("GET", "/apis/gateway.networking.k8s.io/v1/httproutes", None) {
            (200, _) => Ok(()),
            (status, answer) => Err(format!("{status} {answer}")),
        }
    });
}

impl Previews<'_> {
    /// Compares the Application of a pull request several times, and expects no difference and no other sync.
    #[track_caller]
    fn expect_quiet(&self, number: u32) {
        let before = self.application(number).unwrap()["status"].clone();
        for _ in 0..COMPARISONS {
            let path = self.application_path(number);
            let refresh = json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "normal" } } });
            assert_eq!(self.cluster.call("PATCH", &path, Some(&refresh)).0, 200);
            let status = wait_until("the comparison", 2 * PATIENCE, || {
                let application = self.application(number).ok_or("no application")?;
                match &application["metadata"]["annotations"]["argocd.argoproj.io/refresh"] {
                    Value::Null => Ok(application["status"].clone()),
                    _ => Err(application["status"].to_string()),
                }
            });
            let resources = status["resources"].as_array().unwrap();
            let different: Vec<_> = resources.iter().filter(|one| one["status"] != "Synced").collect();
            // Hooks have no status.
            assert_eq!(status["sync"]["status"], "Synced", "{different:?}");
            assert_eq!(status["history"], before["history"], "{different:?}");
            assert_eq!(status["operationState"]["startedAt"], before["operationState"]["startedAt"], "{different:?}");
        }
    }
}

#[test]
fn objects_with_defaults_of_the_api_server_stay_synced() {
    let argocd = controllers();
    let gateway = "{ class: internal, gateway: ingress/private }";
    let previews = Previews::under(&argocd, |_| POLICY.replace("{ class: internal }", gateway));
    define_routes(&previews);
    let first = previews.open(7, &[("shop/stored.yaml", STORED)]);
    previews.expect_synced(7, &first);
    previews.expect_quiet(7);
    let set = |previews: &Previews<'_>| previews.read(7, "apis/apps/v1", "statefulsets/db").unwrap();
    let job = |previews: &Previews<'_>| previews.read(7, "apis/batch/v1", "jobs/seed").unwrap();
    let (old_set, old_job) = (set(&previews), job(&previews));

    // Another tier changes the labels of all objects.
    previews.set_up(&json!([{ "name": "tier", "string": "full" }]));
    wait_until("the other tier", 2 * PATIENCE, || {
        let labels = &set(&previews)["metadata"]["labels"];
        if ours(labels, "tier") == "full" { Ok(()) } else { Err(labels.to_string()) }
    });
    previews.expect_synced(7, &first);
    previews.expect_quiet(7);
    assert_eq!(ours(&job(&previews)["spec"]["template"]["metadata"]["labels"], "tier"), "full");

    // Another commit changes their images.
    let second = previews.push(7, &[("src/main.rs", "fn main() {}\n")]);
    previews.expect_synced(7, &second);
    previews.expect_quiet(7);
    let (new_set, new_job) = (set(&previews), job(&previews));
    let expected = json!(format!("registry.acme.internal/shop:{second}"));
    assert_eq!((image(&new_set), image(&new_job)), (&expected, &expected));
    assert_eq!(uid(&new_set), uid(&old_set), "the StatefulSet and its volumes are kept");
    assert_ne!(uid(&new_job), uid(&old_job), "a changed Job is replaced");
    previews.end(&[7]);
}
