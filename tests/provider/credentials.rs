//! Cluster and credentials of a run, and the errors if one of them is missing.
//!
//! All stories check one property: the configured cluster and credentials are used, and never others instead.

mod cluster;
mod kubeconfig;
pub(crate) mod network;
pub(crate) mod plugin;
mod unknown;

use eod_testkit::{
    cluster::Cluster,
    fault::FaultProxy,
    terraform::Terraform,
    workspace::{Run, Workspace},
};
use serde_json::Value;

use crate::provider::faults::story::{hcl, provider};

/// One environment, a provider block set by the test, and no variable that selects a cluster.
pub(crate) struct Bare {
    pub(crate) cluster: &'static Cluster,
    pub(crate) workspace: Workspace,
    pub(crate) name: String,
}

impl Bare {
    /// `block` follows `kubernetes = ` in the provider block; no block if it is empty.
    #[track_caller]
    pub(crate) fn new(terraform: &Terraform, test: &str, block: &str) -> Self {
        let cluster = Cluster::shared();
        let name = cluster.installation(test);
        let bare = Self { cluster, workspace: Workspace::with(terraform, test, ""), name };
        bare.rewrite(block, "");
        bare
    }

    /// Another provider block and other arguments of the environment.
    pub(crate) fn rewrite(&self, block: &str, arguments: &str) {
        let line = if block.is_empty() { String::new() } else { format!("kubernetes = {block}") };
        self.workspace.write("main.tf", &hcl(&provider(&self.name, &line), &self.name, arguments));
    }

    pub(crate) fn exists(&self) -> bool {
        self.cluster.namespace_exists(&self.name)
    }

    /// Panics unless the environment can be created and is complete.
    #[track_caller]
    pub(crate) fn expect_works(self) {
        self.workspace.apply().expect_ok();
        assert!(self.exists());
        self.workspace.expect_no_changes();
        self.discard();
    }

    /// Panics unless the apply fails with all of these texts and creates nothing.
    #[track_caller]
    pub(crate) fn expect_refused(&self, said: &[&str]) -> Run {
        let run = self.workspace.apply();
        let run = crate::provider::faults::story::expect_failure(run, said);
        assert!(!self.exists(), "{run}");
        run
    }

    pub(crate) fn discard(self) {
        self.cluster.call("DELETE", &format!("/api/v1/namespaces/{}", self.name), None);
    }
}

/// A cluster that must never be called: its proxy logs every call.
pub(crate) struct Decoy(FaultProxy);

impl Decoy {
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self(FaultProxy::start(Cluster::shared()))
    }

    /// Sets every variable that can select a cluster to this one.
    pub(crate) fn tempt(&self, workspace: &mut Workspace) {
        let access = self.0.access();
        workspace.set_env("KUBE_CONFIG_PATH", self.0.kubeconfig());
        workspace.set_env("KUBECONFIG", self.0.kubeconfig());
        workspace.set_env("KUBE_HOST", &access.server);
        workspace.set_env("KUBE_TOKEN", &access.token);
        // Defaults of kubectl and other tools.
        let home = workspace.path().with_file_name("home").join(".kube");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::copy(self.0.kubeconfig(), home.join("config")).unwrap();
    }

    #[track_caller]
    pub(crate) fn assert_unseen(&self) {
        assert!(self.0.log().is_empty(), "another cluster was called:\n{}", self.0.story());
    }
}

/// A text as HCL writes it.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
