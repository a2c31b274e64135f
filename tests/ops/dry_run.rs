//! `eod reap --dry-run` writes nothing: neither to the API server, nor to Vault, nor to the forge.

use eod_testkit::{
    access::{Access, Kubeconfig},
    fault::FaultProxy,
    forge::ForgeDialect,
};
use serde_json::{Value, json};

use super::Ops;
use super::crash::is_write;
use super::forge::{FIRST, ForgeStory};
use super::vault::Copies;

/// A service account, because the audit log has the calls of service accounts.
fn account_with_all_rights(ops: &Ops) -> (Kubeconfig, Access) {
    let all = json!([
        { "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] },
        { "nonResourceURLs": ["*"], "verbs": ["*"] },
    ]);
    let name = format!("{}-dry", ops.installation);
    let account = ops.cluster.service_account("default", &name, &all);
    let token = ops.cluster.kubectl(&["create", "token", &name, "-n", "default"]).trim().to_owned();
    (account, Access { token, ..ops.cluster.access().clone() })
}

#[test]
fn dry_run_says_everything_and_writes_nothing() {
    let (story, copies) = (ForgeStory::new("opsdry", ForgeDialect::GitHub), Copies::new("opsdry"));
    let ops = &story.ops;
    for number in 1..=6 {
        story.forge.open(number, FIRST);
        story.forge.label(number, "preview");
    }
    let minutes = |minutes| ops.minutes(minutes);
    let past = json!({
        "created-at": minutes(-300), "last-activity-at": minutes(-300), "expires-at": minutes(-1),
    });
    let quiet = json!({
        "created-at": minutes(-180), "last-activity-at": minutes(-130), "expires-at": minutes(110),
    });
    let ended = story.environment("ended", "#6", &json!({}));
    // Without the configuration file, so neither a forge nor Vault is part of this end.
    ops.eod(&["end", &ended, "--yes"]).expect_ok();

    let due = story.environment("due", "#1", &story.due());
    let unmarked = story.environment("unmarked", "#2", &past);
    let closed = story.environment("closed", "#3", &json!({}));
    let idle = story.environment("idle", "#4", &quiet);
    story.forge.set_open(3, false);
    // A copy that the end has left, and one of an environment on no record.
    copies.add(&format!("preview/{ended}"), &ended, &ops.installation);
    copies.add("preview/lost", "lost", &ops.installation);

    let (account, access) = account_with_all_rights(ops);
    let (cluster, vault) = (FaultProxy::in_front_of(&access), copies.proxy());
    let auth = json!({ "token_file": story.path("token") });
    story.write_config(&auth, &json!({ "vault": copies.block(&vault.access().server, None) }));
    story.forge.clear_calls();
    let arguments = ["reap", "--dry-run", "-o", "json", "--config", &story.config()];
    let run = ops.eod_with(cluster.kubeconfig().to_str().unwrap(), &arguments);
    assert_eq!(run.code, Some(3), "an item on no record is reported: {}", run.report());
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let actions = report["actions"].as_array().unwrap();
    for (name, action) in [(&due, "end"), (&unmarked, "mark"), (&closed, "mark"), (&idle, "sleep")] {
        let is_it = |one: &&Value| one["target"] == name.as_str() && one["action"] == action;
        assert!(actions.iter().any(|one| is_it(&one)), "{action} {name}: {report:#}");
    }
    assert_eq!(
        (&report["unknown"], &report["orphans"]),
        (&json!({ "vault": 1 }), &json!({ "vault": 1 })),
        "{report:#}"
    );

    let written = |proxy: &FaultProxy| -> Vec<String> {
        let writes = proxy.log().into_iter().filter(is_write);
        writes.map(|call| format!("{} {}", call.method, call.path)).collect()
    };
    assert_eq!((written(&cluster), written(&vault)), (Vec::new(), Vec::new()));
    assert!(story.forge.writes().is_empty(), "{:?}", story.forge.writes());
    if let Some(calls) = ops.cluster.audited_calls(&account) {
        let (reads, others): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|call| matches!(call.verb.as_str(), "get" | "list" | "watch"));
        assert_eq!(others, [], "the audit log of the API server");
        assert!(reads.iter().any(|call| call.resource == "namespaces" && call.verb == "list"), "{reads:?}");
    }
    assert!(cluster.calls(|_| true) >= 3 && vault.calls(|_| true) >= 2 && !story.forge.calls().is_empty());
}
