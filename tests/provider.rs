//! Stories of the `eod_` resources, with real Terraform and a real API server.
//!
//! A story is one configuration in its own folder, with its own installation and repository, so that all stories share one
//! cluster and run in parallel. Each runs on the binaries of [`Terraform::all`].
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is test code: a panic is how it reports, clippy permits panics only inside of #[test]"
)]

mod access;
mod adopt;
mod canary;
mod claims;
mod configuration;
mod crash;
mod create;
mod credentials;
mod data_sources;
mod database;
mod destroy;
mod drift;
mod ended;
mod examples;
mod faults;
mod functions;
mod import;
mod ledger;
mod lives;
mod many;
mod meets_reaper;
mod names;
mod network;
mod push;
mod queue;
mod reaper;
mod refusal;
mod returns;
mod skew;
mod testing;
mod unknown;
mod update;
mod vault;

use std::ops::{Deref, DerefMut};

use eod_testkit::{
    cluster::{Cluster, PATIENCE},
    fault::FaultProxy,
    terraform::Terraform,
    wait::wait_until,
    workspace::{Run, Workspace},
};
use serde_json::{Value, json};

use self::configuration::{Configuration, indented};

/// Address of the environment of a story.
pub(crate) const ADDRESS: &str = "eod_environment.preview";

/// Default domain of a story.
pub(crate) const DOMAIN: &str = "preview.example.com";

/// A configuration with one `eod_environment.preview`, the folder it is run in, and the cluster it is run against.
///
/// It derefs to its [`Configuration`].
pub(crate) struct EnvironmentStory {
    pub(crate) cluster: &'static Cluster,
    pub(crate) installation: String,
    /// `acme/<installation>`: a repository that no other story has.
    pub(crate) repository: String,
    /// Default name of the environment of pull request 7, and of its namespace.
    pub(crate) name: String,
    configuration: Configuration,
}

/// Runs a test on each binary of [`Terraform::all`].
#[track_caller]
pub(crate) fn each(run: impl Fn(&'static Terraform)) {
    for terraform in Terraform::all() {
        run(terraform);
    }
}

/// Runs a story on each binary. `arguments` are arguments of the environment, besides repository and pull request.
#[track_caller]
pub(crate) fn run_story(test: &str, arguments: &str, story: impl Fn(&mut EnvironmentStory)) {
    each(|terraform| story(&mut EnvironmentStory::new(terraform, test, arguments)));
}

impl EnvironmentStory {
    #[track_caller]
    fn new(terraform: &'static Terraform, test: &str, arguments: &str) -> Self {
        let cluster = Cluster::shared();
        let installation = cluster.installation(test);
        let workspace = Workspace::with(terraform, test, "").kubeconfig(cluster.kubeconfig());
        let mut story = Self {
            cluster,
            repository: format!("acme/{installation}"),
            name: format!("{installation}-pr-7"),
            configuration: Configuration::new(terraform, workspace, &format!("domain = \"{DOMAIN}\"")),
            installation: String::new(),
        };
        story.install(&installation);
        story.arguments(arguments);
        story
    }

    /// This configuration in an empty folder, without a state.
    #[track_caller]
    pub(crate) fn elsewhere(&self) -> Self {
        let Self { cluster, installation, repository, name, configuration } = self;
        let workspace = Workspace::with(configuration.terraform, "elsewhere", "").kubeconfig(cluster.kubeconfig());
        Self {
            cluster,
            installation: installation.clone(),
            repository: repository.clone(),
            name: name.clone(),
            configuration: configuration.elsewhere(workspace),
        }
    }

    /// Sets the arguments of the environment.
    pub(crate) fn arguments(&mut self, arguments: &str) {
        let block = self.block("preview", arguments);
        self.body(&block);
    }

    /// Sets the provider's `installation`.
    pub(crate) fn install(&mut self, installation: &str) {
        installation.clone_into(&mut self.installation);
        self.configuration.always(&format!("installation = \"{installation}\""));
    }

    /// Sets the configuration after the provider block.
    pub(crate) fn body(&mut self, hcl: &str) {
        self.configuration.body(hcl);
    }

    /// Starts a proxy; all following calls pass through it.
    pub(crate) fn through(&mut self, proxy: &FaultProxy) {
        self.set_env("KUBE_CONFIG_PATH", proxy.kubeconfig());
    }

    /// An environment of pull request 7 as a block.
    pub(crate) fn block(&self, label: &str, arguments: &str) -> String {
        let repository = &self.repository;
        format!(
            "resource \"eod_environment\" \"{label}\" {{\n  repository   = \"{repository}\"\n  pull_request = 7\n{}}}\n",
            indented(arguments)
        )
    }

    /// Removes the environment from the state, not from the cluster.
    #[track_caller]
    pub(crate) fn forget(&self) {
        self.run(&["state", "rm", ADDRESS]).expect_ok();
    }

    /// Attributes of the environment, read from the state file, which is faster than `terraform show`.
    #[track_caller]
    pub(crate) fn attributes(&self) -> Value {
        self.attributes_of("preview").unwrap_or_else(|| panic!("{ADDRESS} is not in the state"))
    }

    /// Attributes of an environment in the state file; none if it is not there.
    #[track_caller]
    pub(crate) fn attributes_of(&self, label: &str) -> Option<Value> {
        Some(self.instance("eod_environment", label)?["attributes"].clone())
    }

    /// One attribute of the environment in the state.
    #[track_caller]
    pub(crate) fn attribute(&self, name: &str) -> Value {
        self.attributes()[name].clone()
    }

    /// API path of the namespace.
    pub(crate) fn namespace_path(&self) -> String {
        format!("/api/v1/namespaces/{}", self.name)
    }

    /// The namespace in the cluster.
    #[track_caller]
    pub(crate) fn namespace(&self) -> Value {
        self.cluster.read(&self.namespace_path()).unwrap_or_else(|| panic!("there is no namespace {}", self.name))
    }

    /// The namespace's uid.
    #[track_caller]
    pub(crate) fn uid(&self) -> String {
        text(&self.namespace()["metadata"]["uid"])
    }

    /// A label of the namespace; null if it does not exist.
    #[track_caller]
    pub(crate) fn label(&self, key: &str) -> Value {
        self.namespace()["metadata"]["labels"][key].clone()
    }

    /// An annotation of the namespace; null if it does not exist.
    #[track_caller]
    pub(crate) fn annotation(&self, key: &str) -> Value {
        self.namespace()["metadata"]["annotations"][key].clone()
    }

    /// API path of a resource in the namespace.
    pub(crate) fn collection(&self, plural: &str) -> String {
        let root = match plural {
            "networkpolicies" => "/apis/networking.k8s.io/v1",
            "roles" | "rolebindings" => "/apis/rbac.authorization.k8s.io/v1",
            _ => "/api/v1",
        };
        format!("{root}/namespaces/{}/{plural}", self.name)
    }

    /// All objects of a resource in the namespace.
    #[track_caller]
    pub(crate) fn objects(&self, plural: &str) -> Vec<Value> {
        let path = self.collection(plural);
        let list = self.cluster.read(&path).unwrap_or_else(|| panic!("there is no {path}"));
        list["items"].as_array().unwrap().clone()
    }

    /// The only object of a resource in the namespace.
    #[track_caller]
    pub(crate) fn only(&self, plural: &str) -> Value {
        let mut found = self.objects(plural);
        assert_eq!(found.len(), 1, "expected one of {plural}, found {found:#?}");
        found.remove(0)
    }

    /// Patches an object, as a user without EoD.
    #[track_caller]
    pub(crate) fn patch(&self, path: &str, patch: &Value) {
        let (status, answer) = self.cluster.call("PATCH", &format!("{path}?fieldManager=somebody"), Some(patch));
        assert_eq!(status, 200, "{answer}");
    }

    /// Patches the metadata of the namespace.
    #[track_caller]
    pub(crate) fn patch_metadata(&self, metadata: &Value) {
        self.patch(&self.namespace_path(), &json!({ "metadata": metadata }));
    }

    /// Deletes an object.
    #[track_caller]
    pub(crate) fn delete(&self, path: &str) {
        let (status, answer) = self.cluster.call("DELETE", path, None);
        assert!(matches!(status, 200 | 202), "{status} {answer}");
    }

    /// Deletes the namespace and waits until it is gone.
    #[track_caller]
    pub(crate) fn delete_namespace(&self) {
        self.delete(&self.namespace_path());
        self.cluster.wait_until_gone(&self.name);
    }

    /// Creates the namespace without ownership labels.
    #[track_caller]
    pub(crate) fn make_foreign_namespace(&self) {
        self.cluster.kubectl(&["create", "namespace", &self.name]);
    }

    /// Creates an object with a finalizer in the namespace, which blocks its deletion.
    #[track_caller]
    pub(crate) fn hold(&self) {
        let body = json!({ "metadata": { "name": "held", "finalizers": ["example.com/hold"] } });
        let (status, answer) = self.cluster.call("POST", &self.collection("configmaps"), Some(&body));
        assert_eq!(status, 201, "{answer}");
    }

    /// Removes the finalizer.
    #[track_caller]
    pub(crate) fn release(&self) {
        self.patch(&format!("{}/held", self.collection("configmaps")), &json!({ "metadata": { "finalizers": null } }));
    }

    /// Waits until the namespace is being deleted.
    #[track_caller]
    pub(crate) fn wait_until_terminating(&self) {
        wait_until("the namespace to be deleted", PATIENCE, || {
            let namespace = self.namespace();
            if namespace["metadata"]["deletionTimestamp"].is_string() { Ok(()) } else { Err(namespace.to_string()) }
        });
    }

    /// Asserts that a run reports an error at the line of the configuration with this beginning, and with this text.
    #[track_caller]
    pub(crate) fn expect_reported(&self, run: &Run, line: &str, why: &str) {
        let text = self.text("main.tf");
        let found = text.lines().enumerate().find(|(_, each)| each.trim_start().starts_with(line));
        let (at, whole) = found.unwrap_or_else(|| panic!("no line of main.tf begins with `{line}`"));
        let whole = whole.split_whitespace().collect::<Vec<_>>().join(" ");
        let number = at + 1;
        let said = run.said();
        assert!(
            said.contains(&format!("on main.tf line {number},")),
            "expected line {number} (`{line}`) to be blamed\n{run}"
        );
        assert!(said.contains(&format!("{number}: {whole}")), "expected `{number}: {whole}`\n{run}");
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&why), "expected it to say `{why}`\n{run}");
    }
}

impl Drop for EnvironmentStory {
    /// Deletes the objects of the story, for clusters that outlive the run.
    fn drop(&mut self) {
        let lasting = std::env::var_os("EOD_TEST_KUBECONFIG").is_some_and(|value| !value.is_empty());
        if lasting && !std::thread::panicking() {
            self.cluster.call("DELETE", &self.namespace_path(), None);
        }
    }
}

impl Deref for EnvironmentStory {
    type Target = Configuration;

    fn deref(&self) -> &Configuration {
        &self.configuration
    }
}

impl DerefMut for EnvironmentStory {
    fn deref_mut(&mut self) -> &mut Configuration {
        &mut self.configuration
    }
}

/// A string in an answer or a state.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected a text, got {value}")).to_owned()
}

/// True if `end` is a TTL after `begin`.
#[track_caller]
pub(crate) fn lies_after(begin: &Value, ttl: &str, end: &Value) -> bool {
    let ttl: eod_domain::Ttl = ttl.parse().unwrap();
    ttl.from(text(begin).parse().unwrap()) == text(end).parse().unwrap()
}

/// A time that is a duration after another time.
#[track_caller]
pub(crate) fn later(begin: &Value, duration: &str) -> String {
    let duration: eod_domain::Ttl = duration.parse().unwrap();
    duration.from(text(begin).parse().unwrap()).to_string()
}

/// Errors of a run on one line, without the plan before them.
#[track_caller]
pub(crate) fn errors(run: &Run) -> String {
    let said = run.said();
    let begin = said.find("Error: ").unwrap_or_else(|| panic!("expected an error\n{run}"));
    said[begin..].to_owned()
}

/// Terraform's summary of an apply.
pub(crate) fn done(added: u32, changed: u32, destroyed: u32) -> String {
    format!("{added} added, {changed} changed, {destroyed} destroyed")
}
