//! Ownership of existing namespaces: an interrupted create is continued, a finished environment can be imported or
//! adopted, and namespaces of others are not changed.

use serde_json::{Value, json};

use crate::provider::{ADDRESS, EnvironmentStory, done, errors, run_story};

#[test]
fn interrupted_create_is_continued_without_a_warning() {
    run_story("interrupted", "owner = \"alice\"", |story| {
        story.apply().expect_ok();
        let uid = story.uid();
        story.forget();
        // State after a run that was killed in the middle: the last write and some of the objects are missing.
        story.patch_metadata(&json!({ "annotations": { "environment.on-demand/provisioned-at": null } }));
        for plural in ["resourcequotas", "networkpolicies"] {
            story.delete(&story.collection(plural));
        }
        let run = story.settle();
        // The only warning is Terraform's own, about the development override of the tests.
        let (said, known) = (run.said(), "Warning: Provider development overrides");
        assert_eq!(said.matches("Warning:").count(), said.matches(known).count(), "{run}");
        run.expect_said(&done(1, 0, 0));
        assert_eq!(story.uid(), uid);
        assert_eq!(story.objects("resourcequotas").len(), 1);
        assert!(story.objects("networkpolicies").len() >= 4);
        assert!(story.annotation("environment.on-demand/provisioned-at").is_string());
    });
}

#[test]
fn error_for_an_unmanaged_environment_has_the_import_block() {
    run_story("finished", "", |story| {
        story.settle();
        let (uid, spec) = (story.uid(), story.annotation("environment.on-demand/spec"));
        story.forget();
        story.arguments("owner = \"mallory\"");
        let said = errors(&story.apply().expect_err(&story.name));
        for help in ["import {", "eod_environment.", &format!("id = \"{}\"", story.name), "adopt = true"] {
            assert!(said.contains(help), "expected `{help}` in: {said}");
        }
        assert_eq!((story.uid(), story.annotation("environment.on-demand/spec")), (uid, spec));
        assert_ne!(story.label("environment.on-demand/owner"), "mallory");
        assert_eq!(story.attributes_of("preview"), None);
        // The printed block is used without a change.
        let block =
            format!("{}\nimport {{\n  to = {ADDRESS}\n  id = \"{}\"\n}}\n", story.block("preview", ""), story.name);
        story.body(&block);
        story.apply().expect_ok().expect_said("1 imported");
        story.expect_no_changes();
    });
}

#[test]
fn adopt_takes_over_a_finished_environment() {
    run_story("adopt", "", |story| {
        story.settle();
        let (uid, created) = (story.uid(), story.attribute("created_at"));
        story.forget();
        story.arguments("adopt = true\nowner = \"alice\"");
        story.settle().expect_said(&done(1, 0, 0));
        assert_eq!((story.uid(), story.attribute("created_at")), (uid, created));
        assert_eq!(story.label("environment.on-demand/owner"), "alice");
        story.destroy().expect_ok().expect_said("1 destroyed");
    });
}

#[test]
fn adopt_creates_a_missing_environment() {
    run_story("adopt-none", "adopt = true", |story| {
        story.settle().expect_said(&done(1, 0, 0));
    });
}

/// Expects that an apply fails, offers neither import nor adoption, and does not change the namespace.
#[track_caller]
fn expect_refused_and_unchanged(story: &EnvironmentStory, because: &[&str]) {
    let before = story.namespace()["metadata"].clone();
    let said = errors(&story.apply().expect_err(&story.name));
    for part in because {
        assert!(said.contains(part), "expected `{part}` in: {said}");
    }
    assert!(!said.contains("import {"), "the error must not offer an import: {said}");
    assert!(!said.contains("adopt = true"), "the error must not offer an adoption: {said}");
    let after = story.namespace()["metadata"].clone();
    for key in ["uid", "labels", "annotations", "deletionTimestamp"] {
        assert_eq!(before[key], after[key], "{key}");
    }
}

#[test]
fn namespace_of_another_owner_is_not_changed() {
    for arguments in ["", "adopt = true", "adopt = true\nforce_conflicts = true"] {
        run_story("not-ours", arguments, |story| {
            story.make_foreign_namespace();
            expect_refused_and_unchanged(story, &[]);
            assert_eq!(story.objects("resourcequotas"), Vec::<Value>::new());
            assert_eq!(story.objects("networkpolicies"), Vec::<Value>::new());
        });
    }
}

#[test]
fn ownership_labels_without_an_installation_are_refused() {
    run_story("half-marked", "adopt = true", |story| {
        story.make_foreign_namespace();
        story.patch_metadata(&json!({ "labels": {
            "app.kubernetes.io/managed-by": "eod", "environment.on-demand/env": story.name,
        }}));
        expect_refused_and_unchanged(story, &[]);
    });
}

#[test]
fn an_environment_of_another_installation_is_not_changed() {
    for arguments in ["", "adopt = true"] {
        run_story("other-owner", arguments, |story| {
            story.settle();
            let mut other = story.elsewhere();
            other.install(&format!("{}-b", story.installation));
            let block = story.block("preview", arguments);
            other.body(&block);
            expect_refused_and_unchanged(&other, &[&story.installation]);
            story.expect_no_changes();
        });
    }
}

#[test]
fn error_for_a_name_of_another_identity_has_both_identities_and_the_template() {
    for arguments in ["", "adopt = true"] {
        run_story("identity", arguments, |story| {
            story.settle();
            let mut other = story.elsewhere();
            let theirs = story.repository.replacen("acme/", "other/", 1);
            let block = story.block("preview", arguments).replace(&story.repository, &theirs);
            other.body(&block);
            let ours = format!("{} #7", story.repository);
            expect_refused_and_unchanged(&other, &[&ours, &format!("{theirs} #7"), "name_template", "{owner}"]);
            // With the template of the error both environments have their own names.
            other.provider("domain = \"preview.example.com\"\nname_template = \"{owner}-{repo}-pr-{number}\"");
            other.settle().expect_said(&done(1, 0, 0));
            assert_eq!(other.attribute("name"), format!("other-{}-pr-7", story.installation));
            story.expect_no_changes();
            other.destroy().expect_ok();
        });
    }
}

#[test]
fn label_of_another_manager_is_taken_over_only_with_force_conflicts() {
    run_story("conflict", "", |story| {
        story.settle();
        story.cluster.kubectl(&["label", "namespace", &story.name, "team=payments"]);
        story.cluster.kubectl(&["annotate", "namespace", &story.name, "acme.io/channel=theirs"]);
        story.expect_no_changes();
        let wanted = "labels = { team = \"checkout\" }\nannotations = { \"acme.io/channel\" = \"ours\" }";
        story.arguments(wanted);
        let said = errors(&story.apply().expect_err("force_conflicts"));
        for part in ["kubectl-label", "kubectl-annotate", "team", "acme.io/channel"] {
            assert!(said.contains(part), "expected `{part}` in: {said}");
        }
        assert_eq!(story.label("team"), "payments");
        assert_eq!(story.annotation("acme.io/channel"), "theirs");
        story.arguments(&format!("{wanted}\nforce_conflicts = true"));
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.label("team"), "checkout");
        assert_eq!(story.annotation("acme.io/channel"), "ours");
    });
}

#[test]
fn create_with_a_field_conflict_is_completed_by_the_next_apply() {
    run_story("conflict-create", "labels = { team = \"checkout\" }", |story| {
        story.settle();
        story.forget();
        story.patch_metadata(&json!({ "annotations": { "environment.on-demand/provisioned-at": null } }));
        story.cluster.kubectl(&["label", "--overwrite", "namespace", &story.name, "team=payments"]);
        story.apply().expect_err("kubectl-label");
        story.arguments("labels = { team = \"checkout\" }\nforce_conflicts = true");
        story.settle();
        assert_eq!(story.label("team"), "checkout");
    });
}

#[test]
fn keys_and_objects_of_eod_are_restored_without_force_conflicts() {
    run_story("own-force", "owner = \"alice\"", |story| {
        story.settle();
        story.cluster.kubectl(&[
            "label",
            "--overwrite",
            "namespace",
            &story.name,
            "environment.on-demand/owner=mallory",
        ]);
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.label("environment.on-demand/owner"), "alice");
    });
}

#[test]
fn concurrent_creates_never_exceed_the_maximum() {
    run_story("max-at-once", "", |story| {
        story.provider("domain = \"preview.example.com\"\nmax_environments = 3");
        let block = |number: u32| {
            let block = story.block(&format!("e{number}"), "");
            block.replace("pull_request = 7", &format!("pull_request = {number}"))
        };
        let blocks: String = (1..=12).map(block).collect();
        story.body(&blocks);
        let environments = || {
            let selector = format!("labelSelector=environment.on-demand%2Finstallation%3D{}", story.installation);
            let list = story.cluster.read(&format!("/api/v1/namespaces?{selector}")).unwrap();
            let items = list["items"].as_array().unwrap().clone();
            items.into_iter().filter(|each| each["metadata"]["deletionTimestamp"].is_null()).count()
        };
        let said = errors(
            &story.run(&["apply", "-no-color", "-auto-approve", "-parallelism=12"]).expect_err("max_environments"),
        );
        assert!(said.contains("Too many environments"), "{said}");
        assert!(environments() <= 3, "{}", environments());
        // A further apply uses the free place, and no more.
        story.run(&["apply", "-no-color", "-auto-approve", "-parallelism=1"]).expect_err("max_environments");
        assert_eq!(environments(), 3);
        story.destroy().expect_ok();
        assert_eq!(environments(), 0);
    });
}

#[test]
fn create_beyond_the_maximum_is_refused() {
    run_story("max", "", |story| {
        let limit = |most: u32| format!("domain = \"preview.example.com\"\nmax_environments = {most}");
        story.provider(&limit(1));
        story.settle();
        let second = story.block("second", "").replace("pull_request = 7", "pull_request = 8");
        let both = story.block("preview", "") + &second;
        story.body(&both);
        let said = errors(&story.apply().expect_err("max_environments"));
        assert!(said.contains('1'), "{said}");
        assert!(!story.cluster.namespace_exists(&format!("{}-pr-8", story.installation)));
        // The existing environment can still be changed.
        let changed = story.block("preview", "owner = \"bob\"");
        story.body(&changed);
        story.settle().expect_said(&done(0, 1, 0));
        // The limit is that of the configuration, not that of an earlier run.
        story.provider(&limit(2));
        let both = story.block("preview", "owner = \"bob\"") + &second;
        story.body(&both);
        story.settle().expect_said(&done(1, 0, 0));
    });
}
