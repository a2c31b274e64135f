//! Import of existing things, moves from another resource type and upgrades of the state.

use super::{done, run_story, thing};

/// Creates thing `a` and removes it from the state.
fn forgotten(story: &super::ThingStory, hcl: &str) {
    story.apply_now(hcl);
    story.run(&["state", "rm", super::ADDRESS]).expect_ok();
}

#[test]
fn import_by_id_has_no_changes_afterwards() {
    let hcl = thing("  title = \"old\"\n  size = 9\n  amount = 0.1");
    run_story("import", &hcl, |story| {
        forgotten(story, &hcl);
        story.run(&["import", "-no-color", super::ADDRESS, "a"]).expect_ok().expect_said("Import successful");
        assert_eq!(story.a()["title"], "old");
        story.expect_no_changes();
    });
}

#[test]
fn an_import_block_generates_its_configuration() {
    let hcl = thing("  title = \"old\"\n  tags = [{ key = \"k\" }]\n  anything = { deep = [1] }\n  amount = 0.1");
    run_story("generate", &hcl, |story| {
        forgotten(story, &hcl);
        story.write_configuration("import {\n  to = test_thing.a\n  id = \"a\"\n}\n");
        story.run(&["plan", "-no-color", "-generate-config-out=generated.tf"]).expect_ok().expect_said("1 to import");
        assert!(story.text("generated.tf").contains("title"), "{}", story.text("generated.tf"));
        story.apply().expect_ok().expect_said("1 imported, 0 added, 0 changed");
        story.expect_no_changes();
    });
}

#[test]
fn import_of_a_missing_thing_is_an_error() {
    run_story("import-nothing", &thing(""), |story| {
        story.run(&["import", "-no-color", super::ADDRESS, "a"]).expect_err("There is no thing called `a`.");
    });
}

const OLD: &str = "resource \"test_old_thing\" \"a\" {\n  label = \"a\"\n  caption = \"before\"\n}\n";

#[test]
fn a_resource_of_the_old_type_is_moved() {
    run_story("moved", OLD, |story| {
        story.apply().expect_ok();
        // `test_thing` reads the thing from the file, and `test_old_thing` stores nothing there.
        story.write(
            "things.json",
            r#"{"things":{"a":{"input":{"name":"a","title":"before","size":3,"place":{"host":"a.example.com","port":80}},"revision":7,"lifetime_since":1,"secret_length":0}}}"#,
        );
        story.write_configuration(
            &(thing("  title = \"before\"") + "moved {\n  from = test_old_thing.a\n  to   = test_thing.a\n}\n"),
        );
        story.plan().expect_ok().expect_said("test_old_thing.a has moved to test_thing.a");
        story.apply().expect_ok().expect_said(&done(0, 0, 0));
        assert_eq!(story.a()["revision"], 7);
        story.expect_no_changes();
    });
}

#[test]
fn a_resource_of_an_unsupported_type_is_not_moved() {
    let hcl = "resource \"terraform_data\" \"a\" {\n}\n";
    run_story("moved-unknown", hcl, |story| {
        story.apply().expect_ok();
        story.write_configuration(&(thing("") + "moved {\n  from = terraform_data.a\n  to   = test_thing.a\n}\n"));
        story.plan().expect_err("test_thing cannot take over the state of terraform_data");
    });
}

#[test]
fn a_state_of_version_0_is_upgraded() {
    run_story("upgrade", &thing("  title = \"old\""), |story| {
        story.apply().expect_ok();
        story.rewrite_state(|state| {
            let instance = &mut state["resources"][0]["instances"][0];
            instance["schema_version"] = 0.into();
            let attributes = instance["attributes"].as_object_mut().unwrap();
            let title = attributes.remove("title").unwrap();
            attributes.insert("label".to_owned(), title);
            attributes.remove("riddle");
            attributes.insert("from_long_ago".to_owned(), "dropped".into());
        });
        story.expect_no_changes();
        story.run(&["apply", "-no-color", "-auto-approve", "-refresh-only"]).expect_ok();
        assert_eq!(story.a()["title"], "old");
    });
}

#[test]
fn an_invalid_state_is_an_error_and_stays_unchanged() {
    run_story("broken-state", &thing(""), |story| {
        story.apply().expect_ok();
        story.rewrite_state(|state| {
            let instance = &mut state["resources"][0]["instances"][0];
            instance["schema_version"] = 0.into();
            instance["attributes"]["size"] = serde_json::json!(["many"]);
        });
        let before = story.raw_state_text();
        story.apply().expect_err("does not have the shape of this resource: size: expected a number, got an array");
        assert_eq!(story.raw_state_text(), before);
    });
}
