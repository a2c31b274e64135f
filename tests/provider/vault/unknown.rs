//! Values that depend on resources of the same run: they are planned as unknown and never replaced by defaults.

use eod_testkit::fault::FaultProxy;
use serde_json::json;

use super::{COPY, SOURCE, TARGET, VaultStory, run_story};
use crate::provider::done;

/// A value that is known only after apply.
fn made(value: &str) -> String {
    format!("resource \"terraform_data\" \"made\" {{\n  input = {value}\n}}\n")
}

/// Sets the Vault of the environment variables to a server that logs every call.
#[track_caller]
fn decoy(story: &mut VaultStory) -> FaultProxy {
    let decoy = story.vault.proxy();
    story.set_env("VAULT_ADDR", decoy.access().server.clone());
    decoy
}

#[test]
fn an_environment_and_a_source_that_are_not_known_yet_are_planned() {
    run_story("unknown-arguments", "", |story| {
        let block = story.block("config", "source_path = \"stage/${terraform_data.made.output}\"");
        let block = block.replace("\"shop-pr-7\"", "\"${terraform_data.made.output}-pr-7\"");
        story.body(&(made("\"shop\"") + &block));
        let plan = story.planned();
        let changes = plan["resource_changes"].as_array().unwrap();
        let unknown = &changes.iter().find(|change| change["address"] == COPY).unwrap()["change"]["after_unknown"];
        for attribute in ["environment", "source_path", "target_path", "secret_ref", "vault_ui_url", "keys"] {
            assert_eq!(unknown[attribute], true, "{attribute}: {unknown}");
        }
        assert!(unknown["target_mount"].is_null(), "{unknown}");
        story.run(&["apply", "-no-color", "saved"]).expect_ok();
        story.expect_no_changes();
        story.expect_whole("stage/shop", TARGET);
        assert!(story.attributes()["vault_ui_url"].as_str().unwrap().ends_with(TARGET));
    });
}

#[test]
fn a_source_that_turns_out_to_be_sensitive_is_refused_before_it_is_read() {
    run_story("unknown-sensitive", "", |story| {
        story.vault.put(&story.mount, "sensitive/shop", &[("A", "canary-of-the-sensitive")]);
        let block = story
            .block("config", "source_path = \"${terraform_data.made.output}/shop\"\ntarget_path = \"preview/pr-1\"");
        story.body(&(made("\"sensitive\"") + &block));
        let audit = story.vault.audit().starting_here();
        story.plan().expect_ok().expect_said("2 to add");
        story.apply().expect_err("is sensitive (it matches the pattern `*/sensitive/*`) and is never read or copied");
        assert!(!audit.was_read(&story.mount, "sensitive"));
        assert!(story.attributes_of("config").is_none());
        // Patterns that are known only after apply.
        let mount = &story.mount;
        let block = story.block("config", "source_path = \"stage/shop\"\ntarget_path = \"preview/pr-1\"");
        let text = made("\"stage\"") + &block;
        let provider = format!("vault = {{ sensitive_paths = [\"{mount}/${{terraform_data.made.output}}/*\"] }}");
        story.provider(&provider);
        story.body(&text);
        story.run(&["state", "rm", "terraform_data.made"]).expect_ok();
        story.plan().expect_ok().expect_said("2 to add");
        story.apply().expect_err("and is never read or copied");
        assert!(!audit.was_read(&story.mount, "stage"));
        story.expect_nothing_left();
    });
}

#[test]
fn environment_that_becomes_unknown_does_not_replace_the_copy() {
    run_story("unknown-environment", "", |story| {
        let body = |story: &VaultStory, name: &str, generation: u32| {
            let value = format!("{{ name = \"{name}\", generation = {generation} }}");
            let block = story.block("config", SOURCE);
            made(&value) + &block.replace("\"shop-pr-7\"", "terraform_data.made.output.name")
        };
        story.body(&body(story, "shop-pr-7", 1));
        story.settle();
        story.vault.patch_by_person(&story.mount, TARGET, &[("KEY", "edited")]);
        let (edited, ownership) = (story.get(TARGET), story.marks(TARGET));
        story.body(&body(story, "shop-pr-7", 2));
        story.plan().expect_ok().expect_said("0 to add, 2 to change, 0 to destroy");
        story.apply().expect_ok();
        story.expect_no_changes();
        assert_eq!((story.get(TARGET), story.marks(TARGET)), (edited.clone(), ownership.clone()));
        // Another environment at apply is an error, and the copy is not changed.
        story.body(&body(story, "shop-pr-8", 3));
        story.apply().expect_err("Error: ");
        assert_eq!((story.get(TARGET), story.marks(TARGET)), (edited, ownership));
        story.plan().expect_ok().expect_said("1 to add, 0 to change, 1 to destroy");
    });
}

#[test]
fn an_unknown_vault_is_never_replaced_by_another() {
    run_story("unknown-vault", "", |story| {
        let decoy = decoy(story);
        let address = json!({ "address": story.vault.address(), "generation": 1 });
        let copy = story.block("config", SOURCE);
        story.provider("vault = { address = terraform_data.made.output.address }");
        story.body(&(made(&address.to_string()) + &copy));
        story.plan().expect_ok().expect_said("2 to add");
        story.settle();
        story.expect_whole("stage/shop", TARGET);

        // The address becomes unknown again: the state is kept, with a warning.
        let next = json!({ "address": story.vault.address(), "generation": 2 });
        story.body(&(made(&next.to_string()) + &copy));
        let run = story.plan().expect_ok().expect_said("The copies were not refreshed");
        run.expect_said(&format!("the state of the copy `{}/{TARGET}` is kept as it is", story.mount))
            .expect_said("0 to add, 1 to change, 0 to destroy");
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        story.expect_no_changes();

        // A secret cannot be opened in an unknown Vault.
        let secret = format!("ephemeral \"eod_vault_secret\" \"it\" {{\n  ref = \"{}/stage/shop\"\n}}\n", story.mount);
        let last = json!({ "address": story.vault.address(), "generation": 3 });
        story.body(&(made(&last.to_string()) + &copy + &secret));
        story.plan().expect_err("Vault is not known yet").expect_said("no other Vault is used instead");
        assert!(decoy.log().is_empty(), "another Vault was called:\n{}", decoy.story());
        story.body(&(made(&next.to_string()) + &copy));
        story.destroy().expect_ok();
        story.expect_nothing_left();
        assert!(decoy.log().is_empty(), "another Vault was called:\n{}", decoy.story());
    });
}
