//! A destroy deletes all of our copies, and no other secret.

use serde_json::{Value, json};

use super::{SOURCE, TARGET, run_story};
use crate::provider::done;

#[test]
fn secrets_with_a_common_prefix_stay() {
    run_story("neighbours", &format!("{SOURCE}\ntarget_path = \"preview/pr-1\"\nrecursive = true"), |story| {
        story.vault.put(&story.mount, "stage/shop/db", &[("A", "1")]);
        let theirs = json!({ "MINE": "1" });
        for name in ["preview/pr-12", "preview/pr-1-x/db", "preview/pr-1/mine", "preview/pr"] {
            story.vault.put(&story.mount, name, &[("MINE", "1")]);
        }
        story.settle();
        story.expect_whole("stage/shop/db", "preview/pr-1/db");
        story.destroy().expect_ok();
        assert_eq!((story.version("preview/pr-1"), story.version("preview/pr-1/db")), (0, 0));
        for name in ["preview/pr-12", "preview/pr-1-x/db", "preview/pr-1/mine", "preview/pr"] {
            story.expect_untouched(name, &theirs);
        }
    });
}

#[test]
fn destroy_needs_neither_the_source_nor_a_right_on_it() {
    run_story("no-source", SOURCE, |story| {
        story.settle();
        story.vault.patch_by_person(&story.mount, TARGET, &[("URL", "https://mine.example")]);
        story.vault.remove(&story.mount, "stage/shop");
        // The destroy needs only the metadata of the copy: no value, no source and no mount.
        let policy = format!("path \"{}/metadata/preview/*\" {{ capabilities = [\"read\", \"delete\"] }}", story.mount);
        let token = story.vault.token_with(&[&story.vault.policy("destroy", &policy)], "1h");
        story.token(&token);
        story.expect_no_changes();
        story.destroy().expect_ok().expect_said(&done(0, 0, 1).replace("0 added, 0 changed, ", ""));
        story.expect_nothing_left();
    });
}

#[test]
fn a_kept_copy_keeps_its_ownership_metadata() {
    run_story("keep", &format!("{SOURCE}\non_destroy = \"keep\""), |story| {
        story.settle();
        let marks = story.marks(TARGET);
        story.destroy().expect_ok();
        story.expect_whole("stage/shop", TARGET);
        assert_eq!(story.marks(TARGET), marks);
        // The same configuration adopts it again, and can delete it.
        story.arguments(SOURCE);
        story.settle();
        assert_eq!(story.results()[TARGET], "adopted");
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn copy_without_ownership_metadata_is_kept_and_named() {
    run_story("stripped", SOURCE, |story| {
        // Without ownership metadata it is recognised by the time at which it was stored, to the nanosecond.
        story.settle();
        story.vault.put_custom_metadata(&story.mount, TARGET, &[]);
        story.expect_no_changes();
        story.destroy().expect_ok();
        story.expect_nothing_left();

        // Without ownership metadata and with another value its owner is unknown.
        story.settle();
        story.vault.put_custom_metadata(&story.mount, TARGET, &[("team", "checkout")]);
        story.vault.put(&story.mount, TARGET, &[("MINE", "1")]);
        story
            .plan()
            .expect_ok()
            .expect_said(&format!("A copy was replaced by another secret: {}/{TARGET}", story.mount));
        story
            .run(&["destroy", "-no-color", "-auto-approve", "-refresh=false"])
            .expect_ok()
            .expect_said(&format!("A secret was not deleted: {}/{TARGET}", story.mount))
            .expect_said("it has no ownership metadata, so its owner is unknown");
        story.expect_untouched(TARGET, &json!({ "MINE": "1" }));

        // Another client removed it and created another copy at its path.
        story.vault.remove(&story.mount, TARGET);
        story.settle();
        story.vault.put_custom_metadata(&story.mount, TARGET, &[("eod-env", "pr-9"), ("eod-installation", "other")]);
        story
            .run(&["destroy", "-no-color", "-auto-approve", "-refresh=false"])
            .expect_ok()
            .expect_said("it now has the ownership metadata of another environment or installation");
        assert_eq!(story.version(TARGET), 1);
    });
}

#[test]
fn a_replaced_object_does_not_delete_the_copy_of_its_successor() {
    let successor = "lifecycle {\n  create_before_destroy = true\n}";
    run_story("successor", &format!("{SOURCE}\n{successor}"), |story| {
        story.settle();
        story.vault.patch_by_person(&story.mount, TARGET, &[("URL", "https://mine.example")]);
        // The new object is created first, at the same path.
        story.arguments(&format!("{SOURCE}\nrecursive = true\n{successor}"));
        story.vault.put(&story.mount, "stage/shop/db", &[("A", "1")]);
        story.apply().expect_ok().expect_said(&done(1, 0, 1)).expect_said("a later run of this environment adopted it");
        story.expect_no_changes();
        assert_eq!(story.get(TARGET).unwrap()["URL"], "https://mine.example");
        story.expect_whole("stage/shop/db", &format!("{TARGET}/db"));
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn replacement_in_the_usual_order_creates_the_copy_again() {
    run_story("replace", SOURCE, |story| {
        story.settle();
        let marks = story.marks(TARGET);
        story.vault.patch_by_person(&story.mount, TARGET, &[("URL", "https://mine.example")]);
        story
            .run(&["apply", "-no-color", "-auto-approve", "-replace=eod_vault_clone.config"])
            .expect_ok()
            .expect_said(&done(1, 0, 1));
        story.expect_whole("stage/shop", TARGET);
        assert_ne!(story.marks(TARGET)["eod-nonce"], marks["eod-nonce"]);
        story.expect_no_changes();
    });
}

#[test]
fn missing_right_to_delete_is_named_and_the_copies_stay_in_the_state() {
    run_story("cannot-delete", &format!("{SOURCE}\nrecursive = true"), |story| {
        story.vault.put(&story.mount, "stage/shop/a", &[("A", "1")]);
        story.settle();
        let mount = &story.mount;
        let policy = format!(
            "path \"{mount}/metadata/preview/*\" {{ capabilities = [\"read\", \"delete\"] }}\n\
             path \"{mount}/metadata/{TARGET}/a\" {{ capabilities = [\"read\"] }}"
        );
        let token = story.vault.token_with(&[&story.vault.policy("cannot-delete", &policy)], "1h");
        story.token(&token);
        story
            .destroy()
            .expect_err("Vault: permission denied")
            .expect_said(&format!("Cannot delete all versions of secret `{}/{TARGET}/a`", story.mount))
            .expect_said(&format!("the token needs the capability `delete` on `{}/metadata/{TARGET}/a`", story.mount));
        // The others are deleted, and this one stays in the state.
        assert_eq!((story.version(TARGET), story.version(&format!("{TARGET}/a"))), (0, 1));
        assert!(!story.is_tainted());
        let root = story.vault.token();
        story.token(root);
        story.destroy().expect_ok();
        story.expect_nothing_left();
        assert!(story.attributes_of("config").is_none());
    });
}

#[test]
fn copies_of_another_installation_are_not_changed() {
    run_story("moved", SOURCE, |story| {
        story.provider("installation = \"one\"");
        story.settle();
        let marks = story.marks(TARGET);
        story.provider("installation = \"two\"");
        for run in [story.plan(), story.apply(), story.destroy()] {
            run.expect_err("The copies belong to another installation")
                .expect_said("were created by installation `one`; this one is `two`")
                .expect_said("set the provider's `installation` to the one that created them");
        }
        assert_eq!(story.marks(TARGET), marks);
        story.provider("installation = \"one\"");
        story.expect_no_changes();
        story.destroy().expect_ok();
        assert_eq!(story.marks(TARGET), Value::Null);
    });
}
