//! `eod list` and `eod show`.

use std::{collections::BTreeMap, time::Duration};

use eod_clients::{
    Deadline,
    kubernetes::{ClusterAccess, ClusterSettings, Kubernetes, LedgerConfigMaps},
};
use eod_domain::{
    Tier,
    ledger::{CreateRequest, EndReason, EndRequest, LedgerHead, MadeBy, Transitions},
};
use serde_json::{Value, json};

use super::Ops;

fn request(identity: &str) -> CreateRequest {
    CreateRequest::new(identity, Tier::Full, MadeBy::Terraform, "run-1")
}

/// Writes the ledger of an environment without a namespace.
fn write_ledger(ops: &Ops, environment: &str, head: &LedgerHead) {
    let config_path = Some(ops.cluster.kubeconfig().display().to_string());
    let settings = ClusterSettings { config_path, ..ClusterSettings::default() };
    let client = Kubernetes::new(ClusterAccess::from_settings(settings, &BTreeMap::new()).unwrap(), "eod-tests");
    let ledgers =
        LedgerConfigMaps::new(client, ops.installation.clone(), ops.installation.parse().unwrap(), "eod-tests");
    let deadline = Deadline::within(Duration::from_secs(60), tokio_util::sync::CancellationToken::new());
    let environment = environment.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(ledgers.create(&environment, head, &[], &deadline)).unwrap();
}

#[test]
fn environments_of_one_installation_are_listed() {
    let ops = Ops::new("opslist");
    let other = Ops::new("opslistother");
    other.environment("x", "full", "24h", &json!({}));
    let soon = json!({
        "expires-at": ops.minutes(193), "head-sha": "1111111aaa", "deployed-sha": "2222222bbb", "owner": "bob",
        "pr-url": "https://github.com/acme/shop/pull/7",
    });
    let first = ops.environment("a", "lightweight", "4h", &soon);
    let second = ops.environment("b", "full", "24h", &json!({ "protected": "true" }));
    let transitions = Transitions::at(ops.now());
    let queued = transitions.queue(None, &request("github.com/acme/queued#1")).unwrap();
    write_ledger(&ops, &ops.name("q"), &queued);

    let text = ops.eod(&["list"]).expect_ok();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0].join(" "), "NAME STATUS TIER OWNER COMMIT AGE ENDS COST/DAY URL");
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[1][..5], [first.as_str(), "ready", "lightweight", "bob", "1111111*"], "{text}");
    assert!(lines[1].contains(&"in") && lines[1].contains(&"$2.41"), "{text}");
    assert_eq!(*lines[1].last().unwrap(), format!("https://{first}.preview.acme.internal"));
    assert!(lines[2].contains(&"protected"), "{text}");

    let wide = ops.eod(&["list", "--wide", "--all", "--sort", "ends"]).expect_ok();
    assert!(
        wide.lines().next().unwrap().ends_with("URL  PULL-REQUEST  MADE-BY  RUNS  LEFT")
            || wide.contains("PULL-REQUEST")
    );
    assert!(wide.contains("queued 1 of 1") && wide.contains("2222222"), "{wide}");

    let everything = ops.json(0, &["list", "--all"]);
    let data_source = eod_resources::DATA_SOURCES.iter().find(|found| found.type_name() == "eod_environment").unwrap();
    let operations = ["deployed_sha", "made_by", "reap_after", "reap_reason", "asleep", "failing", "queue", "left"];
    let mut keys: Vec<&str> = data_source.schema().attributes.iter().map(|attribute| attribute.name).collect();
    keys.extend(operations.iter().chain(&["generation"]));
    for environment in everything["environments"].as_array().unwrap() {
        let missing: Vec<_> = keys.iter().filter(|key| environment.get(**key).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?} in {environment:#}");
    }

    let json = ops.json(0, &["list", "--owner", "bob"]);
    assert_eq!((&json["version"], &json["installation"]), (&json!(1), &json!(ops.installation)));
    let list = json["environments"].as_array().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(
        (&list[0]["name"], &list[0]["pull_request"], &list[0]["queue"]),
        (&json!(first), &json!(7), &Value::Null)
    );
    assert_eq!(ops.json(0, &["list", "--tier", "full"])["environments"][0]["name"], json!(second));
    let repository = format!("acme/{second}");
    assert_eq!(ops.json(0, &["list", "--repository", &repository])["environments"].as_array().unwrap().len(), 1);
}

#[test]
fn empty_list_says_where_it_has_looked_and_has_exit_code_0() {
    let ops = Ops::new("opslistempty");
    let listed = ops.eod(&["list"]);
    assert_eq!((listed.code, listed.stdout.lines().count()), (Some(0), 1), "{}", listed.report());
    let kubeconfig = ops.cluster.kubeconfig().display().to_string();
    for part in [ops.installation.as_str(), kubeconfig.as_str(), "remedy: check --installation, --context"] {
        assert!(listed.stderr.contains(part), "{part}: {}", listed.report());
    }
    assert_eq!(ops.json(0, &["list"])["environments"], json!([]));
    // A recorded destroy is no problem, although the reaper has not taken the rest yet.
    let transitions = Transitions::at(ops.now());
    let live = transitions.create(None, &request("github.com/acme/shop#1")).unwrap();
    let live = transitions.provisioned(&live, 1, "u1").unwrap();
    let end = EndRequest {
        generation: 1,
        uid: Some("u1".to_owned()),
        reason: EndReason::Destroyed,
        keep_vault: false,
        holder: "terraform".to_owned(),
    };
    let ending = transitions.begin_end(&live, &end).unwrap();
    write_ledger(&ops, &ops.name("a"), &transitions.finish_destroy(&ending, 1, "terraform").unwrap());
    let listed = ops.eod(&["list", "--all"]);
    assert_eq!(listed.code, Some(0), "{}", listed.report());
    assert!(listed.stdout.contains("ended") && listed.stderr.is_empty(), "{}", listed.report());
}

#[test]
fn unreadable_environment_is_listed_with_exit_code_3() {
    let ops = Ops::new("opslistbad");
    let name = ops.environment("a", "lightweight", "4h", &json!({ "expires-at": "soon" }));
    let listed = ops.eod(&["list"]);
    assert_eq!(listed.code, Some(3), "{}", listed.report());
    assert!(listed.stdout.contains("unreadable"), "{}", listed.report());
    assert!(listed.stderr.contains("environment.on-demand/expires-at"), "{}", listed.report());
    let shown = ops.eod(&["show", &name]);
    assert_eq!(shown.code, Some(3), "{}", shown.report());
    assert!(shown.stdout.contains("decision         skip: "), "{}", shown.report());
}

#[test]
fn environment_is_shown_with_its_decision() {
    let ops = Ops::new("opsshow");
    let name = ops.environment("a", "lightweight", "4h", &json!({ "expires-at": ops.minutes(10) }));
    let shown = ops.eod(&["show", &name]).expect_ok();
    assert!(shown.contains("status           expiring"), "{shown}");
    assert!(shown.contains("decision         mark: the end is at "), "{shown}");
    assert!(shown.contains("outlook          the next run of the reaper warns, and a run after "), "{shown}");
    let json = ops.json(0, &["show", &name]);
    assert_eq!(json["environment"]["decision"]["action"], "mark");
    let missing = ops.eod(&["show", "no-such-environment"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(1), ""), "{}", missing.report());
    assert!(missing.stderr.contains("remedy: "), "{}", missing.report());
}

#[test]
fn wrong_usage_and_wrong_configuration_have_exit_code_2() {
    let ops = Ops::new("opsusage");
    assert_eq!(ops.eod(&["list", "--tier", "production"]).code, Some(2));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("eod.yaml");
    std::fs::write(&file, "version: 1\ninstalation: acme\n").unwrap();
    let refused = ops.eod(&["list", "--config", file.to_str().unwrap()]);
    assert_eq!(refused.code, Some(2), "{}", refused.report());
    assert!(refused.stderr.contains("instalation"), "{}", refused.report());
    assert_eq!(ops.eod_with("", &["list"]).code, Some(2), "no cluster is guessed");
}
