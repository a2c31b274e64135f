//! Existing secrets of others: they are not changed and not deleted.

use eod_testkit::{fault::Logged, workspace::Run};
use serde_json::json;

use super::{COPY, SOURCE, TARGET, VaultStory, meanwhile, run_story};
use crate::provider::done;

/// Applies and expects that the target was kept, with a warning that names it and the reason.
#[track_caller]
fn expect_kept(story: &VaultStory, why: &str) -> Run {
    let run =
        story.apply().expect_ok().expect_said(&format!("A secret of another owner was kept: {}/{TARGET}", story.mount));
    let run = run.expect_said(&format!("The secret `{}/{TARGET}` existed before", story.mount)).expect_said(why);
    assert_eq!(story.results()[TARGET], "kept_foreign");
    story.expect_no_changes();
    run
}

#[test]
fn secret_created_by_a_person_is_kept_also_after_the_destroy() {
    run_story("person-first", SOURCE, |story| {
        let proxy = story.proxied();
        let (vault, mount) = (story.vault, story.mount.clone());
        let write = |call: &Logged| call.is("POST", &format!("/data/{TARGET}"));
        meanwhile(&proxy, write, move || {
            vault.put(&mount, TARGET, &[("MINE", "1")]);
        });
        expect_kept(story, "it has no ownership metadata, and its value differs from the source");
        let theirs = json!({ "MINE": "1" });
        story.expect_untouched(TARGET, &theirs);

        // No later run requests the copy again.
        proxy.clear_log();
        story.expect_no_changes();
        assert_eq!(proxy.calls(|call| call.path.ends_with(TARGET)), 0, "{}", proxy.story());
        story.destroy().expect_ok().expect_said("1 destroyed");
        assert_eq!(proxy.calls(|call| call.path.ends_with(TARGET)), 0, "{}", proxy.story());
        story.expect_untouched(TARGET, &theirs);
        assert_eq!(story.version(TARGET), 1);
    });
}

#[test]
fn on_existing_fail_refuses_an_existing_secret() {
    run_story("on-existing", &format!("{SOURCE}\non_existing = \"fail\""), |story| {
        story.vault.put(&story.mount, TARGET, &[("MINE", "1")]);
        story
            .apply()
            .expect_err(&format!("Cannot create secret `{}/{TARGET}`", story.mount))
            .expect_said("it exists already and is not a copy of this installation")
            .expect_said("delete it, or set `on_existing = \"keep\"`");
        assert!(story.attributes_of("config").is_none());
        story.expect_untouched(TARGET, &json!({ "MINE": "1" }));
        // The remedy of the error.
        story.vault.remove(&story.mount, TARGET);
        story.settle();
        story.expect_whole("stage/shop", TARGET);
    });
}

#[test]
fn a_copy_of_another_environment_is_kept_with_its_name() {
    run_story("other-environment", SOURCE, |story| {
        story.settle();
        let marks = story.marks(TARGET);
        let mut other = story.elsewhere();
        let arguments = format!("{SOURCE}\ntarget_path = \"{TARGET}\"");
        let block = other.block("config", &arguments).replace("shop-pr-7\"\n", "shop-pr-8\"\n");
        other.body(&block);
        expect_kept(&other, "it belongs to environment `shop-pr-7` of installation `default`");
        other.destroy().expect_ok();
        assert_eq!(story.marks(TARGET), marks);

        // An environment of the same name in another installation is another one.
        other.body(&story.block("config", SOURCE));
        other.provider("installation = \"other\"");
        expect_kept(&other, "it belongs to environment `shop-pr-7` of installation `default`");
        other.destroy().expect_ok();
        assert_eq!(story.marks(TARGET), marks);
        story.expect_no_changes();
    });
}

#[test]
fn a_copy_of_another_source_is_an_error_that_names_it() {
    run_story("other-source", SOURCE, |story| {
        story.settle();
        story.vault.put(&story.mount, "stage/other", &[("URL", "https://other.example")]);
        let mut other = story.elsewhere();
        other.arguments(&format!("source_path = \"stage/other\"\ntarget_path = \"{TARGET}\""));
        other
            .apply()
            .expect_err(&format!("Cannot create secret `{}/{TARGET}`", story.mount))
            .expect_said(&format!("it is a copy of `{}/stage/shop` for the same environment", story.mount))
            .expect_said("destroy that copy first, or choose another target path");
        assert!(other.resource(COPY).is_none());
        story.expect_whole("stage/shop", TARGET);
        story.expect_no_changes();
    });
}

#[test]
fn secret_written_or_deleted_by_others_is_kept() {
    run_story("somebodys", SOURCE, |story| {
        // A second version with the value of the source is still a version of others: EoD writes one version.
        let data = [("URL", "https://stage.example"), ("KEY", "stage-key")];
        story.vault.put(&story.mount, TARGET, &[("OLD", "1")]);
        story.vault.put(&story.mount, TARGET, &data);
        expect_kept(story, "others created it and wrote version 2");
        assert_eq!(story.key(TARGET)["version"], 2);
        story.destroy().expect_ok();
        assert_eq!(story.version(TARGET), 2);

        // A deleted one is not created again.
        story.vault.soft_delete(&story.mount, TARGET);
        expect_kept(story, "others created it and deleted its newest version");
        assert_eq!((story.get(TARGET), story.version(TARGET)), (None, 2));
        story.destroy().expect_ok();
        story.vault.undelete(&story.mount, TARGET, &[2]);
        assert!(story.get(TARGET).is_some());

        // After it was removed, the copy is created.
        story.vault.remove(&story.mount, TARGET);
        story.apply().expect_ok().expect_said(&done(1, 0, 0));
        story.expect_whole("stage/shop", TARGET);
    });
}
