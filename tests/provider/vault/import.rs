//! Import: the metadata of the copies is enough for an empty plan.

use eod_testkit::{cluster::PATIENCE, wait::wait_until};
use serde_json::json;

use super::{COPY, SOURCE, TARGET, VaultStory, run_story};

#[track_caller]
fn id(story: &VaultStory) -> String {
    format!("{}/{TARGET}", story.mount)
}

#[test]
fn imported_copy_has_an_empty_plan() {
    run_story("import", SOURCE, |story| {
        story.settle();
        let before = story.attributes();
        story.vault.patch_by_person(&story.mount, TARGET, &[("URL", "https://mine.example")]);
        story.forget();
        let audit = story.vault.audit().starting_here();
        story.run(&["import", "-no-color", COPY, &id(story)]).expect_ok();
        story.expect_no_changes();
        let after = story.attributes();
        for attribute in ["id", "environment", "mount", "source_path", "target_path", "secret_ref", "created_at"] {
            assert_eq!(after[attribute], before[attribute], "{attribute}");
        }
        let key = story.key(TARGET);
        assert_eq!(key, json!({ "source_version": 1, "version": 1, "result": "cloned", "edited": true }));
        assert_eq!(audit.operations(&format!("{}/data", story.mount)), [], "an import reads metadata only");
        // The copy is managed again, and can be destroyed.
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn imported_subtree_has_all_its_copies_and_no_others() {
    run_story("import-tree", &format!("{SOURCE}\nrecursive = true"), |story| {
        for name in ["a", "b/c", "größe", "stage/shop"] {
            story.vault.put(&story.mount, &format!("stage/shop/{name}"), &[("NAME", name)]);
        }
        story.settle();
        let keys = story.attributes()["keys"].clone();
        story.vault.put(&story.mount, &format!("{TARGET}/mine"), &[("MINE", "1")]);
        story.forget();
        // As a block, for a team that cannot run commands.
        let block = story.block("config", &format!("{SOURCE}\nrecursive = true"));
        story.body(&format!("{block}import {{\n  to = {COPY}\n  id = \"{}\"\n}}\n", id(story)));
        story.apply().expect_ok().expect_said("1 imported, 0 added, 0 changed, 0 destroyed");
        story.expect_no_changes();
        assert_eq!(story.attributes()["keys"], keys);
        story.body(&block);
        story.destroy().expect_ok();
        assert_eq!(story.vault.list(&story.mount, TARGET), ["mine"]);
    });
}

#[test]
fn configuration_is_generated_from_an_import() {
    run_story("import-written", SOURCE, |story| {
        story.settle();
        let elsewhere = &mut story.elsewhere();
        elsewhere.body(&format!("import {{\n  to = {COPY}\n  id = \"{}\"\n}}\n", id(story)));
        elsewhere.run(&["plan", "-no-color", "-generate-config-out=written.tf"]).expect_ok();
        elsewhere.apply().expect_ok().expect_said("1 imported, 0 added, 0 changed, 0 destroyed");
        let written = elsewhere.text("written.tf");
        assert!(written.contains("source_path") && !written.contains("stage-key"), "{written}");
        elsewhere.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn mount_of_an_import_id_is_found_by_the_server() {
    run_story("import-mount", "", |story| {
        let mount = format!("{}/kv", story.vault.mount("import-nested"));
        // A mount cannot be below another mount; it is below a path without a mount.
        let mount = mount.replace("/kv", "-team/kv");
        story.vault.call(
            "POST",
            &format!("sys/mounts/{mount}"),
            Some(&json!({ "type": "kv", "options": { "version": "2" } })),
        );
        wait_until("the engine", PATIENCE, || match story.vault.call("GET", &format!("{mount}/config"), None) {
            (200, _) => Ok(()),
            (_, answer) => Err(answer.to_string()),
        });
        story.vault.put(&mount, "stage/shop", &[("A", "1")]);
        let block = format!(
            "resource \"eod_vault_clone\" \"config\" {{\n  environment = \"pr-1\"\n  mount = \"{mount}\"\n  {SOURCE}\n}}\n"
        );
        story.body(&block);
        story.settle();
        let reference = format!("{mount}/preview/pr-1/shop");
        assert_eq!(story.attributes()["secret_ref"], reference);
        story.forget();
        story.run(&["import", "-no-color", COPY, &reference]).expect_ok();
        story.expect_no_changes();
        assert_eq!(story.attributes()["mount"], mount);
        story.destroy().expect_ok();
        assert_eq!(story.vault.list(&mount, "preview"), Vec::<String>::new());
    });
}

#[test]
fn an_invalid_import_is_explained() {
    run_story("import-refused", SOURCE, |story| {
        let mount = story.mount.clone();
        story.vault.put(&mount, "preview/theirs", &[("A", "1")]);
        let import = |id: &str| story.run(&["import", "-no-color", COPY, id]);
        for (id, why) in [
            (
                format!("{mount}/preview/theirs"),
                "has the ownership metadata of EoD installation `default`, so there is nothing to import",
            ),
            (format!("{mount}/preview/nothing"), "check the mount and the path, and set the provider's `installation`"),
            ("nowhere/preview/x".to_owned(), "no secrets engine is mounted at `nowhere/preview/x`"),
            (mount.clone(), "expected `<mount>/<path>`"),
            (format!("{mount}//x"), "must not have two slashes in a row"),
            (format!("/{mount}/x"), "must not begin or end with a slash"),
        ] {
            import(&id).expect_err(why);
        }
        assert!(story.attributes_of("config").is_none());

        // A copy of another installation is refused.
        story.provider("installation = \"one\"");
        story.settle();
        story.forget();
        story.provider("installation = \"two\"");
        story
            .run(&["import", "-no-color", COPY, &id(story)])
            .expect_err("The copy does not exist")
            .expect_said("of EoD installation `two`");
    });
}
