//! Databases of environments: real Terraform against real PostgreSQL servers and a real API server.
//!
//! Every story has its own golden database, installation and namespace.

mod access;
mod canary;
mod crash;
mod ended;
mod import;
mod lifecycle;
mod lookups;
mod many;
pub(crate) mod preview_server;
mod refusal;
mod secret;

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eod_testkit::{
    cluster::Cluster,
    postgres::{ADMIN, PASSWORD, PostgresServer, SUPERUSER, servers},
    tcp_proxy::TcpProxy,
    terraform::Terraform,
    workspace::Workspace,
};
use serde_json::{Value, json};

use self::preview_server::PreviewServer;
use crate::provider::{configuration::Configuration, text};

/// Address of the database in the configuration of a story.
pub(crate) const DATABASE: &str = "eod_db_snapshot.db";

/// Policy of the golden databases of all stories.
pub(crate) const POLICY: &str = "\
version: 1
tables:
  app.customers:
    id: keep
    email: { kind: email }
    city: keep
";

/// A configuration with one `eod_db_snapshot.db`, the folder it is run in, and the servers it is run against.
///
/// Dereferences to its [`Configuration`].
pub(crate) struct DatabaseStory {
    pub(crate) cluster: &'static Cluster,
    pub(crate) server: PreviewServer,
    pub(crate) installation: String,
    /// Golden database.
    pub(crate) golden: String,
    /// Environment, and the name of its namespace.
    pub(crate) environment: String,
    configuration: Configuration,
}

/// Runs a story on the newest server, with every Terraform. `arguments` are those of the database, besides environment, golden
/// database, policy and Secret.
#[track_caller]
pub(crate) fn run_story(test: &str, arguments: &str, story: impl Fn(&mut DatabaseStory)) {
    for terraform in Terraform::all() {
        story(&mut DatabaseStory::new(terraform, servers().last().unwrap(), ADMIN, test, arguments));
    }
}

/// Runs a story on each server, as superuser and as a role with CREATEDB and CREATEROLE.
#[track_caller]
pub(crate) fn run_story_on_each_server(test: &str, arguments: &str, story: impl Fn(&mut DatabaseStory)) {
    for server in servers() {
        for role in [SUPERUSER, ADMIN] {
            story(&mut DatabaseStory::new(Terraform::first(), server, role, test, arguments));
        }
    }
}

impl DatabaseStory {
    #[track_caller]
    pub(crate) fn new(
        terraform: &'static Terraform,
        server: &'static PostgresServer,
        role: &'static str,
        test: &str,
        arguments: &str,
    ) -> Self {
        let cluster = Cluster::shared();
        let installation = cluster.installation(test);
        let server = PreviewServer::new(server, role);
        let golden = server.publish(&installation, POLICY);
        let environment = format!("{installation}-pr-7");
        cluster.kubectl(&["create", "namespace", &environment]);
        let mut configuration = Configuration::new(terraform, workspace(terraform, test, &server), "");
        configuration.always(&format!("installation = \"{installation}\""));
        configuration.write("masking.yaml", POLICY);
        let mut story = Self { cluster, server, installation, golden, environment, configuration };
        story.arguments(arguments);
        story
    }

    /// This configuration in an empty folder, with an empty state.
    #[track_caller]
    pub(crate) fn elsewhere(&self) -> Self {
        let Self { cluster, server, installation, golden, environment, configuration } = self;
        let workspace = workspace(configuration.terraform, "elsewhere", server);
        let configuration = configuration.elsewhere(workspace);
        configuration.write("masking.yaml", POLICY);
        Self {
            cluster,
            server: server.again(),
            installation: installation.clone(),
            golden: golden.clone(),
            environment: environment.clone(),
            configuration,
        }
    }

    /// Sets the arguments of the database.
    pub(crate) fn arguments(&mut self, arguments: &str) {
        let block = self.block("db", arguments);
        self.body(&block);
    }

    /// Sets everything after the provider block.
    pub(crate) fn body(&mut self, hcl: &str) {
        self.configuration.body(hcl);
    }

    /// All following sessions of the provider go through a proxy.
    pub(crate) fn through(&mut self, proxy: &TcpProxy) {
        self.set_env("PGPORT", proxy.address.port().to_string());
    }

    /// Removes the password from the environment; returns it.
    pub(crate) fn unset_password(&mut self) -> &'static str {
        self.unset_env("PGPASSWORD");
        PASSWORD
    }

    /// A database as a block. Each argument that is given replaces the default one.
    pub(crate) fn block(&self, label: &str, arguments: &str) -> String {
        let Self { golden, environment, .. } = self;
        let defaults = [
            ("environment", format!("\"{environment}\"")),
            ("golden", format!("\"{golden}\"")),
            ("masking_policy", "file(\"masking.yaml\")".to_owned()),
            ("secret", format!("{{ name = \"db\", namespace = \"{environment}\" }}")),
        ];
        let given = |name: &str| arguments.lines().any(|line| line.trim_start().starts_with(&format!("{name} ")));
        let kept = defaults.iter().filter(|(name, _)| !given(name));
        let lines: String = kept.map(|(name, value)| format!("  {name} = {value}\n")).collect();
        format!("resource \"eod_db_snapshot\" \"{label}\" {{\n{lines}{arguments}\n}}\n")
    }

    /// Default name of the database.
    pub(crate) fn database(&self) -> String {
        format!("{}_{}", self.golden, self.environment).replace('-', "_")
    }

    /// API path of a Secret in the namespace of the environment.
    pub(crate) fn secret_path(&self, name: &str) -> String {
        format!("/api/v1/namespaces/{}/secrets/{name}", self.environment)
    }

    /// The Secret in the cluster; none if it does not exist.
    #[track_caller]
    pub(crate) fn secret(&self) -> Option<Value> {
        self.cluster.read(&self.secret_path("db"))
    }

    /// Entries of a Secret, decoded.
    #[track_caller]
    pub(crate) fn entries(&self, name: &str) -> BTreeMap<String, String> {
        let secret = self.cluster.read(&self.secret_path(name)).unwrap_or_else(|| panic!("there is no Secret {name}"));
        let decode = |value: &Value| String::from_utf8(STANDARD.decode(text(value)).unwrap()).unwrap();
        secret["data"].as_object().unwrap().iter().map(|(key, value)| (key.clone(), decode(value))).collect()
    }

    /// True if the credentials of a Secret open the database that they name.
    #[track_caller]
    pub(crate) fn enters(&self, entries: &BTreeMap<String, String>) -> bool {
        self.server.enters(&entries["user"], &entries["password"], &entries["dbname"])
    }

    /// Attributes of the database in the state.
    #[track_caller]
    pub(crate) fn attributes(&self) -> Value {
        self.attributes_of("db").unwrap_or_else(|| panic!("{DATABASE} is not in the state"))
    }

    /// Attributes of a database in the state; none if it is missing.
    #[track_caller]
    pub(crate) fn attributes_of(&self, label: &str) -> Option<Value> {
        Some(self.instance("eod_db_snapshot", label)?["attributes"].clone())
    }

    /// The plan in the form of `show -json`.
    #[track_caller]
    pub(crate) fn planned(&self) -> Value {
        self.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        let run = self.run(&["show", "-json", "saved"]).expect_ok();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }

    /// Actions of the plan for the database.
    #[track_caller]
    pub(crate) fn actions(&self) -> Value {
        let plan = self.planned();
        let changes = plan["resource_changes"].as_array().unwrap();
        let change = changes.iter().find(|change| change["address"] == DATABASE).unwrap();
        change["change"]["actions"].clone()
    }

    /// Panics unless the Secret opens the database and its marks are those of the environment.
    #[track_caller]
    pub(crate) fn expect_whole(&self) {
        let entries = self.entries("db");
        assert!(self.enters(&entries), "{:?}", entries.keys());
        let secret = self.secret().unwrap();
        let label = |key: &str| secret["metadata"]["labels"][key].clone();
        assert_eq!(label("environment.on-demand/env"), json!(self.environment));
        assert_eq!(label("environment.on-demand/installation"), json!(self.installation));
    }

    /// Panics if a database, role or Secret of the environment is left.
    #[track_caller]
    pub(crate) fn expect_nothing_left(&self) {
        assert_eq!(self.server.objects(&self.database()), [""; 0]);
        assert!(self.secret().is_none(), "the Secret is left");
    }
}

impl Drop for DatabaseStory {
    /// Deletes the namespace of the story, for clusters that outlive the run.
    fn drop(&mut self) {
        let lasting = std::env::var_os("EOD_TEST_KUBECONFIG").is_some_and(|value| !value.is_empty());
        if lasting && !std::thread::panicking() {
            self.cluster.call("DELETE", &format!("/api/v1/namespaces/{}", self.environment), None);
        }
    }
}

#[track_caller]
fn workspace(terraform: &Terraform, test: &str, server: &PreviewServer) -> Workspace {
    Workspace::with(terraform, test, "")
        .kubeconfig(Cluster::shared().kubeconfig())
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", server.port().to_string())
        .env("PGUSER", server.role())
        .env("PGPASSWORD", PASSWORD)
}

impl Deref for DatabaseStory {
    type Target = Configuration;

    fn deref(&self) -> &Configuration {
        &self.configuration
    }
}

impl DerefMut for DatabaseStory {
    fn deref_mut(&mut self) -> &mut Configuration {
        &mut self.configuration
    }
}
