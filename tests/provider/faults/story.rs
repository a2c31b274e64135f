//! One environment behind a proxy that injects faults into its calls.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use eod_testkit::{
    cluster::Cluster,
    fault::{Fault, FaultProxy, Logged},
    terraform::Terraform,
    workspace::{Run, Workspace},
};
use serde_json::{Value, json};

use crate::provider::each;

/// A configuration with one environment. Its name is also the installation, so that
/// all its objects can be found, and no object of another test.
pub(crate) struct FaultStory {
    pub(crate) cluster: &'static Cluster,
    pub(crate) proxy: FaultProxy,
    pub(crate) workspace: Workspace,
    pub(crate) name: String,
}

/// The address of the environment in every story.
pub(crate) const IT: &str = "eod_environment.it";

/// Messages of Terraform about a provider that crashed or broke the protocol.
const BROKEN: [&str; 6] = [
    "Plugin did not respond",
    "Provider produced",
    "Provider returned invalid",
    "panicked",
    "Request cancelled",
    "This is a bug in the provider",
];

/// Runs a story with every Terraform. Its environment has only a name, and the administrator creates it.
#[track_caller]
pub(crate) fn run_story(test: &str, story: impl Fn(FaultStory)) {
    each(|terraform| story(FaultStory::new(terraform, test)));
}

impl FaultStory {
    /// The environment with only a name, for the administrator.
    #[track_caller]
    pub(crate) fn new(terraform: &Terraform, test: &str) -> Self {
        Self::with(terraform, test, FaultProxy::start(Cluster::shared()), "")
    }

    /// The environment with further arguments, behind a proxy with any credentials.
    #[track_caller]
    pub(crate) fn with(terraform: &Terraform, test: &str, proxy: FaultProxy, arguments: &str) -> Self {
        let cluster = Cluster::shared();
        let name = cluster.installation(test);
        // The first create in a cluster creates the control namespace, too, and the stories count writes.
        let control = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "eod-system" } });
        cluster.call("POST", "/api/v1/namespaces", Some(&control));
        let hcl = hcl(&provider(&name, ""), &name, arguments);
        let workspace = Workspace::with(terraform, test, &hcl).kubeconfig(proxy.kubeconfig());
        Self { cluster, proxy, workspace, name }
    }

    /// Sets other arguments of the environment.
    pub(crate) fn rewrite(&self, arguments: &str) {
        self.workspace.write("main.tf", &hcl(&provider(&self.name, ""), &self.name, arguments));
    }

    /// Injects a fault into the write with this number, counted from 0, and those after it up to `times`.
    pub(crate) fn spoil_write(&self, number: usize, times: usize, fault: Fault) {
        let seen = AtomicUsize::new(0);
        self.proxy.rule(move |call| is_write(call) && seen.fetch_add(1, Ordering::Relaxed) >= number, times, fault);
    }

    pub(crate) fn spoiled(&self) -> usize {
        self.proxy.calls(|call| call.spoiled)
    }

    pub(crate) fn namespace(&self) -> Option<Value> {
        self.cluster.read(&format!("/api/v1/namespaces/{}", self.name))
    }

    /// The uid of the current namespace.
    #[track_caller]
    pub(crate) fn uid(&self) -> String {
        let namespace = self.namespace().unwrap_or_else(|| panic!("there is no namespace {}", self.name));
        namespace["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    /// Panics unless there is one namespace of ours, with all its guards.
    #[track_caller]
    pub(crate) fn expect_whole(&self) {
        assert_eq!(self.marked("/api/v1/namespaces"), [self.name.as_str()], "{}", self.proxy.story());
        let namespace = self.namespace().unwrap();
        let annotations = &namespace["metadata"]["annotations"];
        assert!(annotations["environment.on-demand/provisioned-at"].is_string(), "{namespace}");
        for (kind, at_least) in [
            ("api/v1", "resourcequotas", 1),
            ("api/v1", "limitranges", 1),
            ("apis/networking.k8s.io/v1", "networkpolicies", 4),
            ("apis/rbac.authorization.k8s.io/v1", "rolebindings", 1),
            ("apis/rbac.authorization.k8s.io/v1", "roles", 1),
        ]
        .map(|(group, kind, at_least)| (format!("/{group}/namespaces/{}/{kind}", self.name), at_least))
        {
            let found = self.marked(&kind).len();
            assert!(found >= at_least, "{found} of {kind}, expected {at_least}\n{}", self.proxy.story());
        }
    }

    /// Panics if an object of our installation is left.
    #[track_caller]
    pub(crate) fn assert_nothing_left(&self) {
        assert!(self.namespace().is_none(), "namespace {} is left\n{}", self.name, self.proxy.story());
        for path in [
            "/api/v1/namespaces",
            "/api/v1/configmaps",
            "/apis/rbac.authorization.k8s.io/v1/roles",
            "/apis/rbac.authorization.k8s.io/v1/rolebindings",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        ] {
            assert_eq!(self.marked(path), Vec::<String>::new(), "{path}");
        }
    }

    /// The names of the objects below a path with the label of our installation.
    #[track_caller]
    fn marked(&self, path: &str) -> Vec<String> {
        let selector = format!("labelSelector=environment.on-demand%2Finstallation%3D{}", self.name);
        let list = self.cluster.read(&format!("{path}?{selector}")).unwrap();
        let names = list["items"].as_array().unwrap().iter();
        names.map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    /// True if the environment is in the state and tainted.
    #[track_caller]
    pub(crate) fn is_tainted(&self) -> bool {
        let text = self.workspace.raw_state_text();
        let state: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in the state `{text}`"));
        let resources = state["resources"].as_array().unwrap();
        let it = resources.iter().find(|each| each["type"] == "eod_environment");
        let it = it.unwrap_or_else(|| panic!("the environment is not in the state {state}"));
        it["instances"][0]["status"] == "tainted"
    }

    /// Destroys, and panics if anything is left.
    #[track_caller]
    pub(crate) fn end(self) {
        self.workspace.destroy().expect_ok();
        self.assert_nothing_left();
        assert!(self.workspace.resource(IT).is_none());
    }

    /// Deletes the namespace without waiting, for stories that are not about destroying.
    pub(crate) fn discard(self) {
        self.cluster.call("DELETE", &format!("/api/v1/namespaces/{}", self.name), None);
    }

    /// Deletes the ledger, if there is one.
    pub(crate) fn delete_ledger(&self) {
        self.cluster.call("DELETE", &format!("/api/v1/namespaces/eod-system/configmaps/{0}.{0}", self.name), None);
    }

    /// Blocks the deletion of the namespace, until [`FaultStory::release`].
    #[track_caller]
    pub(crate) fn hold(&self) {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "held", "namespace": self.name, "finalizers": ["example.com/hold"] },
        });
        self.cluster.apply(&object.to_string());
    }

    #[track_caller]
    pub(crate) fn release(&self) {
        let path = format!("/api/v1/namespaces/{}/configmaps/held", self.name);
        let (status, answer) = self.cluster.call("PATCH", &path, Some(&json!({ "metadata": { "finalizers": null } })));
        assert_eq!(status, 200, "{answer}");
    }
}

impl Drop for FaultStory {
    fn drop(&mut self) {
        // The cluster may exist after the run, and a failed test leaves its namespace.
        if thread::panicking() {
            let arguments = ["delete", "namespace", &self.name, "--ignore-not-found", "--wait=false"];
            drop(self.cluster.try_kubectl(&arguments));
        }
    }
}

/// A provider block with an installation and further lines.
pub(crate) fn provider(installation: &str, lines: &str) -> String {
    format!(
        r#"terraform {{
  required_providers {{
    eod = {{
      source = "environment-on-demand/eod"
    }}
  }}
}}

provider "eod" {{
  installation = "{installation}"
  {lines}
}}
"#
    )
}

/// A provider block and one environment.
pub(crate) fn hcl(provider: &str, name: &str, arguments: &str) -> String {
    format!(
        r#"{provider}
resource "eod_environment" "it" {{
  name     = "{name}"
  services = ["api"]
  access   = [{{ kind = "User", name = "alice@acme.example" }}]
  {arguments}
}}
"#
    )
}

pub(crate) fn is_write(call: &Logged) -> bool {
    matches!(call.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE")
}

/// Panics if the run, successful or failed, shows a provider that crashed or violated the protocol.
#[track_caller]
pub(crate) fn expect_sound(run: &Run) {
    let said = run.said();
    for sign in BROKEN {
        assert!(!said.contains(sign), "`{sign}`\n{run}");
    }
}

/// Panics unless the run failed, with our own messages and with all of these texts.
#[track_caller]
pub(crate) fn expect_failure(run: Run, said: &[&str]) -> Run {
    expect_sound(&run);
    said.iter().fold(run, |run, part| run.expect_err(part))
}
