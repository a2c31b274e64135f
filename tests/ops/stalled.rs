//! Runs of the reaper with servers that accept connections and never respond, and with another run that holds the lease.

use std::fs;
use std::net::TcpListener;

use eod_domain::labels;
use serde_json::{Value, json};

use super::{Ops, reap::due};

/// Server that accepts connections and never responds.
fn stalled() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn lease(ops: &Ops) -> Value {
    let of = &ops.installation;
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/{of}/leases/eod-reaper-{of}");
    ops.cluster.read(&path).unwrap()["spec"]["holderIdentity"].clone()
}

#[test]
fn servers_that_never_respond_hold_up_only_their_own_steps() {
    let ops = Ops::new("opsstalled");
    let ((_forge, forge), (_vault, vault)) = (stalled(), stalled());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("eod.yaml");
    // The token is a file: a variable of the process is not set here.
    let token = folder.path().join("token");
    fs::write(&token, "canary").unwrap();
    let text = json!({
        "version": 1,
        "forges": [{
            "host": "github.com", "kind": "github", "api": forge, "auth": { "token_file": token },
            "trigger_label": "preview",
        }],
        "vault": { "address": vault, "auth": { "token": "canary" }, "prefixes": ["secret/preview"] },
        // By default an expired environment keeps its copies, and Vault is not called.
        "reap": { "handover": "1s", "keep_vault": "never" },
    });
    fs::write(&config, text.to_string()).unwrap();
    let ended = due(&ops, "a", "lightweight");
    let marked = ops.environment("b", "lightweight", "4h", &json!({ "expires-at": ops.minutes(10) }));
    let reap = || {
        let run = ops.eod(&["reap", "--timeout", "30s", "--config", config.to_str().unwrap()]);
        assert_eq!(run.code, Some(3), "{}", run.report());
        assert!(!run.stderr.contains("the time limit of the run"), "{}", run.report());
        assert_eq!(lease(&ops), Value::Null, "the lease is released: {}", run.report());
        run
    };
    let first = reap();
    assert!(first.stderr.contains("github.com is not called any more in this run"), "{}", first.report());
    assert!(!ops.annotation(&marked, labels::REAP_AFTER).is_empty(), "{}", first.report());
    // The hand-over is over in the next run, which ends the environment without the forge.
    let second = reap();
    assert!(second.stderr.contains("vault is left"), "{}", second.report());
    assert!(!ops.cluster.namespace_exists(&ended), "{}", second.report());
    let list = ops.eod(&["list"]);
    assert_eq!(list.code, Some(3), "an ended environment has left a step: {}", list.report());
    assert!(list.stderr.contains(&format!("environment `{ended}`: left: vault")), "{}", list.report());
    assert!(!list.stdout.contains(&ended), "an ended environment is listed with --all only: {}", list.report());
}

#[test]
fn second_reaper_waits_for_the_lease_and_leaves_before_its_time_limit() {
    let ops = Ops::new("opsleasebusy");
    ops.eod(&["reap"]).expect_ok();
    let name = format!("eod-reaper-{}", ops.installation);
    let held = json!({ "spec": { "holderIdentity": "other", "leaseDurationSeconds": 60 } }).to_string();
    ops.cluster.kubectl(&["patch", "lease", &name, "-n", &ops.installation, "--type", "merge", "-p", &held]);
    let environment = due(&ops, "a", "lightweight");
    let run = ops.eod(&["reap", "--timeout", "6s"]);
    // The other run does not renew its lease, and six seconds are too short to take it over.
    assert_eq!(run.code, Some(3), "{}", run.report());
    assert!(run.stderr.contains("did not renew it"), "{}", run.report());
    assert_eq!(run.stdout, "Nothing was done: another run holds the lease.\n", "{}", run.report());
    assert!(run.stderr.contains("another run holds the lease: other"), "{}", run.report());
    assert_eq!(lease(&ops), "other");
    assert!(ops.cluster.namespace_exists(&environment));
}
