//! Overrides: in the copy from its first version on, and written again only if the copy was not edited.

use eod_testkit::fault::{Fault, Logged};
use serde_json::{Value, json};

use super::{SOURCE, TARGET, VaultStory, run_story};
use crate::provider::done;

/// Arguments with this URL as an override.
fn overriding(url: &str, version: u32) -> String {
    format!("{SOURCE}\noverrides_wo = {{ URL = \"{url}\" }}\noverrides_wo_version = {version}")
}

/// The copy with this URL.
fn copy(url: &str) -> Option<Value> {
    Some(json!({ "URL": url, "KEY": "stage-key" }))
}

/// Panics unless the copy has this URL and version, and is not reported as edited.
#[track_caller]
fn expect_ours(story: &VaultStory, url: &str, version: u64) {
    assert_eq!(story.get(TARGET), copy(url));
    assert_eq!(story.version(TARGET), version);
    let key = story.key(TARGET);
    assert_eq!((&key["version"], &key["edited"]), (&json!(version), &json!(false)), "{key}");
}

#[test]
fn an_override_is_in_the_first_version_and_is_written_again_with_a_higher_version() {
    run_story("overrides", &overriding("https://one.example", 1), |story| {
        story.settle();
        expect_ours(story, "https://one.example", 1);
        let created = story.attributes()["created_at"].clone();

        // Another value alone is not a difference: values that are not stored cannot be compared.
        story.arguments(&overriding("https://two.example", 1));
        story.expect_no_changes();
        story.arguments(&overriding("https://two.example", 2));
        let plan = story.planned();
        let change = &plan["resource_changes"][0]["change"];
        assert_eq!((&change["actions"], &change["after_unknown"]["keys"]), (&json!(["update"]), &json!(true)));
        assert!(change["after_unknown"]["secret_ref"].is_null(), "values that depend on the copy stay known: {change}");
        // Entries added to the source since are not copied.
        story.vault.put(&story.mount, "stage/shop", &[("URL", "https://stage.example"), ("NEW", "1")]);
        story.settle();
        expect_ours(story, "https://two.example", 2);
        assert_eq!(story.attributes()["created_at"], created);

        // A lower number writes nothing, and neither does a higher one without overrides.
        story.arguments(&overriding("https://three.example", 1));
        story.settle();
        story.arguments(&format!("{SOURCE}\noverrides_wo_version = 9"));
        story.settle();
        expect_ours(story, "https://two.example", 2);
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn edited_copy_is_not_overridden() {
    run_story("overrides-edited", &overriding("https://one.example", 1), |story| {
        story.settle();
        story.vault.patch_by_person(&story.mount, TARGET, &[("URL", "https://mine.example")]);
        story.arguments(&overriding("https://two.example", 2));
        story
            .apply()
            .expect_ok()
            .expect_said(&done(0, 1, 0))
            .expect_said("Warning: The overrides were not written")
            .expect_said("the copy was edited or deleted, and an edit is never overwritten");
        assert_eq!((story.get(TARGET), story.version(TARGET)), (copy("https://mine.example"), 2));
        // The warning is shown once.
        story.expect_no_changes();

        // A deleted copy is not created again either.
        story.vault.soft_delete(&story.mount, TARGET);
        story.arguments(&overriding("https://three.example", 3));
        story.apply().expect_ok().expect_said("The overrides were not written");
        assert_eq!((story.get(TARGET), story.version(TARGET)), (None, 2));
        story.expect_no_changes();
    });
}

#[test]
fn policy_without_update_keeps_the_copy_and_is_named() {
    run_story("overrides-denied", &overriding("https://one.example", 1), |story| {
        let token = story.cloner(false);
        story.token(&token);
        story.settle();
        story.arguments(&overriding("https://two.example", 2));
        story
            .apply()
            .expect_ok()
            .expect_said("Warning: The overrides were not written")
            .expect_said(&format!("the token needs the capability `update` on `{}/data/{TARGET}`", story.mount));
        expect_ours(story, "https://one.example", 1);
        story.expect_no_changes();

        // With the right, and another number, they are written.
        let token = story.cloner(true);
        story.token(&token);
        story.arguments(&overriding("https://three.example", 3));
        let run = story.apply().expect_ok();
        assert!(!run.said().contains("not written"), "{run}");
        expect_ours(story, "https://three.example", 2);
        story.expect_no_changes();
    });
}

#[test]
fn new_patterns_keep_existing_copies_and_prevent_reads() {
    run_story("overrides-sensitive", &overriding("https://one.example", 1), |story| {
        story.settle();
        let audit = story.vault.audit().starting_here();
        story.provider(
            "vault = {\n  sensitive_paths = [\"*/stage/*\", \"*/preview/*\"]\n  target_prefixes = [\"*/other/*\"]\n}",
        );
        story.expect_no_changes();
        story.arguments(&overriding("https://two.example", 2));
        let run = story.apply().expect_ok();
        run.expect_said(&format!("The overrides were not written: {}/{TARGET}", story.mount))
            .expect_said("it is sensitive now (`vault.sensitive_paths` has `*/preview/*`), and is no longer read");
        assert_eq!(audit.operations(&format!("{}/data", story.mount)), []);
        // A new copy is checked again.
        story.run(&["plan", "-no-color", "-replace=eod_vault_clone.config"]).expect_err("and is never read or copied");
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn overrides_of_a_subtree_are_refused() {
    run_story("overrides-subtree", &format!("{}\nrecursive = true", overriding("https://one.example", 1)), |story| {
        let run = story.plan().expect_err("Overrides of a subtree");
        let run = run.expect_said("`overrides_wo` sets entries of one secret, and `recursive` copies many secrets");
        run.expect_said("in resource \"eod_vault_clone\" \"config\"");
    });
}

#[test]
fn fault_at_any_write_of_an_update_neither_repeats_it_nor_reports_an_edit() {
    run_story("overrides-faults", &overriding("https://0.example", 1), |story| {
        let proxy = story.proxied();
        story.settle();
        let mut version = 1;
        for (path, times, fault) in [
            ("/data/", 1, Fault::DropAfterStore),
            ("/data/", usize::MAX, Fault::DropAfterStore),
            ("/data/", usize::MAX, Fault::DropBefore),
            ("/metadata/", 1, Fault::DropAfterStore),
            ("/metadata/", usize::MAX, Fault::DropBefore),
        ] {
            version += 1;
            let url = format!("https://{version}.example");
            story.arguments(&overriding(&url, version));
            let write = move |call: &Logged| call.method == "POST" && call.path.contains(path);
            proxy.rule(write, times, fault.clone());
            let run = story.apply();
            assert!(proxy.calls(|call| call.spoiled) > 0, "{}", proxy.story());
            proxy.clear_rules();
            proxy.clear_log();
            if run.code != Some(0) {
                assert!(times > 1, "one lost call fails nothing\n{run}");
                assert!(!story.is_tainted());
                let again = story.apply().expect_ok();
                assert!(!again.said().contains("not written"), "{path} {fault:?}\n{again}");
            }
            story.expect_no_changes();
            expect_ours(story, &url, version.into());
        }
        // A run that adopts the copy reads which version is ours.
        story.forget();
        story.settle();
        assert_eq!(story.results()[TARGET], "adopted");
        expect_ours(story, "https://6.example", 6);
    });
}
