//! The reaper and the ledger in the stories of the provider.

use std::process::Command;

use eod_testkit::{
    cluster::Cluster,
    command::{self, Finished},
};
use serde_json::{Value, json};

use crate::provider::EnvironmentStory;

/// Default control namespace.
const CONTROL: &str = "eod-system";

/// API path of an environment's ledger.
pub(crate) fn ledger_path(story: &EnvironmentStory) -> String {
    path_of(&story.installation, &story.name)
}

fn path_of(installation: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{CONTROL}/configmaps/{installation}.{name}")
}

/// Head of the environment's ledger; none if there is no ledger.
#[track_caller]
pub(crate) fn head(story: &EnvironmentStory) -> Option<Value> {
    head_of(story.cluster, &story.installation, &story.name)
}

/// Head of the ledger of any environment; none if there is no ledger.
#[track_caller]
pub(crate) fn head_of(cluster: &Cluster, installation: &str, name: &str) -> Option<Value> {
    let ledger = cluster.read(&path_of(installation, name))?;
    let text = ledger["metadata"]["annotations"]["environment.on-demand/head"].as_str().unwrap().to_owned();
    Some(serde_json::from_str(&text).unwrap())
}

/// Changes fields of the ledger's head.
#[track_caller]
pub(crate) fn change_head(story: &EnvironmentStory, fields: &Value) {
    let mut head = head(story).expect("there is a ledger");
    for (key, value) in fields.as_object().unwrap() {
        head[key] = value.clone();
    }
    let annotations = json!({ "environment.on-demand/head": head.to_string() });
    story.patch(&ledger_path(story), &json!({ "metadata": { "annotations": annotations } }));
}

/// Runs a command of `eod` for the installation of a story.
#[track_caller]
pub(crate) fn eod(story: &EnvironmentStory, arguments: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
    command.args(arguments).args(["--installation", &story.installation, "--control-namespace", CONTROL]);
    command.env_clear().env("KUBECONFIG", story.cluster.kubeconfig());
    command::run(&mut command, "")
}

/// Kinds of the events in the environment's ledger, sorted: events of one second have no order.
#[track_caller]
pub(crate) fn events(story: &EnvironmentStory) -> Vec<String> {
    let audit = eod(story, &["audit", &story.name, "-o", "json"]).expect_ok();
    let audit: Value = serde_json::from_str(&audit).unwrap();
    let events = audit["events"].as_array().unwrap();
    let mut kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds
}

/// Rows of the history of the installation, of all months.
#[track_caller]
pub(crate) fn history(story: &EnvironmentStory) -> Vec<Value> {
    let selector = format!(
        "environment.on-demand%2Finstallation%3D{},environment.on-demand%2Fledger%3Dhistory",
        story.installation
    );
    let path = format!("/api/v1/namespaces/{CONTROL}/configmaps?labelSelector={selector}");
    let list = story.cluster.read(&path).unwrap();
    let texts = list["items"].as_array().unwrap().iter().map(|part| part["data"]["text"].as_str().unwrap());
    texts.flat_map(str::lines).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Sets the last write of the holder of a running create or end to a time before the longest possible call.
#[track_caller]
pub(crate) fn silence(story: &EnvironmentStory) {
    change_head(story, &json!({ "beat": "2026-01-01T00:00:00Z" }));
}

/// Sets the environment past its end, with a mark that is due, as an earlier run of the reaper does.
#[track_caller]
pub(crate) fn mark(story: &EnvironmentStory) {
    let time = |minutes: i64| minutes_from_now(minutes);
    story.patch_metadata(&json!({ "annotations": {
        "environment.on-demand/created-at": time(-300),
        "environment.on-demand/last-activity-at": time(-300),
        "environment.on-demand/expires-at": time(-60),
        "environment.on-demand/reap-after": time(-30),
        "environment.on-demand/reap-reason": "expired",
    } }));
}

/// Runs the reaper until the environment is ended with reason `expired`.
#[track_caller]
pub(crate) fn expire(story: &EnvironmentStory) {
    mark(story);
    let run = eod(story, &["reap"]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    assert!(!story.cluster.namespace_exists(&story.name), "{}", run.report());
    assert_eq!(head(story).unwrap()["phase"], "ended");
}

#[allow(clippy::disallowed_methods, reason = "the time of a story is the machine's")]
fn minutes_from_now(minutes: i64) -> String {
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap();
    (now + jiff::SignedDuration::from_mins(minutes)).to_string()
}
