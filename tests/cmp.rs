//! Stories of the Argo CD plugin: the binary with the command line of its sidecar, under the real repo-server and the
//! real controllers.
//!
//! Every story has its own plugin and its own repository. The repo-server is shared, so plugins have different names. A
//! story that needs other settings or stops a server has its own servers.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is test code: a panic is how it reports, clippy permits panics only inside of #[test]"
)]

mod archive;
mod authority;
mod cache;
mod classic;
mod corpus;
mod deadline;
mod dependencies;
mod errors;
mod examples;
mod golden;
mod hostile;
mod identity;
mod kustomize;
mod limits;
mod many;
mod parameters;
mod paths;
mod policy;
mod previews;
mod random;
mod reader;
mod restarts;
mod soak;
mod sources;

use std::{path::PathBuf, time::Duration};

use eod_testkit::argocd::{ArgoCd, Dial, Launch, Plugin, Repository, Request, Tool};
use serde_json::Value;

/// Path of the plugin's program.
const BINARY: &str = env!("CARGO_BIN_EXE_eod-cmp");

/// Maximum time that a story waits for a server. It is not a measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// Deadline of a call whose duration does not matter, long enough for a busy machine. The controller's own deadline is
/// one minute.
const LONG: Duration = Duration::from_secs(300);

/// Argo CD project of all stories.
const PROJECT: &str = "previews";

/// Default policy of a story.
const POLICY: &str = r#"
version: 1
projects:
  previews:
    installation: acme
    namespaces: ["*-pr-*"]
    domain: preview.acme.internal
    registries: ["registry.acme.internal/"]
    stable_services: ["stable/payments:8080"]
    ingress: { class: internal }
"#;

/// Source with one object.
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { mode: production }\n";

/// Source with the objects of a typical service.
const SHOP: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  replicas: 4
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec:
      containers:
        - name: api
          image: registry.acme.internal/shop:main
          ports: [{ containerPort: 8080 }]
---
apiVersion: v1
kind: Service
metadata: { name: api }
spec: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: api }
spec:
  rules:
    - host: shop.example.com
      http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: api, port: { number: 80 } } } }]
"#;

/// Plugin of a repo-server, and a repository to render.
struct RenderStory<'a> {
    // Dropped first, before the servers that could call it.
    plugin: Plugin,
    repository: Repository,
    argocd: &'a ArgoCd,
}

impl<'a> RenderStory<'a> {
    /// Starts a plugin with the default policy and with helm and kustomize.
    #[track_caller]
    fn begin(argocd: &'a ArgoCd, name: &str, files: &[(&str, &str)]) -> Self {
        Self::under(POLICY, argocd, name, files)
    }

    /// Starts a plugin with another policy.
    #[track_caller]
    fn under(policy: &str, argocd: &'a ArgoCd, name: &str, files: &[(&str, &str)]) -> Self {
        Self::with(&[], policy, argocd, name, files)
    }

    /// Starts a plugin with another policy and more arguments.
    #[track_caller]
    fn with(arguments: &[&str], policy: &str, argocd: &'a ArgoCd, name: &str, files: &[(&str, &str)]) -> Self {
        let launch = Launch { binary: BINARY, name, policy, tools: tools(), arguments };
        Self { plugin: Plugin::start(argocd, &launch), repository: Repository::new(files), argocd }
    }

    /// Application of the directory `shop`, with the namespace of the same name.
    fn request(&self, name: &str) -> Request {
        self.request_of("shop", name)
    }

    /// Application of another directory.
    fn request_of(&self, path: &str, name: &str) -> Request {
        let request = Request::new(&self.repository, path).application(name).namespace(name).project(PROJECT);
        request.plugin(self.plugin.name()).deadline(LONG)
    }

    /// Manifests of an Application.
    #[track_caller]
    fn rendered(&self, request: &Request) -> Vec<Value> {
        self.argocd.generate(request).expect_manifests()
    }

    /// Error of the plugin that a user reads, without the text that Argo CD adds in front of it.
    #[track_caller]
    fn refused(&self, request: &Request) -> String {
        let failure = self.argocd.generate(request).expect_failure();
        // The text of the plugin follows the last of several codes.
        failure.shown.rsplit(" desc = ").next().unwrap_or_default().to_owned()
    }

    /// Client that sends the repository's directory to the plugin directly, without a repo-server.
    fn dial<'b>(&'b self, root: &'b std::path::Path, path: &'b str, environment: &'b [(&'b str, &'b str)]) -> Dial<'b> {
        Dial { socket: self.plugin.socket(), root, path, environment, deadline: LONG }
    }

    /// Number of calls for manifests with an outcome.
    #[track_caller]
    fn calls(&self, outcome: &str) -> f64 {
        let labels = format!("{{method=\"GenerateManifest\",outcome=\"{outcome}\"}}");
        self.plugin.number(&format!("eod_cmp_calls_total{labels}"))
    }

    /// Hits and misses of the plugin's cache.
    #[track_caller]
    fn cache(&self) -> (f64, f64) {
        let of = |result: &str| self.plugin.number(&format!("eod_cmp_cache_total{{result=\"{result}\"}}"));
        (of("hit"), of("miss"))
    }

    /// Number of runs of tools.
    #[track_caller]
    fn tool_runs(&self) -> f64 {
        self.plugin.number("eod_cmp_part_seconds_count{part=\"tool\"}")
    }
}

/// Directories of the real helm and kustomize.
fn tools() -> Vec<PathBuf> {
    [Tool::Helm, Tool::Kustomize].map(|tool| tool.path().parent().unwrap().to_owned()).into()
}

/// `Kind/name` of every manifest.
fn titles(manifests: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    manifests.iter().map(|one| format!("{}/{}", text(&one["kind"]), text(&one["metadata"]["name"]))).collect()
}

/// Manifest with a title `Kind/name`.
#[track_caller]
fn object<'a>(manifests: &'a [Value], title: &str) -> &'a Value {
    let found = titles(manifests).iter().position(|found| found == title);
    &manifests[found.unwrap_or_else(|| panic!("there is no {title} among {:?}", titles(manifests)))]
}

/// Value of a label or annotation of EoD.
fn ours<'a>(map: &'a Value, name: &str) -> &'a Value {
    &map[format!("environment.on-demand/{name}")]
}

/// True if a process is running; a zombie is not.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
