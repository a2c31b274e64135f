//! Copies of an interrupted or forgotten run are adopted unchanged.

use serde_json::{Value, json};

use super::{SOURCE, TARGET, run_story};

#[test]
fn copy_of_a_lost_state_is_adopted_with_its_edits() {
    run_story("state-lost", SOURCE, |story| {
        story.settle();
        story.vault.patch_by_person(&story.mount, TARGET, &[("URL", "https://mine.example")]);
        let mut marks = story.marks(TARGET);
        marks["team"] = "checkout".into();
        let pairs: Vec<_> =
            marks.as_object().unwrap().iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
        story.vault.put_custom_metadata(&story.mount, TARGET, &pairs);
        story.forget();

        story.vault.put(&story.mount, "stage/shop", &[("URL", "https://newer.example")]);
        let run = story.apply().expect_ok();
        assert!(!run.said().contains("Warning: A secret"), "{run}");
        story.expect_no_changes();
        let key = story.key(TARGET);
        assert_eq!(key, json!({ "source_version": 1, "version": 1, "result": "adopted", "edited": true }));
        assert_eq!((story.version(TARGET), &story.get(TARGET).unwrap()["URL"]), (2, &json!("https://mine.example")));
        let now = story.marks(TARGET);
        assert_eq!(now["team"], "checkout");
        assert_ne!(now["eod-nonce"], marks["eod-nonce"], "an adoption writes a new nonce");
        assert_eq!(now["eod-created"], marks["eod-created"]);

        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn a_value_without_ownership_metadata_is_adopted_if_it_equals_the_source() {
    let arguments =
        format!("{SOURCE}\nexclude_keys = [\"KEY\"]\noverrides_wo = {{ URL = \"https://sandbox.example\" }}");
    run_story("unmarked", &arguments, |story| {
        story.vault.put(&story.mount, TARGET, &[("URL", "https://sandbox.example")]);
        story.settle();
        let key = story.key(TARGET);
        assert_eq!(key, json!({ "source_version": 1, "version": 1, "result": "adopted", "edited": false }));
        assert_eq!(story.version(TARGET), 1);
        assert_eq!(story.marks(TARGET)["eod-env"], "shop-pr-7");
        story.destroy().expect_ok();
        story.expect_nothing_left();

        // The unchanged source, without exclusions and overrides, is a different value.
        story.vault.put(&story.mount, TARGET, &[("URL", "https://stage.example"), ("KEY", "stage-key")]);
        story.apply().expect_ok().expect_said("it has no ownership metadata, and its value differs from the source");
        assert_eq!(story.results()[TARGET], "kept_foreign");
        story.destroy().expect_ok();
        story.expect_untouched(TARGET, &json!({ "URL": "https://stage.example", "KEY": "stage-key" }));
    });
}

#[test]
fn deleted_copy_is_not_created_again_and_is_destroyed_with_the_environment() {
    run_story("deleted", SOURCE, |story| {
        story.settle();
        story.vault.soft_delete(&story.mount, TARGET);
        story.settle();
        assert_eq!(story.key(TARGET)["edited"], true);
        story.forget();
        story.settle();
        assert_eq!(story.results()[TARGET], "adopted");
        assert_eq!((story.get(TARGET), story.version(TARGET)), (None, 1), "the copy was created again");
        story.destroy().expect_ok();
        story.expect_nothing_left();

        // A destroyed value.
        story.settle();
        story.vault.destroy_versions(&story.mount, TARGET, &[1]);
        story.settle();
        assert_eq!(story.key(TARGET)["edited"], true);
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn removed_copy_is_created_again() {
    run_story("removed", SOURCE, |story| {
        story.settle();
        story.vault.remove(&story.mount, TARGET);
        assert_eq!(story.plan_exit_code(), 2);
        story.settle();
        story.expect_whole("stage/shop", TARGET);
        assert_eq!(story.results()[TARGET], "cloned");
    });
}

#[test]
fn adopted_copy_belongs_to_its_new_owner() {
    run_story("taken", SOURCE, |story| {
        story.settle();
        let other = story.elsewhere();
        other.settle();
        assert_eq!(other.results()[TARGET], "adopted");
        let marks = story.marks(TARGET);

        // The first state destroys nothing, with or without a refresh.
        let plan = story.plan().expect_ok();
        plan.expect_said("A copy was replaced by another secret").expect_said("It was not changed");
        let blind = ["destroy", "-no-color", "-auto-approve", "-refresh=false"];
        story.run(&blind).expect_ok().expect_said("a later run of this environment adopted it");
        assert_eq!(story.marks(TARGET), marks);

        other.expect_no_changes();
        other.destroy().expect_ok();
        assert_eq!(story.marks(TARGET), Value::Null);
    });
}
