//! Deletions and changes by others are found by a refresh and restored by an apply. Objects of others are not changed.

use serde_json::{Value, json};

use crate::provider::{EnvironmentStory, done, errors, later, run_story, text};

/// Arguments that create objects of every kind that can drift.
const ARGUMENTS: &str = "labels = { team = \"checkout\" }\naccess = [{ kind = \"User\", name = \"alice\" }]";

/// Changes objects as another tool, and expects that a refresh reports it, a plan shows it and an apply restores it.
#[track_caller]
fn seen_and_restored(
    test: &str,
    what: &[&str],
    spoil: impl Fn(&EnvironmentStory),
    restored: impl Fn(&EnvironmentStory) -> bool,
) {
    run_story(test, ARGUMENTS, |story| {
        story.settle();
        let uid = story.uid();
        spoil(story);
        assert!(!restored(story), "nothing was spoiled");
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        assert!(!restored(story), "a refresh must not write");
        let drift = story.attribute("drift");
        assert!(drift.as_array().is_some_and(|sentences| sentences.len() == 1), "{drift}");
        for word in what {
            assert!(drift.to_string().contains(word), "expected `{word}` in {drift}");
        }
        let run = story.plan().expect_ok().expect_said("0 to add, 1 to change, 0 to destroy");
        run.expect_said(&text(&drift[0]));
        story.settle().expect_said(&done(0, 1, 0));
        assert!(restored(story));
        assert_eq!(story.attribute("drift"), json!([]));
        assert_eq!(story.uid(), uid);
    });
}

#[test]
fn deleted_quota_is_created_again() {
    seen_and_restored(
        "quota-gone",
        &["ResourceQuota"],
        |story| story.delete(&only_path(story, "resourcequotas")),
        |story| story.objects("resourcequotas").len() == 1,
    );
}

#[test]
fn raised_quota_is_restored() {
    seen_and_restored(
        "quota-raised",
        &["ResourceQuota"],
        |story| story.patch(&only_path(story, "resourcequotas"), &json!({ "spec": { "hard": { "pods": "1000" } } })),
        |story| story.only("resourcequotas")["spec"]["hard"]["pods"] == "20",
    );
}

#[test]
fn deleted_limits_are_created_again() {
    seen_and_restored(
        "limits-gone",
        &["LimitRange"],
        |story| story.delete(&only_path(story, "limitranges")),
        |story| story.objects("limitranges").len() == 1,
    );
}

#[test]
fn opened_network_policy_is_restored() {
    seen_and_restored(
        "policy-opened",
        &["NetworkPolicy"],
        |story| {
            let policy = deny_all(story).expect("there is a policy that denies all");
            let path = format!("{}/{}", story.collection("networkpolicies"), text(&policy["metadata"]["name"]));
            story.patch(&path, &json!({ "spec": { "egress": [{}] } }));
        },
        |story| deny_all(story).is_some(),
    );
}

#[test]
fn deleted_role_binding_is_created_again() {
    seen_and_restored(
        "binding-gone",
        &["RoleBinding"],
        |story| story.delete(&only_path(story, "rolebindings")),
        |story| story.objects("rolebindings").len() == 1,
    );
}

#[test]
fn extended_role_is_restored() {
    seen_and_restored(
        "role-widened",
        &["Role"],
        |story| {
            let all = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]);
            story.patch(&only_path(story, "roles"), &json!({ "rules": all }));
        },
        |story| !story.only("roles")["rules"].to_string().contains('*'),
    );
}

#[test]
fn service_account_that_mounts_its_token_is_restored() {
    seen_and_restored(
        "account",
        &["ServiceAccount"],
        |story| story.patch(&only_path(story, "serviceaccounts"), &json!({ "automountServiceAccountToken": true })),
        |story| story.only("serviceaccounts")["automountServiceAccountToken"] == false,
    );
}

#[test]
fn a_subject_added_to_a_role_binding_is_removed() {
    seen_and_restored(
        "binding-joined",
        &["RoleBinding"],
        |story| {
            let mut subjects = story.only("rolebindings")["subjects"].clone();
            let mallory = json!({ "kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io" });
            subjects.as_array_mut().unwrap().push(mallory);
            story.patch(&only_path(story, "rolebindings"), &json!({ "subjects": subjects }));
        },
        |story| !story.only("rolebindings").to_string().contains("mallory"),
    );
}

#[test]
fn edited_label_of_eod_is_restored() {
    seen_and_restored(
        "label-edited",
        &["environment.on-demand/tier"],
        |story| story.patch_metadata(&json!({ "labels": { "environment.on-demand/tier": "staging" } })),
        |story| story.label("environment.on-demand/tier") == "lightweight",
    );
}

#[test]
fn edited_label_of_the_user_is_restored_with_force_conflicts() {
    run_story("users-label", ARGUMENTS, |story| {
        story.settle();
        story.patch_metadata(&json!({ "labels": { "team": "payments" } }));
        story.plan().expect_ok().expect_said("label `team`");
        let said = errors(&story.apply().expect_err("force_conflicts"));
        assert!(said.contains("somebody") && said.contains("team"), "{said}");
        assert_eq!(story.label("team"), "payments");
        story.arguments(&format!("{ARGUMENTS}\nforce_conflicts = true"));
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.label("team"), "checkout");
    });
}

#[test]
fn removed_label_is_restored() {
    seen_and_restored(
        "label-removed",
        &["team"],
        |story| story.patch_metadata(&json!({ "labels": { "team": null } })),
        |story| story.label("team") == "checkout",
    );
}

#[test]
fn lowered_pod_security_level_is_restored() {
    seen_and_restored(
        "level-lowered",
        &["pod-security.kubernetes.io/enforce"],
        |story| story.patch_metadata(&json!({ "labels": { "pod-security.kubernetes.io/enforce": "privileged" } })),
        |story| story.label("pod-security.kubernetes.io/enforce") == "baseline",
    );
}

#[test]
fn all_drift_is_reported_at_once() {
    run_story("many-changes", ARGUMENTS, |story| {
        story.settle();
        story.delete(&only_path(story, "resourcequotas"));
        story.delete(&only_path(story, "rolebindings"));
        story.patch_metadata(&json!({ "labels": { "environment.on-demand/tier": "staging" } }));
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        let drift = story.attribute("drift");
        assert_eq!(drift.as_array().map(Vec::len), Some(3), "{drift}");
        story.settle().expect_said(&done(0, 1, 0));
    });
}

#[test]
fn additions_by_others_are_not_changed() {
    run_story("foreign", ARGUMENTS, |story| {
        story.settle();
        let theirs =
            json!({ "labels": { "cost-center": "42" }, "annotations": { "scheduler.example.com/node": "spot" } });
        story.patch_metadata(&theirs);
        story.patch(&only_path(story, "resourcequotas"), &json!({ "metadata": theirs }));
        let policy =
            json!({ "metadata": { "name": "theirs" }, "spec": { "podSelector": {}, "policyTypes": ["Ingress"] } });
        assert_eq!(story.cluster.call("POST", &story.collection("networkpolicies"), Some(&policy)).0, 201);
        story.expect_no_changes();
        // An update of another argument does not remove it either.
        story.arguments(&format!("{ARGUMENTS}\nowner = \"bob\""));
        story.settle().expect_said(&done(0, 1, 0));
        for metadata in [&story.namespace()["metadata"], &story.only("resourcequotas")["metadata"]] {
            assert_eq!(metadata["labels"]["cost-center"], "42");
            assert_eq!(metadata["annotations"]["scheduler.example.com/node"], "spot");
        }
        assert!(story.objects("networkpolicies").iter().any(|policy| policy["metadata"]["name"] == "theirs"));
    });
}

#[test]
fn limit_added_to_the_quota_by_others_is_not_changed() {
    run_story("foreign-quota", ARGUMENTS, |story| {
        story.settle();
        story.patch(&only_path(story, "resourcequotas"), &json!({ "spec": { "hard": { "count/jobs.batch": "5" } } }));
        story.expect_no_changes();
        story.arguments(&format!("{ARGUMENTS}\nquota = {{ pods = 9 }}"));
        story.settle().expect_said(&done(0, 1, 0));
        let hard = story.only("resourcequotas")["spec"]["hard"].clone();
        assert_eq!((&hard["count/jobs.batch"], &hard["pods"]), (&json!("5"), &json!("9")));
    });
}

#[test]
fn times_written_by_other_tools_are_kept_and_make_no_diff() {
    run_story("clock", "", |story| {
        story.settle();
        let created = story.attribute("created_at");
        let (last, end) = (later(&created, "28d"), later(&created, "30d"));
        story.patch_metadata(&json!({ "annotations": {
            "environment.on-demand/last-activity-at": last,
            "environment.on-demand/expires-at": end,
        }}));
        story.expect_no_changes();
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        let state = story.attributes();
        assert_eq!(state["last_activity_at"], last);
        assert_eq!(state["expires_at"], end);
        assert_eq!(state["drift"], json!([]));
        story.settle().expect_said(&done(0, 0, 0));
        assert_eq!(story.annotation("environment.on-demand/expires-at"), end);
    });
}

#[test]
fn times_that_cannot_be_read_are_reported_and_not_repaired() {
    run_story("absurd", "head_sha = \"aaaaaaa1\"", |story| {
        story.settle();
        for (at, (key, time, why)) in [
            ("expires-at", "2099-01-01T00:00:00Z", "the end 2099-01-01T00:00:00Z is more than 90d ahead"),
            ("expires-at", "2020-01-01T00:00:00Z", "the end 2020-01-01T00:00:00Z is before the creation"),
            ("expires-at", "soon", "environment.on-demand/expires-at is not an RFC 3339 time, got `soon`"),
            ("last-activity-at", "now", "environment.on-demand/last-activity-at is not an RFC 3339 time, got `now`"),
        ]
        .into_iter()
        .enumerate()
        {
            let annotation = format!("environment.on-demand/{key}");
            let valid = story.annotation(&annotation);
            story.patch_metadata(&json!({ "annotations": { annotation.as_str(): time } }));
            let run = story.plan().expect_ok().expect_said("No changes.");
            run.expect_said("The expiry of the environment cannot be read").expect_said(why);
            // A commit restarts a clock only if the clock can be read.
            let sha = format!("aaaaaab{at}");
            story.arguments(&format!("head_sha = \"{sha}\""));
            story.apply().expect_ok().expect_said(&done(0, 1, 0)).expect_said(why);
            assert_eq!(story.annotation(&annotation), time);
            assert_eq!(story.attribute("expires_at"), Value::Null);
            assert_eq!(story.attribute("status"), "ready");
            story.patch_metadata(&json!({ "annotations": { annotation.as_str(): valid } }));
        }
        story.expect_no_changes();
    });
}

#[test]
fn clock_determines_the_status() {
    run_story("status", "", |story| {
        story.settle();
        let created = story.attribute("created_at");
        let (past, end) = ("2020-01-01T00:00:00Z", later(&created, "4h"));
        for (last, end, status) in [
            (past, end.as_str(), "idle"),
            (past, "2020-01-01T04:00:00Z", "expiring"),
            (text(&created).as_str(), end.as_str(), "ready"),
        ] {
            story.patch_metadata(&json!({ "annotations": {
                "environment.on-demand/created-at": past,
                "environment.on-demand/last-activity-at": last,
                "environment.on-demand/expires-at": end,
            }}));
            story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
            assert_eq!(story.attribute("status"), status);
            story.expect_no_changes();
        }
    });
}

#[test]
fn a_deleted_namespace_is_planned_again() {
    run_story("namespace-gone", ARGUMENTS, |story| {
        story.settle();
        let former = story.uid();
        story.delete_namespace();
        story.plan().expect_ok().expect_said("1 to add, 0 to change, 0 to destroy");
        story.settle().expect_said(&done(1, 0, 0));
        assert_ne!(story.uid(), former);
        assert_eq!(story.objects("resourcequotas").len(), 1);
    });
}

#[test]
fn a_namespace_that_is_being_deleted_is_replaced() {
    run_story("terminating", "", |story| {
        story.settle();
        let former = story.uid();
        story.hold();
        story.delete(&story.namespace_path());
        story.wait_until_terminating();
        // A refresh keeps the environment in the state: the namespace still exists.
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        assert_eq!(story.attribute("uid"), former);
        story.plan().expect_ok().expect_said("1 to add, 0 to change, 1 to destroy");
        let apply = story.spawn(&["apply", "-auto-approve", "-no-color"]);
        apply.wait_for_log(&format!("Starting apply for {}", crate::provider::ADDRESS));
        story.release();
        apply.wait().expect_ok().expect_said(&done(1, 0, 1));
        assert_ne!(story.uid(), former);
        story.expect_no_changes();
    });
}

#[test]
fn namespace_created_again_by_a_person_is_not_changed() {
    run_story("made-again", ARGUMENTS, |story| {
        story.settle();
        story.delete_namespace();
        story.make_foreign_namespace();
        let before = story.namespace();
        let said = errors(&story.apply().expect_err(&story.name));
        for help in ["import {", "adopt"] {
            assert!(!said.contains(help), "an import of a foreign namespace must not be offered: {said}");
        }
        assert_eq!(story.uid(), text(&before["metadata"]["uid"]));
        assert_eq!(story.namespace()["metadata"]["labels"], before["metadata"]["labels"]);
        assert_eq!(story.objects("resourcequotas"), Vec::<Value>::new());
    });
}

#[test]
fn removed_ownership_labels_are_set_again() {
    run_story("marks-off", ARGUMENTS, |story| {
        story.settle();
        story.patch_metadata(&json!({ "labels": {
            "app.kubernetes.io/managed-by": null, "environment.on-demand/installation": null,
        }}));
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        assert_eq!(story.attribute("drift").as_array().map(Vec::len), Some(2));
        // The uid shows that it is our namespace.
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.label("app.kubernetes.io/managed-by"), "eod");
        assert_eq!(story.label("environment.on-demand/installation"), story.installation);
    });
}

#[test]
fn namespace_of_another_installation_is_not_changed() {
    run_story("handed-over", ARGUMENTS, |story| {
        story.settle();
        story.patch_metadata(&json!({ "labels": { "environment.on-demand/installation": "another" } }));
        let before = story.namespace()["metadata"]["resourceVersion"].clone();
        story.apply().expect_err("`another`");
        for arguments in [
            &["destroy", "-auto-approve", "-no-color"][..],
            &["destroy", "-refresh=false", "-auto-approve", "-no-color"],
        ] {
            story.run(arguments).expect_err("`another`");
        }
        assert_eq!(story.namespace()["metadata"]["resourceVersion"], before);
    });
}

/// The path of the only object of a kind.
fn only_path(story: &EnvironmentStory, plural: &str) -> String {
    format!("{}/{}", story.collection(plural), text(&story.only(plural)["metadata"]["name"]))
}

/// The policy that denies everything.
fn deny_all(story: &EnvironmentStory) -> Option<Value> {
    let nothing = |policy: &Value| {
        let spec = &policy["spec"];
        spec["podSelector"] == json!({}) && spec["ingress"].is_null() && spec["egress"].is_null()
    };
    story.objects("networkpolicies").into_iter().find(nothing)
}
