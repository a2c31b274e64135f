//! Random overlays: bases with objects of every kind and references between them, and layers that change them.

use eod_render::{to_json, to_yaml};
use serde_json::{Map, Value, json};

use super::random::Random;

const NAMES: [&str; 5] = ["web", "api", "db", "web-config", "shared"];
const IMAGES: [&str; 6] = [
    "nginx",
    "nginx:1.29",
    "registry.acme.internal/shop:main",
    "registry.acme.internal:5000/shop",
    "postgres@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "registry.acme.internal:5000/shop:1@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
];
const IMAGE_NAMES: [&str; 5] =
    ["nginx", "registry.acme.internal/shop", "registry.acme.internal:5000/shop", "postgres", "none"];

/// A repository with the overlay in `app`.
pub(super) fn tree(seed: u64) -> Vec<(String, String)> {
    let mut maker = Maker { random: Random::new(seed), files: Vec::new() };
    let bases = 1 + maker.random.below(2);
    let mut below: Vec<String> = (0..bases).map(|at| maker.base(&format!("base{at}"), at)).collect();
    if maker.random.chance(20) {
        // Two copies of the same bases, with different prefixes.
        for colour in ["blue", "green"] {
            let up: Vec<_> = below.iter().map(|below| format!("../{below}")).collect();
            let prefix = if maker.random.chance(90) { format!("{colour}-") } else { String::new() };
            maker.write(format!("{colour}/kustomization.yaml"), &json!({ "resources": up, "namePrefix": prefix }));
        }
        below = vec!["blue".to_owned(), "green".to_owned()];
    }
    for level in 0..maker.random.below(3) {
        let path = format!("layers/l{level}");
        maker.layer(&path, &below);
        below = vec![path];
    }
    maker.layer("app", &below);
    maker.files
}

struct Maker {
    random: Random,
    files: Vec<(String, String)>,
}

impl Maker {
    fn write(&mut self, path: String, value: &Value) {
        let text = if self.random.chance(70) { to_yaml(value) } else { to_json(value) };
        self.files.push((path, text));
    }

    /// A directory with objects. Different bases use different names, so that no object is a duplicate.
    fn base(&mut self, path: &str, number: usize) -> String {
        let mut text = String::new();
        let mut seen = Vec::new();
        for _ in 0..3 + self.random.below(7) {
            let object = self.object(number);
            let id = format!("{} {}", object["kind"], object["metadata"]["name"]);
            if !seen.contains(&id) {
                text.push_str("---\n");
                text.push_str(&to_yaml(&object));
                seen.push(id);
            }
        }
        self.files.push((format!("{path}/all.yaml"), text));
        let mut kustomization = json!({ "resources": ["all.yaml"] });
        if self.random.chance(25) {
            self.names(&mut kustomization);
        }
        self.write(format!("{path}/kustomization.yaml"), &kustomization);
        path.to_owned()
    }

    fn name(&mut self, number: usize) -> String {
        let name = self.random.one(&NAMES);
        if number == 0 { name.to_owned() } else { format!("{name}{number}") }
    }

    fn labels(&mut self, percent: usize) -> Value {
        let all = [("app", "web"), ("tier", "front"), ("app.kubernetes.io/name", "shop")];
        self.random
            .some(&all, percent)
            .into_iter()
            .map(|(key, value)| (key.to_owned(), json!(value)))
            .collect::<Map<_, _>>()
            .into()
    }

    fn metadata(&mut self, number: usize) -> Value {
        let mut metadata = json!({ "name": self.name(number) });
        if self.random.chance(50) {
            metadata["labels"] = self.labels(50);
        }
        if self.random.chance(30) {
            metadata["annotations"] = json!({ "checksum/config": "1" });
        }
        if self.random.chance(12) {
            metadata["namespace"] = json!(self.random.one(&["own", "default", "one"]));
        }
        metadata
    }

    fn object(&mut self, number: usize) -> Value {
        let metadata = self.metadata(number);
        let head = |version: &str, kind: &str| json!({ "apiVersion": version, "kind": kind, "metadata": metadata });
        let with = |mut object: Value, key: &str, value: Value| {
            object[key] = value;
            object
        };
        match self.random.below(15) {
            0 => {
                let data = json!({ "a": "b", "number": "1.10", "word": "yes", "lines": "one\ntwo\n", "long": "x ".repeat(90) });
                with(head("v1", "ConfigMap"), "data", data)
            }
            1 => with(head("v1", "Secret"), "stringData", json!({ "a": "b" })),
            2 => head("v1", "ServiceAccount"),
            3 => {
                let pull = json!([{ "name": self.name(number) }]);
                with(head("v1", "ServiceAccount"), "imagePullSecrets", pull)
            }
            4 => with(head("v1", "PersistentVolumeClaim"), "spec", json!({ "accessModes": ["ReadWriteOnce"] })),
            5 => {
                let mut spec = json!({ "ports": [{ "port": 80 }] });
                if self.random.chance(70) {
                    spec["selector"] = self.labels(60);
                }
                with(head("v1", "Service"), "spec", spec)
            }
            6 => with(head("networking.k8s.io/v1", "Ingress"), "spec", self.ingress(number)),
            7 => {
                let route = json!({ "rules": [{ "backendRefs": [{ "name": self.name(number), "port": 80 }] }] });
                with(head("gateway.networking.k8s.io/v1", "HTTPRoute"), "spec", route)
            }
            8 => {
                let name = self.name(number);
                let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": name });
                let spec = json!({ "maxReplicas": 3, "scaleTargetRef": target });
                with(head("autoscaling/v2", "HorizontalPodAutoscaler"), "spec", spec)
            }
            9 => with(head("acme.io/v1", "Widget"), "spec", json!({ "configMapName": self.name(number) })),
            10 => {
                let template = self.template(number);
                with(head("batch/v1", "Job"), "spec", json!({ "template": template }))
            }
            11 => {
                let spec = json!({ "template": self.template(number) });
                with(
                    head("batch/v1", "CronJob"),
                    "spec",
                    json!({ "schedule": "@daily", "jobTemplate": { "spec": spec } }),
                )
            }
            12 => {
                let mut spec = json!({ "minAvailable": 1 });
                if self.random.chance(70) {
                    spec["selector"] = json!({ "matchLabels": self.labels(50) });
                }
                with(head("policy/v1", "PodDisruptionBudget"), "spec", spec)
            }
            13 if self.random.chance(25) => self.foreign(number, &metadata),
            _ => self.workload(number, &metadata),
        }
    }

    /// Kinds that previews must not have, for names and labels of kustomize only.
    fn foreign(&mut self, number: usize, metadata: &Value) -> Value {
        let account = json!({ "kind": "ServiceAccount", "name": self.name(number) });
        match self.random.below(4) {
            0 => json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata }),
            1 => json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
                "roleRef": { "kind": "Role", "name": "r" }, "subjects": [account],
            }),
            2 => json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata,
                "spec": { "podSelector": { "matchLabels": self.labels(50) } },
            }),
            _ => {
                let spec = json!({ "selector": { "matchLabels": self.labels(50) }, "template": self.template(number) });
                json!({ "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec })
            }
        }
    }

    fn workload(&mut self, number: usize, metadata: &Value) -> Value {
        let kind = self.random.one(&["Deployment", "Deployment", "StatefulSet"]);
        let mut spec = json!({ "template": self.template(number) });
        if self.random.chance(80) {
            spec["selector"] = json!({ "matchLabels": self.labels(60) });
        }
        if self.random.chance(50) {
            spec["replicas"] = json!(self.random.below(4));
        }
        if kind == "StatefulSet" {
            spec["serviceName"] = json!(self.name(number));
            let claim =
                json!({ "metadata": { "name": self.name(number) }, "spec": { "accessModes": ["ReadWriteOnce"] } });
            spec["volumeClaimTemplates"] = json!([claim]);
        }
        json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec })
    }

    fn template(&mut self, number: usize) -> Value {
        let mut pod = json!({ "containers": [self.container(number)] });
        if self.random.chance(30) {
            pod["initContainers"] = json!([self.container(number)]);
        }
        if self.random.chance(40) {
            pod["serviceAccountName"] = json!(self.name(number));
        }
        if self.random.chance(30) {
            pod["imagePullSecrets"] = json!([{ "name": self.name(number) }]);
        }
        if self.random.chance(60) {
            let projected =
                json!([{ "configMap": { "name": self.name(number) } }, { "secret": { "name": self.name(number) } }]);
            pod["volumes"] = json!([
                { "name": "c", "configMap": { "name": self.name(number) } },
                { "name": "s", "secret": { "secretName": self.name(number) } },
                { "name": "p", "persistentVolumeClaim": { "claimName": self.name(number) } },
                { "name": "j", "projected": { "sources": projected } },
                { "name": "e", "emptyDir": {} },
            ]);
        }
        let mut template = json!({ "spec": pod });
        if self.random.chance(80) {
            template["metadata"] = json!({ "labels": self.labels(60) });
        }
        template
    }

    fn container(&mut self, number: usize) -> Value {
        let mut container = json!({ "name": "c", "image": self.random.one(&IMAGES) });
        if self.random.chance(50) {
            container["env"] = json!([
                { "name": "PLAIN", "value": "web" },
                { "name": "C", "valueFrom": { "configMapKeyRef": { "name": self.name(number), "key": "a" } } },
                { "name": "S", "valueFrom": { "secretKeyRef": { "name": self.name(number), "key": "a" } } },
            ]);
        }
        if self.random.chance(50) {
            container["envFrom"] = json!([
                { "configMapRef": { "name": self.name(number) } },
                { "secretRef": { "name": self.name(number) } },
            ]);
        }
        container
    }

    fn ingress(&mut self, number: usize) -> Value {
        let service = json!({ "name": self.name(number), "port": { "number": 80 } });
        let path = json!({ "path": "/", "pathType": "Prefix", "backend": { "service": service } });
        let mut spec = json!({ "rules": [{ "host": "a.example", "http": { "paths": [path] } }] });
        if self.random.chance(50) {
            spec["tls"] = json!([{ "hosts": ["a.example"], "secretName": self.name(number) }]);
        }
        if self.random.chance(20) {
            spec["defaultBackend"] = json!({ "service": { "name": self.name(number), "port": { "number": 80 } } });
        }
        spec
    }

    /// A directory with a kustomization that includes others.
    fn layer(&mut self, path: &str, below: &[String]) {
        let up = "../".repeat(path.split('/').count());
        let mut resources: Vec<_> = below.iter().map(|below| json!(format!("{up}{below}"))).collect();
        if self.random.chance(30) {
            let extra = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": format!("extra-{}", path.replace('/', "-")) } });
            self.write(format!("{path}/extra.yaml"), &extra);
            resources.push(json!("extra.yaml"));
        }
        let mut kustomization = json!({ "resources": resources });
        if self.random.chance(20) {
            kustomization["apiVersion"] = json!("kustomize.config.k8s.io/v1beta1");
            kustomization["kind"] = json!("Kustomization");
        }
        self.names(&mut kustomization);
        self.marks(&mut kustomization);
        self.images(&mut kustomization);
        if self.random.chance(45) {
            let patches = self.patches(path);
            kustomization["patches"] = patches;
        }
        self.write(format!("{path}/kustomization.yaml"), &kustomization);
    }

    fn names(&mut self, kustomization: &mut Value) {
        if self.random.chance(35) {
            kustomization["namespace"] = json!(self.random.one(&["one", "two"]));
        }
        if self.random.chance(50) {
            kustomization["namePrefix"] = json!(self.random.one(&["p-", "web-", "a"]));
        }
        if self.random.chance(35) {
            kustomization["nameSuffix"] = json!(self.random.one(&["-s", "-config", "1"]));
        }
    }

    fn marks(&mut self, kustomization: &mut Value) {
        if self.random.chance(35) {
            let mut sets = Vec::new();
            for (key, value) in self.random.some(&[("tier", "back"), ("stage", "preview"), ("acme.io/x", "1")], 60) {
                let mut set = json!({ "pairs": { key: value } });
                if self.random.chance(40) {
                    set["includeSelectors"] = json!(self.random.chance(80));
                }
                if self.random.chance(40) {
                    set["includeTemplates"] = json!(self.random.chance(80));
                }
                if self.random.chance(20) {
                    set["includeVolumeClaimTemplates"] = json!(true);
                }
                sets.push(set);
            }
            kustomization["labels"] = sets.into();
        }
        if self.random.chance(20) {
            kustomization["commonLabels"] = json!({ "common": "yes", "tier": "common" });
        }
        if self.random.chance(30) {
            kustomization["commonAnnotations"] = json!({ "checksum/all": "a", "checksum/config": "2" });
        }
    }

    fn images(&mut self, kustomization: &mut Value) {
        if self.random.chance(45) {
            let mut images = Vec::new();
            for name in self.random.some(&IMAGE_NAMES, 50) {
                let mut image = json!({ "name": name });
                if self.random.chance(40) {
                    image["newName"] = json!(self.random.one(&["mirror/x", "registry.acme.internal:5000/y", "nginx"]));
                }
                match self.random.below(4) {
                    0 => image["newTag"] = json!("v2"),
                    1 => image["newTag"] = json!("1.10"),
                    2 => image["digest"] = json!(format!("sha256:{}", "c".repeat(64))),
                    _ => {}
                }
                images.push(image);
            }
            kustomization["images"] = images.into();
        }
        if self.random.chance(20) {
            let found: Vec<_> = self.workload_names();
            if !found.is_empty() {
                let name = found[self.random.below(found.len())].clone();
                kustomization["replicas"] = json!([{ "name": name, "count": self.random.below(5) }]);
            }
        }
    }

    /// Names of workloads in the bases.
    fn workload_names(&self) -> Vec<String> {
        let texts = self.files.iter().filter(|(path, _)| path.ends_with("all.yaml")).map(|(_, text)| text);
        let documents = texts.flat_map(|text| text.split("---\n"));
        let workloads =
            documents.filter(|text| text.contains("kind: Deployment\n") || text.contains("kind: StatefulSet\n"));
        let name = |text: &str| {
            let metadata = text.split("\nmetadata:\n").nth(1)?;
            let line = metadata.lines().find_map(|line| line.strip_prefix("  name: "))?;
            Some(line.trim_matches('"').to_owned())
        };
        workloads.filter_map(name).collect()
    }

    fn patches(&mut self, path: &str) -> Value {
        let mut patches = Vec::new();
        for at in 0..1 + self.random.below(2) {
            let (target, operations) = self.patch();
            let mut patch = json!({ "target": target });
            let text = match self.random.below(3) {
                0 => to_json(&operations),
                _ => to_yaml(&operations),
            };
            if self.random.chance(30) {
                let file = format!("patch{at}.yaml");
                self.files.push((format!("{path}/{file}"), text));
                patch["path"] = json!(file);
            } else {
                patch["patch"] = json!(text);
            }
            patches.push(patch);
        }
        patches.into()
    }

    fn patch(&mut self) -> (Value, Value) {
        let annotation = "/metadata/annotations/checksum~1patch";
        match self.random.below(13) {
            0 => (
                json!({ "kind": "ConfigMap" }),
                json!([{ "op": "add", "path": "/data", "value": { "a/b": "1", "c~d": "2" } }]),
            ),
            1 => (
                json!({ "kind": "ConfigMap" }),
                json!([
                    { "op": "add", "path": "/data", "value": { "a/b": "1", "c~d": "2" } },
                    { "op": "replace", "path": "/data/a~1b", "value": "3" },
                    { "op": "remove", "path": "/data/c~0d" },
                ]),
            ),
            2 => (json!({ "kind": "Deployment" }), json!([{ "op": "add", "path": annotation, "value": "x" }])),
            3 => (
                json!({ "group": "apps", "version": "v1", "kind": "Deployment" }),
                json!([
                    { "op": "test", "path": "/kind", "value": "Deployment" },
                    { "op": "add", "path": "/spec/template/spec/containers/0/args", "value": ["a"] },
                    { "op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "z" },
                    { "op": "add", "path": "/spec/template/spec/containers/0/args/0", "value": "0" },
                ]),
            ),
            4 => (
                json!({ "kind": "Service" }),
                json!([{ "op": "replace", "path": "/spec/ports/0/port", "value": 8080 }]),
            ),
            5 => (
                json!({ "name": self.random.one(&NAMES) }),
                json!([{ "op": "add", "path": annotation, "value": "named" }]),
            ),
            6 => (
                json!({ "kind": "Service" }),
                json!([
                    { "op": "copy", "from": "/spec/ports/0", "path": "/spec/ports/-" },
                    { "op": "move", "from": "/spec/ports/1/port", "path": "/spec/ports/1/targetPort" },
                ]),
            ),
            7 => (
                json!({ "version": "v1", "kind": "Secret" }),
                json!([{ "op": "replace", "path": "/stringData/new", "value": "n" }]),
            ),
            8 => (
                json!({ "kind": "ConfigMap", "name": self.random.one(&NAMES) }),
                json!([{ "op": "replace", "path": "/metadata/labels/app", "value": "patched" }]),
            ),
            9 => (
                json!({ "kind": "Ingress" }),
                json!([{ "op": "replace", "path": "/spec/rules/0/http/paths/0/backend/service/name", "value": "web" }]),
            ),
            10 => (json!({ "kind": "Service" }), json!([{ "op": "remove", "path": "/spec/selector" }])),
            _ => (json!({ "kind": "Deployment" }), json!([{ "op": "add", "path": "/spec/replicas", "value": 7 }])),
        }
    }
}
