//! The ledger of the provider: few calls, and an environment can be created without the right to it.

use eod_testkit::{
    access::{Access, Kubeconfig},
    fault::{FaultProxy, Logged},
};
use serde_json::{Value, json};

use crate::provider::{
    DOMAIN, EnvironmentStory, done,
    reaper::{change_head, eod, events, head, history, ledger_path},
    run_story,
};

fn is_ledger(call: &Logged) -> bool {
    call.path.contains("/configmaps") && !call.path.contains("/configmaps/held") && !is_history(call)
}

fn is_history(call: &Logged) -> bool {
    call.path.contains(".history.")
}

/// Calls to ledgers, of every method.
fn calls(proxy: &FaultProxy) -> usize {
    proxy.calls(is_ledger)
}

/// A story through a proxy, with a control namespace that exists.
#[track_caller]
fn watched(test: &str, arguments: &str, then: impl Fn(&mut EnvironmentStory, &FaultProxy)) {
    run_story(test, arguments, |story| {
        story.cluster.try_kubectl(&["create", "namespace", "eod-system"]);
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        then(story, &proxy);
    });
}

#[test]
fn create_is_recorded_by_three_calls() {
    watched("recorded-create", "head_sha = \"aaaaaaa1\"\nowner = \"alice\"\ntier = \"full\"", |story, proxy| {
        story.apply().expect_ok();
        assert!(calls(proxy) <= 3, "{}", proxy.story());
        let head = head(story).unwrap();
        assert_eq!(head["phase"], "live");
        assert_eq!(head["generation"], 1);
        assert_eq!(head["uid"], story.uid());
        assert_eq!(head["identity"], format!("github.com/{}#7", story.repository));
        assert_eq!(
            (&head["tier"], &head["owner"], &head["made_by"]),
            (&json!("full"), &json!("alice"), &json!("terraform"))
        );
        assert_eq!(head["head_sha"], "aaaaaaa1");
        assert_eq!(events(story), ["create-started", "provisioned"]);
        let shown = eod(story, &["show", &story.name, "-o", "json"]).expect_ok();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["environment"]["generation"], 1);
    });
}

#[test]
fn create_under_a_maximum_needs_no_further_call() {
    watched("recorded-maximum", "", |story, proxy| {
        story.provider(&format!("domain = \"{DOMAIN}\"\nmax_environments = 1"));
        // The list of the queue contains the ledger, too.
        story.apply().expect_ok();
        assert_eq!(calls(proxy), 3, "{}", proxy.story());
        assert_eq!(head(story).unwrap()["generation"], 1);
        // A second life: the ledger of the first one is listed.
        story.delete_namespace();
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        proxy.clear_log();
        story.run(&["apply", "-auto-approve", "-no-color"]).expect_ok();
        assert_eq!(calls(proxy), 3, "{}", proxy.story());
        assert_eq!(head(story).unwrap()["generation"], 2);
        // A create without a free place is recorded: list, write, list.
        let second = story.block("second", "").replace("pull_request = 7", "pull_request = 8");
        let both = story.block("preview", "") + &second;
        story.body(&both);
        proxy.clear_log();
        story.apply().expect_err("Too many environments").expect_said("number 1 of 1");
        assert_eq!(calls(proxy), 3, "{}", proxy.story());
    });
}

#[test]
fn push_and_refresh_do_not_touch_the_ledger() {
    watched("untouched", "head_sha = \"aaaaaaa1\"", |story, proxy| {
        story.settle();
        story.arguments("head_sha = \"aaaaaaa2\"\nlabels = { team = \"checkout\" }");
        proxy.clear_log();
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(calls(proxy), 0, "{}", proxy.story());
    });
}

#[test]
fn changes_of_ttl_protection_and_extension_are_recorded_by_one_call() {
    watched("changes", "head_sha = \"aaaaaaa1\"", |story, proxy| {
        story.settle();
        story.arguments("head_sha = \"aaaaaaa1\"\nttl = \"2h\"\nprotected = true\nextension = \"a demo\"");
        proxy.clear_log();
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(calls(proxy), 1, "{}", proxy.story());
        let expected = ["create-started", "extended", "protected-changed", "provisioned", "ttl-changed"];
        assert_eq!(events(story), expected);
    });
}

#[test]
fn change_of_tier_is_recorded_in_the_head_too() {
    watched("retiered", "", |story, proxy| {
        story.settle();
        story.arguments("tier = \"full\"");
        proxy.clear_log();
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(calls(proxy), 2, "{}", proxy.story());
        assert_eq!(events(story), ["create-started", "provisioned", "tier-changed", "ttl-changed"]);
        let head = head(story).unwrap();
        assert_eq!((&head["tier"], &head["phase"], &head["generation"]), (&json!("full"), &json!("live"), &json!(1)));
    });
}

#[test]
fn events_of_a_pipeline_before_the_create_are_kept() {
    watched("announced", "", |story, proxy| {
        for event in ["requested", "build-started", "build-finished"] {
            let said = eod(story, &["event", &story.name, event]).expect_ok();
            assert!(said.contains("does not exist yet"), "{said}");
        }
        story.settle().expect_said(&done(1, 0, 0));
        assert!(calls(proxy) <= 3, "{}", proxy.story());
        let expected = ["build-finished", "build-started", "create-started", "provisioned", "requested"];
        assert_eq!(events(story), expected);
        let head = head(story).unwrap();
        assert_eq!((&head["phase"], &head["generation"]), (&json!("live"), &json!(1)));
        assert_eq!(head["identity"], format!("github.com/{}#7", story.repository));
    });
}

#[test]
fn life_without_a_record_is_recorded_with_its_first_change() {
    watched("unknown-life", "", |story, _| {
        story.settle();
        change_head(story, &json!({ "uid": "another", "phase": "ended", "reason": "expired" }));
        story.arguments("tier = \"full\"");
        story.settle();
        let head = head(story).unwrap();
        assert_eq!((&head["phase"], &head["uid"]), (&json!("live"), &json!(story.uid())));
        assert_eq!(head["generation"], 2);
    });
}

#[test]
fn environment_without_a_ledger_gets_one_with_its_first_change() {
    watched("late-ledger", "head_sha = \"aaaaaaa1\"", |story, _| {
        story.settle();
        story.delete(&ledger_path(story));
        story.arguments("head_sha = \"aaaaaaa1\"\nextension = \"a demo\"");
        story.settle();
        assert_eq!(events(story), ["adopted", "extended"]);
        assert_eq!(head(story).unwrap()["uid"], story.uid());
    });
}

#[test]
fn destroy_deletes_the_ledger_if_no_reaper_has_run() {
    watched("unreaped", "", |story, proxy| {
        story.apply().expect_ok();
        proxy.clear_log();
        story.destroy().expect_ok();
        assert!(calls(proxy) <= 3, "{}", proxy.story());
        assert_eq!(head(story), None);
        // A second environment begins its life again.
        story.settle().expect_said(&done(1, 0, 0));
        assert_eq!(head(story).unwrap()["generation"], 1);
    });
}

#[test]
fn destroy_is_recorded_if_a_reaper_runs() {
    watched("reaped", "", |story, proxy| {
        story.apply().expect_ok();
        let run = eod(story, &["reap"]);
        assert_eq!(run.code, Some(0), "{}", run.report());
        proxy.clear_log();
        story.destroy().expect_ok();
        // Two further calls add the row of the history.
        let ledger = format!("/configmaps/{}.{}", story.installation, story.name);
        assert!(proxy.calls(|call| call.path.ends_with(&ledger)) <= 3, "{}", proxy.story());
        assert!(proxy.calls(|call| call.path.contains("/configmaps") && !call.path.ends_with(&ledger)) <= 2);
        let ended = head(story).unwrap();
        assert_eq!((&ended["phase"], &ended["reason"]), (&json!("ended"), &json!("destroyed")));
        let row = |row: &Value| (row["name"].clone(), row["generation"].clone(), row["reason"].clone());
        let expected = [(json!(story.name), json!(1), json!("destroyed"))];
        assert_eq!(history(story).iter().map(row).collect::<Vec<_>>(), expected);
        assert!(history(story)[0]["seconds_to_provisioned"].is_u64());
        // The reaper has nothing to do, and adds no second row.
        let run = eod(story, &["reap"]);
        assert_eq!(run.code, Some(0), "{}", run.report());
        assert_eq!(history(story).len(), 1);
        story.settle().expect_said(&done(1, 0, 0));
        assert_eq!(head(story).unwrap()["generation"], 2);
    });
}

#[test]
fn destroy_reads_the_summary_once_per_run() {
    watched("summary", "", |story, proxy| {
        eod(story, &["reap"]).expect_ok();
        let second = story.block("second", "").replace("pull_request = 7", "pull_request = 8");
        let both = story.block("preview", "") + &second;
        story.body(&both);
        story.apply().expect_ok();
        proxy.clear_log();
        story.run(&["destroy", "-auto-approve", "-no-color", "-parallelism=1"]).expect_ok();
        let summary = format!("/configmaps/{}.reaper", story.installation);
        assert_eq!(proxy.calls(|call| call.path.ends_with(&summary)), 1, "{}", proxy.story());
        for number in [7, 8] {
            let ledger = format!("/configmaps/{}.{}-pr-{number}", story.installation, story.installation);
            assert_eq!(proxy.calls(|call| call.path.ends_with(&ledger)), 3, "{}", proxy.story());
        }
        assert!(proxy.calls(is_history) <= 4, "{}", proxy.story());
        assert_eq!(history(story).len(), 2);
    });
}

#[test]
fn destroy_that_was_interrupted_is_finished_by_the_next() {
    watched("interrupted-destroy", "timeouts = { delete = \"8s\" }", |story, _| {
        story.apply().expect_ok();
        eod(story, &["reap"]).expect_ok();
        story.hold();
        story.destroy().expect_err("The namespace was not deleted in time");
        assert_eq!(head(story).unwrap()["phase"], "ending");
        story.release();
        story.cluster.wait_until_gone(&story.name);
        story.run(&["destroy", "-refresh=false", "-auto-approve", "-no-color"]).expect_ok();
        assert_eq!(head(story).unwrap()["phase"], "ended");
    });
}

#[test]
fn create_without_the_right_to_the_ledger_warns_once_with_the_rule() {
    run_story("no-ledger", "", |story| {
        let write = ["get", "list", "create", "patch", "delete"];
        let rbac = [&write[..], &["bind", "escalate"]].concat();
        let rules = json!([
            { "apiGroups": [""], "resources": ["namespaces", "resourcequotas", "limitranges", "serviceaccounts"], "verbs": write },
            { "apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": write },
            { "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": rbac },
        ]);
        let account = story.cluster.service_account("default", &story.installation, &rules);
        let proxy = FaultProxy::in_front_of(&Access { token: token(&account), ..story.cluster.access().clone() });
        story.through(&proxy);
        let second = story.block("second", "").replace("pull_request = 7", "pull_request = 8");
        let both = story.block("preview", "") + &second;
        story.body(&both);
        let run = story.apply().expect_ok().expect_said(&done(2, 0, 0)).expect_said("resources: [configmaps]");
        assert_eq!(run.said().matches("Environments are not recorded").count(), 1, "{run}");
        story.expect_no_changes();
        assert_eq!(head(story), None);
        story.destroy().expect_ok().expect_said("2 destroyed");
    });
}

fn token(kubeconfig: &Kubeconfig) -> String {
    let text = std::fs::read_to_string(kubeconfig.path()).unwrap();
    let config: Value = serde_json::from_str(&text).unwrap();
    config["users"][0]["user"]["token"].as_str().unwrap().to_owned()
}

/// Fills the ledger up to the maximum size of a ConfigMap, with sealed events that are not valid.
#[track_caller]
fn fill(story: &EnvironmentStory) {
    let ledger = story.cluster.read(&ledger_path(story)).unwrap();
    let used: usize = ledger["data"].as_object().unwrap().values().map(|text| text.as_str().unwrap().len()).sum();
    story.patch(&ledger_path(story), &json!({ "data": { "events": "x".repeat(1024 * 1024 - used) } }));
}

#[test]
fn damaged_ledger_refuses_a_create_and_stops_no_destroy() {
    watched("damaged", "", |story, _| {
        story.apply().expect_ok();
        let damage = json!({ "metadata": { "annotations": { "environment.on-demand/head": "{" } } });
        story.patch(&ledger_path(story), &damage);
        let run = story.destroy().expect_ok().expect_said("1 destroyed");
        run.expect_said("the ledger is damaged");
        story.apply().expect_err("is damaged").expect_said("kubectl -n eod-system delete configmap");
        assert!(!story.cluster.namespace_exists(&story.name));
        story.delete(&ledger_path(story));
        story.settle().expect_said(&done(1, 0, 0));

        // A ConfigMap of another owner with the name of the ledger.
        story
            .patch(&ledger_path(story), &json!({ "metadata": { "labels": { "environment.on-demand/ledger": null } } }));
        story.destroy().expect_ok().expect_said("1 destroyed").expect_said("not its ownership labels");
        story.apply().expect_err("is damaged").expect_said("not its ownership labels");
        story.delete(&ledger_path(story));
        story.settle().expect_said(&done(1, 0, 0));

        // A full ledger with a broken chain: no further event fits.
        change_head(story, &json!({ "seq": 7, "hash": "0".repeat(32) }));
        fill(story);
        story.arguments("extension = \"a demo\"");
        story.apply().expect_ok().expect_said("was not written");
        story.destroy().expect_ok().expect_said("1 destroyed").expect_said("was not written");
    });
}

#[test]
fn refused_create_leaves_no_ledger() {
    watched("refused", "", |story, _| {
        story.make_foreign_namespace();
        story.apply().expect_err("was not created by EoD");
        assert_eq!(head(story), None);
    });
}
