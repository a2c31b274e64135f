//! An end that is killed at any write is finished by the next runs.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use eod_domain::labels;
use eod_testkit::{
    cases::for_each_number_at_once,
    cluster::PATIENCE,
    fault::{Fault, FaultProxy, Logged},
    wait::wait_until,
};
use serde_json::{Value, json};

use super::Ops;

/// Number of parallel cases. A case mostly waits for the deletion of a namespace.
const AT_ONCE: usize = 8;

pub(super) fn is_write(call: &Logged) -> bool {
    matches!(call.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE")
}

fn end(ops: &Ops, proxy: &FaultProxy, name: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
    command.args(["end", name, "--yes", "--installation", &ops.installation, "--control-namespace", &ops.installation]);
    command.env_clear().env("KUBECONFIG", proxy.kubeconfig()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Number of writes of an end without faults.
fn writes_of_an_end() -> usize {
    let ops = Ops::new("opscrashcount");
    let name = ops.environment("a", "full", "24h", &json!({}));
    let proxy = FaultProxy::start(ops.cluster);
    assert!(end(&ops, &proxy, &name).wait().unwrap().success(), "{}", proxy.story());
    proxy.calls(is_write)
}

/// Lets 20 minutes pass for the lease and the ledger of a killed run.
pub(super) fn silence(ops: &Ops, name: &str) {
    let lease = format!("eod-reaper-{}", ops.installation);
    ops.cluster.try_kubectl(&["-n", &ops.installation, "delete", "lease", &lease, "--ignore-not-found"]);
    let ledger = format!("{}.{name}", ops.installation);
    let path = format!("/api/v1/namespaces/{}/configmaps/{ledger}", ops.installation);
    let Some(object) = ops.cluster.read(&path) else { return };
    let key = labels::HEAD;
    let mut head: Value = serde_json::from_str(object["metadata"]["annotations"][key].as_str().unwrap()).unwrap();
    if head["beat"].is_string() {
        head["beat"] = ops.minutes(-20).into();
        let annotation = format!("{key}={head}");
        ops.cluster.kubectl(&["-n", &ops.installation, "annotate", "configmap", &ledger, &annotation, "--overwrite"]);
    }
}

/// Kills `eod end` at one write, and runs it and the reaper again until the environment has ended.
fn kill_at(number: usize) {
    let ops = Ops::new(&format!("opscrash{number}"));
    let name = ops.environment("a", "full", "24h", &json!({}));
    let proxy = FaultProxy::start(ops.cluster);
    let seen = AtomicUsize::new(0);
    let is_late = move |call: &Logged| is_write(call) && seen.fetch_add(1, Ordering::Relaxed) >= number;
    proxy.rule(is_late, usize::MAX, Fault::Hang);
    let mut running = end(&ops, &proxy, &name);
    wait_until(&format!("write {number} to hang"), PATIENCE, || {
        if proxy.calls(|call| call.spoiled) > 0 { Ok(()) } else { Err(proxy.story()) }
    });
    running.kill().unwrap();
    running.wait().unwrap();
    wait_until(&format!("the end to finish after it was killed at write {number}"), PATIENCE, || {
        silence(&ops, &name);
        let again = ops.eod(&["end", &name, "--yes"]);
        let run = ops.eod(&["reap", "--no-sweep", "--only", &name]);
        let listed = ops.eod(&["list", "--all", "-o", "json"]);
        let listed: Value =
            serde_json::from_str(&listed.stdout).map_err(|error| format!("{error}: {}", listed.report()))?;
        let found = listed["environments"].as_array().unwrap().iter().find(|found| found["name"] == name.as_str());
        match found {
            Some(found) if !found["ended_at"].is_null() && !ops.cluster.namespace_exists(&name) => Ok(()),
            found => Err(format!("{found:?}\n{}\n{}", again.report(), run.report())),
        }
    });
    // The chain is valid, and the end is recorded once.
    let events = ops.events(&name);
    let ended = events.iter().filter(|event| event.as_str() == "ended").count();
    assert_eq!(ended, 1, "write {number}: {events:?}\n{}", proxy.story());
}

#[test]
fn end_that_is_killed_at_any_write_is_finished_by_the_next_runs() {
    let writes = writes_of_an_end();
    assert!(writes >= 8, "only {writes} writes");
    for_each_number_at_once(writes, AT_ONCE, kill_at);
}
