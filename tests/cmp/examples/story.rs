//! Fixture: a forge with one repository, Argo CD with the plugin, and the examples applied to it.

use std::fs;

use eod_testkit::argocd::{ArgoCd, Forge, Launch, Plugin, Repository, Settings};
use eod_testkit::cluster::{Cluster, PATIENCE};
use eod_testkit::wait::wait_until;
use serde_json::{Value, json};

use super::{folder, in_namespace, with};
use crate::cmp::BINARY;

pub(super) struct GitOpsStory {
    // Dropped first, before the servers that could call it.
    _plugin: Plugin,
    pub(super) cluster: &'static Cluster,
    pub(super) argocd: ArgoCd,
    pub(super) forge: Forge,
    pub(super) repository: Repository,
}

impl GitOpsStory {
    /// Starts everything and applies the token and the project.
    #[track_caller]
    pub(super) fn begin(files: &[(&str, &str)]) -> Self {
        let cluster = Cluster::shared();
        // Settings of settings.yaml as arguments.
        let repo_server = ["--plugin-tar-exclude=.git", "--plugin-use-manifest-generate-paths"];
        let settings = Settings { repo_server: repo_server.map(str::to_owned).to_vec(), ..Settings::default() };
        let argocd = ArgoCd::in_cluster(cluster, &settings);
        let forge = Forge::start("acme", "shop").with_webhook(argocd.webhook());
        let policy = fs::read_to_string(folder().join("policy.yaml")).unwrap();
        let launch = Launch { binary: BINARY, name: "eod@v1", policy: &policy, tools: Vec::new(), arguments: &[] };
        let plugin = Plugin::start(&argocd, &launch);
        let story = Self { _plugin: plugin, cluster, argocd, forge, repository: Repository::new(files) };
        cluster.apply(&in_namespace("token.yaml", story.argocd.namespace()));
        cluster.apply(&story.adapted("project.yaml"));
        story
    }

    /// Applies an ApplicationSet with the test's forge.
    #[track_caller]
    pub(super) fn watch(&self, file: &str) {
        let text = self.adapted(file);
        let owner = text.lines().find(|line| line.trim() == "owner: acme").unwrap();
        let indent = &owner[..owner.len() - owner.trim_start().len()];
        // Argo CD may miss a webhook that arrives while it is listing pull requests.
        let text = with(&text, "requeueAfterSeconds: 100", "requeueAfterSeconds: 5");
        let api = self.forge.generator(&[])["api"].as_str().unwrap().to_owned();
        self.cluster.apply(&with(&text, owner, &format!("{indent}api: {api}\n{owner}")));
    }

    /// File with the names of the test.
    #[track_caller]
    fn adapted(&self, file: &str) -> String {
        let text = in_namespace(file, self.argocd.namespace());
        with(&text, "https://github.com/acme/shop.git", &self.repository.url())
    }

    #[track_caller]
    pub(super) fn application(&self, name: &str) -> Option<Value> {
        let namespace = self.argocd.namespace();
        self.cluster.read(&format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}"))
    }

    /// Waits until an Application runs a commit.
    #[track_caller]
    pub(super) fn expect_synced(&self, name: &str, sha: &str) -> Value {
        wait_until(&format!("{name} to be synced at {sha}"), PATIENCE, || {
            let application = self.application(name).ok_or("no application")?;
            let status = &application["status"];
            let synced = status["sync"]["status"] == "Synced"
                && status["sync"]["revision"] == sha
                && status["operationState"]["phase"] == "Succeeded";
            if synced { Ok(application) } else { Err(status.to_string()) }
        })
    }

    /// Waits until a condition of an Application contains all words.
    #[track_caller]
    pub(super) fn expect_condition(&self, name: &str, words: &[&str]) -> String {
        wait_until(&format!("{name} to have a condition with {words:?}"), PATIENCE, || {
            let status = self.application(name).ok_or("no application")?["status"].clone();
            let conditions = status["conditions"].as_array().into_iter().flatten();
            let messages = conditions.filter_map(|condition| condition["message"].as_str());
            let all = |message: &&str| words.iter().all(|word| message.contains(word));
            messages.map(str::to_owned).find(|message| all(&message.as_str())).ok_or_else(|| status.to_string())
        })
    }

    #[track_caller]
    pub(super) fn expect_no_application(&self, name: &str) {
        wait_until(&format!("{name} to be gone"), PATIENCE, || match self.application(name) {
            None => Ok(()),
            Some(application) => Err(application.to_string()),
        });
    }

    /// Object of an environment, by the plural of its kind.
    #[track_caller]
    pub(super) fn object(&self, environment: &str, group: &str, plural: &str, name: &str) -> Option<Value> {
        self.cluster.read(&format!("/{group}/namespaces/{environment}/{plural}/{name}"))
    }

    /// Deletes an ApplicationSet and waits until its Applications are deleted.
    #[track_caller]
    pub(super) fn end(&self, set: &str) {
        self.cluster.kubectl(&["delete", "applicationset", set, "-n", self.argocd.namespace()]);
        wait_until("the Applications to be gone", PATIENCE, || {
            let namespace = self.argocd.namespace();
            let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications");
            let list = self.cluster.read(&path).unwrap();
            if list["items"] == json!([]) { Ok(()) } else { Err(list.to_string()) }
        });
    }
}

/// Manifests of a service: a Deployment, its Service and an Ingress.
pub(super) fn service(name: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\n\
         kind: Deployment\n\
         metadata: {{ name: {name} }}\n\
         spec:\n  \
           replicas: 1\n  \
           selector: {{ matchLabels: {{ app: {name} }} }}\n  \
           template:\n    \
             metadata: {{ labels: {{ app: {name} }} }}\n    \
             spec:\n      \
               containers:\n        \
                 - {{ name: {name}, image: {image} }}\n\
         ---\n\
         apiVersion: v1\n\
         kind: Service\n\
         metadata: {{ name: {name} }}\n\
         spec: {{ selector: {{ app: {name} }}, ports: [{{ port: 8080 }}] }}\n\
         ---\n\
         apiVersion: networking.k8s.io/v1\n\
         kind: Ingress\n\
         metadata: {{ name: {name} }}\n\
         spec:\n  \
           rules:\n    \
             - host: {name}.acme.example\n      \
               http:\n        \
                 paths:\n          \
                   - {{ path: /, pathType: Prefix, backend: {{ service: {{ name: {name}, port: {{ number: 8080 }} }} }} }}\n"
    )
}
