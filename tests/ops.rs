//! Stories of operations, on a real API server.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is test code: a panic is how it reports, clippy permits panics only inside of #[test]"
)]

mod approve;
mod canary;
mod clock;
mod crash;
mod doctor;
mod dry_run;
mod forge;
mod installed;
mod interface;
mod interrupted;
mod ledger;
mod list;
mod mask;
mod objects;
mod observed;
mod orphans;
mod reap;
mod reapers;
mod stalled;
mod vault;

use std::process::Command;

use eod_domain::labels;
use eod_testkit::{
    cluster::Cluster,
    command::{self, Finished},
};
use serde_json::{Value, json};

/// An installation of its own on the shared cluster, with the commands of `eod`.
struct Ops {
    cluster: &'static Cluster,
    installation: String,
}

impl Ops {
    fn new(test: &str) -> Self {
        let cluster = Cluster::shared();
        Self { cluster, installation: cluster.installation(test) }
    }

    /// Runs `eod` as administrator. The control namespace has the name of the installation.
    #[track_caller]
    fn eod(&self, arguments: &[&str]) -> Finished {
        self.eod_with(self.cluster.kubeconfig().to_str().unwrap(), arguments)
    }

    /// Runs `eod` with another kubeconfig.
    #[track_caller]
    fn eod_with(&self, kubeconfig: &str, arguments: &[&str]) -> Finished {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
        let common = ["--installation", &self.installation, "--control-namespace", &self.installation];
        command.args(arguments).args(common);
        command.env_clear().env("KUBECONFIG", kubeconfig).env("EOD_DOMAIN", "preview.acme.internal");
        command.env("CI_JOB_URL", "https://git.acme.internal/jobs/1");
        command::run(&mut command, "")
    }

    /// JSON output of a command that ends with this exit code.
    #[track_caller]
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let finished = self.eod(&[arguments, &["-o", "json"]].concat());
        assert_eq!(finished.code, Some(code), "{}", finished.report());
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", finished.report()))
    }

    /// Name of an environment of this installation.
    fn name(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.installation)
    }

    /// Creates the namespace of an environment; returns its name. `annotations` are added, without the domain of the key.
    #[track_caller]
    fn environment(&self, suffix: &str, tier: &str, ttl: &str, annotations: &Value) -> String {
        let name = self.name(suffix);
        let now = self.now();
        let mut all = json!({
            labels::IDENTITY: format!("github.com/acme/{name}#7"),
            labels::CREATED_AT: now.to_string(),
            labels::PROVISIONED_AT: now.to_string(),
            labels::LAST_ACTIVITY_AT: now.to_string(),
            labels::OWNER: "alice",
            labels::SPEC: "{}",
            labels::MADE_BY: "terraform",
        });
        for (key, value) in annotations.as_object().unwrap() {
            all[format!("{}{key}", labels::DOMAIN)] = value.clone();
        }
        let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": &name,
            "labels": {
                labels::NAME: labels::NAME_VALUE, labels::INSTANCE: &name, labels::MANAGED_BY: labels::MANAGED_BY_VALUE,
                labels::ENV: &name, labels::INSTALLATION: &self.installation, labels::TIER: tier, labels::TTL: ttl,
            },
            "annotations": all,
        } });
        let (status, answer) = self.cluster.call("POST", "/api/v1/namespaces", Some(&body));
        assert_eq!(status, 201, "{answer}");
        name
    }

    /// An annotation of a namespace.
    #[track_caller]
    fn annotation(&self, namespace: &str, key: &str) -> String {
        let object = self.cluster.read(&format!("/api/v1/namespaces/{namespace}")).unwrap();
        object["metadata"]["annotations"][key].as_str().unwrap_or_default().to_owned()
    }

    /// Kinds of the events in an environment's ledger, sorted: events of one second have no order.
    #[track_caller]
    fn events(&self, environment: &str) -> Vec<String> {
        let audit = self.json(0, &["audit", environment]);
        let events = audit["events"].as_array().unwrap();
        let mut kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds
    }

    /// Rows of the history.
    #[track_caller]
    fn history(&self) -> Vec<Value> {
        let path = format!("/api/v1/namespaces/{}/configmaps", self.installation);
        let maps = self.cluster.read(&path).unwrap();
        let prefix = format!("{}.history.", self.installation);
        let is_history = |map: &&Value| map["metadata"]["name"].as_str().unwrap().starts_with(&prefix);
        let texts = maps["items"].as_array().unwrap().iter().filter(is_history);
        texts
            .flat_map(|map| map["data"]["text"].as_str().unwrap().lines())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[allow(clippy::disallowed_methods, reason = "the time of a story is the machine's")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap()
    }

    /// Time of an offset in minutes from now.
    fn minutes(&self, minutes: i64) -> String {
        (self.now() + jiff::SignedDuration::from_mins(minutes)).to_string()
    }
}

impl Drop for Ops {
    /// Deletes the namespaces of the installation without waiting.
    fn drop(&mut self) {
        let selector = format!("{}={}", labels::INSTALLATION, self.installation);
        self.cluster.try_kubectl(&["delete", "namespace", "--wait=false", "-l", &selector]);
        self.cluster.try_kubectl(&["delete", "namespace", "--wait=false", "--ignore-not-found", &self.installation]);
    }
}
