//! An ended environment returns in place, with a new namespace, when the configuration requests it.

use std::sync::atomic::{AtomicUsize, Ordering};

use eod_testkit::{
    cases::for_each_number,
    cluster::PATIENCE,
    fault::{Fault, FaultProxy, Logged},
    vault::Vault,
    wait::wait_until,
};
use serde_json::{Value, json};

use crate::provider::{
    ADDRESS, EnvironmentStory, done,
    reaper::{change_head, eod, events, expire, head, silence},
    run_story,
};

const COMMIT: &str = "head_sha = \"aaaaaaa1\"";

/// A story with an environment that has expired, and the uid of its namespace.
#[track_caller]
fn expired(test: &str, then: impl Fn(&mut EnvironmentStory, &str)) {
    run_story(test, COMMIT, |story| {
        story.settle();
        let uid = story.uid();
        expire(story);
        then(story, &uid);
    });
}

/// Asserts that the environment exists again, in the generation after the first.
#[track_caller]
fn expect_returned(story: &EnvironmentStory, before: &str) {
    assert_ne!(story.uid(), before);
    let (state, head) = (story.attributes(), head(story).unwrap());
    assert_eq!(state["uid"], story.uid());
    assert_eq!(state["status"], "ready");
    assert_eq!((&state["ended_at"], &state["ended_reason"]), (&Value::Null, &Value::Null));
    assert_eq!((&head["phase"], &head["generation"], &head["uid"]), (&json!("live"), &json!(2), &state["uid"]));
    assert_eq!(story.objects("resourcequotas").len(), 1);
    story.expect_no_changes();
}

#[test]
fn new_commit_brings_the_environment_back_in_place() {
    expired("commit", |story, before| {
        story.arguments("head_sha = \"aaaaaaa2\"");
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok().expect_said("0 to add, 1 to change, 0 to destroy");
        let plan: Value = serde_json::from_str(&story.run(&["show", "-json", "saved"]).expect_ok().stdout).unwrap();
        let change = &plan["resource_changes"][0]["change"];
        let unknown = change["after_unknown"].as_object().unwrap();
        let unknown: Vec<_> =
            unknown.iter().filter(|(_, value)| **value == true).map(|(name, _)| name.as_str()).collect();
        let expected =
            ["created_at", "ended_at", "ended_reason", "expires_at", "id", "last_activity_at", "status", "uid"];
        assert_eq!(unknown, expected);
        for known in ["name", "namespace", "host", "hosts", "url"] {
            assert_eq!(change["after"][known], change["before"][known], "{known}");
        }
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        expect_returned(story, before);
        let kinds = events(story);
        assert_eq!(kinds.iter().filter(|kind| *kind == "create-started").count(), 2, "{kinds:?}");
    });
}

#[test]
fn longer_form_of_the_same_commit_does_not_bring_it_back() {
    expired("same-commit", |story, _| {
        story.arguments("head_sha = \"aaaaaaa1ffff\"");
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        assert!(!story.cluster.namespace_exists(&story.name));
        assert_eq!(story.plan_exit_code(), 0);
    });
}

#[test]
fn extension_and_recreate_bring_it_back() {
    for argument in ["extension = \"a demo\"", "on_expired = \"recreate\""] {
        expired("requested", |story, before| {
            story.arguments(&format!("{COMMIT}\n{argument}"));
            story.apply().expect_ok().expect_said(&done(0, 1, 0));
            expect_returned(story, before);
        });
    }
}

#[test]
fn lifted_end_brings_it_back() {
    expired("lifted", |story, before| {
        assert_eq!(story.plan_exit_code(), 0);
        eod(story, &["wake", &story.name]).expect_ok();
        assert_eq!(story.plan_exit_code(), 2);
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        expect_returned(story, before);
    });
}

#[test]
fn late_pipeline_does_not_bring_a_closed_pull_request_back() {
    expired("late", |story, before| {
        change_head(story, &json!({ "reason": "closed" }));
        story.forget();
        let said = story.apply().expect_err("The environment has ended").said();
        for part in ["`closed`", "reopen the pull request", &format!("eod wake {}", story.name)] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!story.cluster.namespace_exists(&story.name));
        assert_eq!(head(story).unwrap()["phase"], "ended");
        eod(story, &["wake", &story.name]).expect_ok();
        story.settle().expect_said(&done(1, 0, 0));
        expect_returned(story, before);
    });
}

#[test]
fn tombstone_of_another_identity_does_not_refuse_a_create() {
    expired("another", |story, before| {
        change_head(story, &json!({ "reason": "closed", "identity": "github.com/other/shop#7" }));
        story.forget();
        story.settle().expect_said(&done(1, 0, 0));
        expect_returned(story, before);
        assert_eq!(head(story).unwrap()["identity"], format!("github.com/{}#7", story.repository));
    });
}

#[test]
fn create_after_an_expiry_succeeds() {
    expired("create-after", |story, before| {
        story.forget();
        story.settle().expect_said(&done(1, 0, 0));
        expect_returned(story, before);
    });
}

#[test]
fn update_of_an_environment_that_was_ended_after_the_plan_creates_nothing() {
    run_story("met", COMMIT, |story| {
        story.settle();
        story.arguments(&format!("{COMMIT}\nowner = \"bob\""));
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        expire(story);
        story
            .run(&["apply", "-no-color", "saved"])
            .expect_err("ended while this plan was made")
            .expect_said("plan again");
        assert!(!story.cluster.namespace_exists(&story.name));
        assert_eq!(story.raw_state()["resources"][0]["name"], ADDRESS.split('.').nth(1).unwrap());
    });
}

#[test]
fn destroy_that_was_planned_before_the_end_succeeds() {
    run_story("met-destroy", COMMIT, |story| {
        story.settle();
        story.run(&["plan", "-destroy", "-no-color", "-out=saved"]).expect_ok();
        expire(story);
        story.run(&["apply", "-no-color", "saved"]).expect_ok().expect_said("1 destroyed");
        assert_eq!(story.attributes_of("preview"), None);
        assert_eq!(head(story).unwrap()["reason"], "expired", "the record of the end is the reaper's");
    });
}

#[test]
fn ledger_of_another_identity_with_an_environment_refuses_a_create() {
    run_story("other-ledger", COMMIT, |story| {
        story.settle();
        change_head(story, &json!({ "identity": "github.com/other/shop#7" }));
        story.delete_namespace();
        story.forget();
        let said = story.apply().expect_err("The name belongs to another environment").said();
        for part in ["github.com/other/shop#7", "name_template", "kubectl -n eod-system delete configmap"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!story.cluster.namespace_exists(&story.name));
    });
}

#[test]
fn return_waits_for_an_end_that_is_still_running() {
    expired("waits", |story, before| {
        // The reaper still holds the end.
        let now = head(story).unwrap()["since"].clone();
        change_head(story, &json!({ "phase": "ending", "holder": "reaper-1", "beat": now }));
        story.arguments("head_sha = \"aaaaaaa2\"\ntimeouts = { create = \"4s\" }");
        story.apply().expect_err("reaper-1").expect_said("is still ending the environment");
        assert!(!story.cluster.namespace_exists(&story.name));
        // A holder that has not written for a long time is not waited for.
        silence(story);
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        expect_returned(story, before);
        // The steps of the end that had not begun are dropped.
        let run = eod(story, &["reap"]);
        assert_eq!(run.code, Some(0), "{}", run.report());
        assert!(story.cluster.namespace_exists(&story.name), "{}", run.report());
    });
}

#[test]
fn return_that_failed_is_completed_by_the_next_apply() {
    expired("failed-return", |story, before| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        story.arguments("head_sha = \"aaaaaaa2\"");
        proxy.rule(
            |call| call.method == "PATCH" && call.path.contains("/networkpolicies/"),
            usize::MAX,
            Fault::status(403, "Forbidden", "no policies today"),
        );
        story.apply().expect_err("no policies today");
        assert_eq!(story.attribute("uid"), before);
        proxy.clear_rules();
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        expect_returned(story, before);
    });
}

/// Story, mount, path of the copy, and a function that sets the commit.
type WithCopy<'a> = dyn Fn(&mut EnvironmentStory, &str, &str, &dyn Fn(&mut EnvironmentStory, &str)) + 'a;

/// A story with an environment that has expired, and its copy of secrets, which a person has edited.
#[track_caller]
fn expired_with_copy(
    test: &str,
    then: impl Fn(&mut EnvironmentStory, &str, &str, &dyn Fn(&mut EnvironmentStory, &str)),
) {
    expired_with(test, "", &then);
}

/// As [`expired_with_copy`], with these arguments of the copy.
#[track_caller]
fn expired_with(test: &str, arguments: &str, then: &WithCopy<'_>) {
    run_story(test, COMMIT, |story| {
        let vault = Vault::shared();
        let mount = vault.mount("return");
        vault.put(&mount, "stage/shop", &[("URL", "https://stage.example")]);
        vault.put(&mount, "stage/shop/a", &[("URL", "https://stage.example")]);
        story.set_env("VAULT_ADDR", vault.address());
        story.set_env("VAULT_TOKEN", vault.token());
        let copy = format!(
            "resource \"eod_vault_clone\" \"config\" {{\n  environment = eod_environment.preview.id\n  mount = \"{mount}\"\n  \
             source_path = \"stage/shop\"\n  {arguments}\n}}\n"
        );
        let set_commit = |story: &mut EnvironmentStory, commit: &str| {
            let block = story.block("preview", commit);
            story.body(&(block + &copy));
        };
        set_commit(story, COMMIT);
        story.settle().expect_said(&done(2, 0, 0));
        let target = format!("preview/{}/shop", story.name);
        vault.patch_by_person(&mount, &target, &[("URL", "https://mine.example")]);
        expire(story);
        then(story, &mount, &target, &set_commit);
    });
}

#[test]
fn edited_copy_of_secrets_is_kept_after_the_end_and_the_return() {
    expired_with_copy("copy", |story, mount, target, set_commit| {
        let vault = Vault::shared();
        let edited = vault.metadata(mount, target).unwrap();
        assert_eq!(story.plan_exit_code(), 0);
        set_commit(story, "head_sha = \"aaaaaaa2\"");
        story.plan().expect_ok().expect_said("0 to add, 2 to change, 0 to destroy");
        story.settle();
        assert_eq!(vault.get(mount, target), Some(json!({ "URL": "https://mine.example" })));
        assert_eq!(vault.metadata(mount, target), Some(edited), "the return has not written to the copy");
        story.destroy().expect_ok().expect_said("2 destroyed");
        assert_eq!(vault.metadata(mount, target), None);
    });
}

/// Removes a copy as the reaper does after an end with another reason than `expired`.
#[track_caller]
fn remove_copy(mount: &str, target: &str) {
    let (status, answer) = Vault::shared().call("DELETE", &format!("{mount}/metadata/{target}"), None);
    assert_eq!(status, 204, "{answer}");
}

#[test]
fn removed_copy_of_an_ended_environment_makes_no_diff_and_is_created_again_with_it() {
    expired_with_copy("gone-copy", |story, mount, target, set_commit| {
        remove_copy(mount, target);
        assert_eq!(story.plan_exit_code(), 0);
        story.plan().expect_ok().expect_said("The copy was removed with its environment");
        set_commit(story, "head_sha = \"aaaaaaa2\"");
        story.plan().expect_ok().expect_said("0 to add, 2 to change, 0 to destroy");
        story.settle();
        let vault = Vault::shared();
        assert_eq!(vault.get(mount, target), Some(json!({ "URL": "https://stage.example" })));
        // A copy that a person deletes while its environment exists is created again.
        remove_copy(mount, target);
        story.settle().expect_said(&done(1, 0, 0));
        story.destroy().expect_ok().expect_said("2 destroyed");
        assert_eq!(vault.metadata(mount, target), None);
    });
}

#[test]
fn removed_copy_of_an_ended_environment_can_be_destroyed() {
    expired_with_copy("no-copy", |story, mount, target, _| {
        remove_copy(mount, target);
        assert_eq!(story.plan_exit_code(), 0);
        story.destroy().expect_ok().expect_said("2 destroyed");
    });
}

/// Copies of the subtree `stage/shop`, after the path of the first.
const SUBTREE: [&str; 2] = ["", "/a"];
/// Writes of a return: the value and the ownership metadata of each copy.
const RETURN_WRITES: usize = 4;

/// Kills the provider at one write of the Vault during the return of a removed subtree. Terraform drops the private data of
/// the run then.
#[track_caller]
fn kill_return_at(number: usize, then: impl Fn(&mut EnvironmentStory, &str, &str)) {
    expired_with(&format!("kill-return-{number}"), "recursive = true", &|story, mount, target, set_commit| {
        for name in SUBTREE {
            remove_copy(mount, &format!("{target}{name}"));
        }
        assert_eq!(story.plan_exit_code(), 0);
        set_commit(story, "head_sha = \"aaaaaaa2\"");
        let proxy = Vault::shared().proxy();
        story.set_env("VAULT_ADDR", &proxy.access().server);
        let seen = AtomicUsize::new(0);
        let is_later = move |call: &Logged| call.method == "POST" && seen.fetch_add(1, Ordering::Relaxed) >= number;
        proxy.rule(is_later, usize::MAX, Fault::Hang);
        let running = story.spawn(&["apply", "-no-color", "-auto-approve"]);
        wait_until("a write to hang", PATIENCE, || match proxy.calls(|call| call.spoiled) {
            0 => Err(proxy.story()),
            _ => Ok(()),
        });
        running.kill_providers();
        assert_ne!(running.wait().code, Some(0));
        proxy.clear_rules();
        then(story, mount, target);
    });
}

#[test]
fn return_of_removed_copies_that_was_killed_at_any_write_is_finished_by_the_next_apply() {
    for_each_number(RETURN_WRITES, |number| {
        kill_return_at(number, |story, mount, target| {
            let run = story.apply().expect_ok();
            assert!(!run.said().contains("was replaced") && !run.said().contains("was kept"), "{run}");
            let vault = Vault::shared();
            for name in SUBTREE {
                let copy = vault.get(mount, &format!("{target}{name}"));
                assert_eq!(copy, Some(json!({ "URL": "https://stage.example" })), "{name}");
            }
            story.expect_no_changes();
            story.destroy().expect_ok();
            assert_eq!(vault.list(mount, "preview"), Vec::<String>::new());
        });
    });
}

#[test]
fn destroy_after_a_killed_return_deletes_every_copy_with_ownership_metadata() {
    kill_return_at(RETURN_WRITES - 1, |story, mount, target| {
        story.destroy().expect_ok();
        for name in SUBTREE {
            // A value whose metadata was not written cannot be told from a secret of a person.
            let left = Vault::shared().metadata(mount, &format!("{target}{name}"));
            assert!(left.is_none_or(|metadata| metadata["custom_metadata"]["eod-env"] == Value::Null), "{name}");
        }
    });
}
