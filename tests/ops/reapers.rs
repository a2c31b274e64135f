//! Runs of the reaper that meet another run, a person, or a namespace that was created again.

use std::process::{Child, Command, Stdio};

use eod_domain::labels;
use eod_testkit::{
    cluster::PATIENCE,
    fault::{Fault, FaultProxy, Logged},
    wait::wait_until,
};
use serde_json::{Value, json};

use super::{Ops, crash::silence, reap::due};

fn is_delete(call: &Logged) -> bool {
    call.method == "DELETE" && call.path.starts_with("/api/v1/namespaces/")
}

fn start_reaper(ops: &Ops, proxy: &FaultProxy) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
    command.args(["reap", "--installation", &ops.installation, "--control-namespace", &ops.installation]);
    command.env_clear().env("KUBECONFIG", proxy.kubeconfig()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Lets every run behind the proxy believe that it holds the lease.
fn without_lease(proxy: &FaultProxy) {
    let is_lease = |call: &Logged| call.path.contains("/leases");
    let missing = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound",
        "message": "not found", "details": { "name": "eod-reaper", "kind": "leases" } });
    let lease = json!({ "kind": "Lease", "metadata": { "name": "eod-reaper", "uid": "u", "resourceVersion": "1" } });
    let answer = |code: u16, body: &Value| Fault::Status { code, headers: Vec::new(), body: body.to_string() };
    proxy.rule(move |call| is_lease(call) && call.method == "GET", usize::MAX, answer(404, &missing));
    proxy.rule(is_lease, usize::MAX, answer(201, &lease));
}

fn count(ops: &Ops, name: &str, kind: &str) -> usize {
    ops.events(name).iter().filter(|event| *event == kind).count()
}

#[test]
fn two_reapers_without_the_lease_end_every_environment_once() {
    let ops = Ops::new("opstwo");
    let names: Vec<String> = ["a", "b", "c", "d"].iter().map(|suffix| due(&ops, suffix, "lightweight")).collect();
    let proxies = [FaultProxy::start(ops.cluster), FaultProxy::start(ops.cluster)];
    proxies.iter().for_each(without_lease);
    let list_ended = || {
        let list = ops.eod(&["list", "--all", "-o", "json"]);
        let list: Value = serde_json::from_str(&list.stdout).unwrap();
        list["environments"].as_array().unwrap().iter().filter(|found| !found["ended_at"].is_null()).count()
    };
    wait_until("both reapers to end all environments", PATIENCE, || {
        let mut running = proxies.each_ref().map(|proxy| start_reaper(&ops, proxy));
        for child in &mut running {
            child.wait().unwrap();
        }
        if list_ended() == names.len() { Ok(()) } else { Err(proxies.each_ref().map(FaultProxy::story).join("\n")) }
    });
    let deletes: usize =
        proxies.iter().map(|proxy| proxy.calls(|call| is_delete(call) && call.stored == Some(200))).sum();
    assert_eq!(deletes, names.len(), "every namespace is deleted by one reaper");
    let history = ops.history();
    for name in &names {
        assert_eq!((count(&ops, name, "end-started"), count(&ops, name, "ended")), (1, 1), "{:?}", ops.events(name));
        assert_eq!(history.iter().filter(|row| row["name"] == name.as_str()).count(), 1, "{history:?}");
        assert_eq!(ops.json(0, &["show", name])["environment"]["generation"], 1);
    }
}

#[test]
fn extension_between_the_decision_and_the_delete_keeps_the_environment() {
    let ops = Ops::new("opslate");
    let name = due(&ops, "a", "lightweight");
    let proxy = FaultProxy::start(ops.cluster);
    proxy.rule(is_delete, 1, Fault::Delay(std::time::Duration::from_secs(3)));
    let mut reaper = start_reaper(&ops, &proxy);
    wait_until("the delete to be held back", PATIENCE, || {
        if proxy.calls(|call| call.spoiled) > 0 { Ok(()) } else { Err(proxy.story()) }
    });
    ops.eod(&["extend", &name, "--reason", "demo"]).expect_ok();
    reaper.wait().unwrap();
    assert_eq!(proxy.calls(|call| is_delete(call) && call.stored == Some(409)), 1, "{}", proxy.story());
    // The event of the extension is a change of the ledger, so the first run may leave the end to another one.
    silence(&ops, &name);
    ops.eod(&["reap"]).expect_ok();
    let shown = ops.json(0, &["show", &name]);
    assert_eq!(shown["environment"]["phase"], "live", "{shown:#}");
    wait_until("the mark to be removed", PATIENCE, || {
        let run = ops.eod(&["reap"]);
        if ops.annotation(&name, labels::REAP_AFTER).is_empty() { Ok(()) } else { Err(run.report()) }
    });
    assert!(ops.cluster.namespace_exists(&name));
}

#[test]
fn namespace_that_is_created_again_during_its_end_is_kept() {
    let ops = Ops::new("opsagain");
    let name = due(&ops, "a", "lightweight");
    let proxy = FaultProxy::start(ops.cluster);
    proxy.rule(is_delete, usize::MAX, Fault::Hang);
    let mut reaper = start_reaper(&ops, &proxy);
    wait_until("the delete to be held back", PATIENCE, || {
        if proxy.calls(|call| call.spoiled) > 0 { Ok(()) } else { Err(proxy.story()) }
    });
    reaper.kill().unwrap();
    reaper.wait().unwrap();
    ops.cluster.kubectl(&["delete", "namespace", &name]);
    let again = ops.environment("a", "lightweight", "4h", &json!({}));
    let uid = |ops: &Ops| ops.cluster.read(&format!("/api/v1/namespaces/{again}")).unwrap()["metadata"]["uid"].clone();
    let before = uid(&ops);
    for _ in 0..2 {
        silence(&ops, &name);
        let run = ops.eod(&["reap"]);
        assert!(!run.stdout.contains("end "), "{}", run.report());
        assert_eq!(uid(&ops), before, "{}", run.report());
    }
    let shown = ops.json(0, &["show", &again]);
    assert_ne!(shown["environment"]["status"], "destroyed", "{shown:#}");
}

#[test]
fn impossible_times_end_nothing_and_are_reported() {
    let ops = Ops::new("opstimes");
    let mark = |expires: &str| {
        json!({
            "created-at": ops.minutes(-300), "last-activity-at": ops.minutes(-300), "expires-at": expires,
            "reap-after": ops.minutes(-30), "reap-reason": "expired",
        })
    };
    let far = ops.minutes(200 * 24 * 60);
    let cases = ["soon", "1026-11-28T10:00:00Z", far.as_str()];
    let names: Vec<String> = (0_u32..)
        .zip(cases)
        .map(|(number, expires)| ops.environment(&format!("e{number}"), "lightweight", "4h", &mark(expires)))
        .collect();
    let run = ops.json(3, &["reap"]);
    assert_eq!(run["actions"], json!([]), "{run:#}");
    for name in &names {
        assert!(ops.cluster.namespace_exists(name) && run["problems"].to_string().contains(name.as_str()), "{run:#}");
        assert!(!ops.annotation(name, labels::REAP_AFTER).is_empty(), "nothing is repaired");
    }
}
