//! Faults of a resource: the user reads the reason, the state is kept, and the next apply continues from it.

use super::{done, run_story, thing};

fn faulty(fault: &str) -> String {
    thing(&format!("  misbehave = \"{fault}\""))
}

/// Second thing. The fault of the first one must not affect it.
const NEIGHBOUR: &str = "resource \"test_thing\" \"neighbour\" {\n  name = \"neighbour\"\n}\n";

#[test]
fn a_resource_is_tainted_and_replaced_after_a_failed_create() {
    for fault in ["partial_create", "unsure"] {
        run_story(fault, &faulty(fault), |story| {
            story.apply().expect_err(if fault == "unsure" { "The server did not answer." } else { "Half made" });
            assert!(story.is_tainted(), "{}", story.raw_state_text());
            story.write_configuration(&thing(""));
            story.plan().expect_ok().expect_said("test_thing.a is tainted, so");
            story.apply().expect_ok().expect_said(&done(1, 0, 1));
            assert_eq!(story.events(), ["create a", "delete a", "create a"]);
            story.expect_no_changes();
        });
    }
}

#[test]
fn a_resource_that_was_not_created_is_not_in_the_state() {
    run_story("nothing", &faulty("nothing_made"), |story| {
        story.apply().expect_err("refused before anything was made");
        assert!(story.resource(super::ADDRESS).is_none());
        story.write_configuration(&thing(""));
        story.apply().expect_ok().expect_said(&done(1, 0, 0));
    });
}

#[test]
fn a_panic_in_create_is_reported_and_other_resources_are_created() {
    run_story("panic-create", &(faulty("panic_in_create") + NEIGHBOUR), |story| {
        let run =
            story.apply().expect_err("The provider panicked: as asked, in create").expect_said("Bug in the provider");
        assert!(!run.said().contains("did not respond"), "the provider lives on\n{run}");
        assert!(story.resource("test_thing.neighbour").is_some());
        assert!(story.is_tainted(), "what may have been made is not lost");
        story.apply_now(&(thing("") + NEIGHBOUR));
        story.expect_no_changes();
    });
}

#[test]
fn a_panic_in_read_keeps_the_state() {
    run_story("panic-read", &(faulty("panic_in_read") + NEIGHBOUR), |story| {
        story.apply().expect_ok();
        let before = story.a();
        story.plan().expect_err("The provider panicked: as asked, in read");
        story.run(&["apply", "-no-color", "-auto-approve", "-refresh-only"]).expect_err("in read");
        assert_eq!(story.a(), before);
        story.write_configuration(&(thing("") + NEIGHBOUR));
        story.run(&["apply", "-no-color", "-auto-approve", "-refresh=false"]).expect_ok().expect_said(&done(0, 1, 0));
        story.expect_no_changes();
    });
}

#[test]
fn a_panic_in_plan_or_validate_stops_the_run_with_a_diagnostic() {
    for place in ["plan", "validate"] {
        run_story(&format!("panic-{place}"), &faulty(&format!("panic_in_{place}")), |story| {
            let run = story.plan().expect_err(&format!("The provider panicked: as asked, in {place}"));
            assert!(!run.said().contains("did not respond") && !run.said().contains("Plugin error"), "{run}");
        });
    }
}

#[test]
fn a_panic_after_a_create_keeps_the_resource_in_the_state() {
    run_story("panic-identity", &faulty("panic_in_identity"), |story| {
        story.apply().expect_err("The provider panicked: as asked, in identity");
        assert!(story.is_tainted());
        assert_eq!(story.a()["id"], "thing-a");
    });
}

#[test]
fn an_unknown_value_after_apply_is_reported_and_not_stored() {
    run_story("unknown-create", &faulty("unknown_after_create"), |story| {
        let run = story.apply().expect_err("`riddle` is still unknown after apply");
        assert!(!run.said().contains("invalid result object"), "Terraform never sees it\n{run}");
        assert!(story.a()["riddle"].is_null());
        assert!(story.is_tainted());
        story.apply_now(&thing(""));
        story.expect_no_changes();
    });
}

#[test]
fn an_unknown_value_after_read_keeps_the_prior_state() {
    run_story("unknown-read", &faulty("unknown_in_read"), |story| {
        story.apply().expect_ok();
        let run = story.plan().expect_err("`riddle` is still unknown after read");
        assert!(!run.said().contains("produced invalid object"), "Terraform never sees it\n{run}");
        assert_eq!(story.a()["riddle"], "solved");
    });
}

#[test]
fn a_failed_update_keeps_the_prior_state() {
    run_story("update-fails", &thing("  title = \"first\""), |story| {
        story.apply().expect_ok();
        let before = story.a();
        story.write_configuration(&thing("  title = \"second\"\n  misbehave = \"update_fails\""));
        story.apply().expect_err("The server refuses every change.");
        assert_eq!(story.a(), before);
        story.apply_now(&thing("  title = \"second\""));
        story.expect_no_changes();
    });
}

#[test]
fn a_failed_delete_keeps_the_resource() {
    run_story("delete-fails", &faulty("delete_fails"), |story| {
        story.apply().expect_ok();
        let before = story.a();
        story.destroy().expect_err("The server refuses to delete it.");
        assert_eq!(story.a(), before);
        story.apply_now(&thing(""));
        story.destroy().expect_ok().expect_said("1 destroyed");
    });
}

#[test]
fn a_warning_is_shown_with_its_line() {
    run_story("warning", &faulty("warns"), |story| {
        story.apply().expect_ok().expect_said("Warning: Unusual thing").expect_said("misbehave = \"warns\"");
        story.expect_no_changes();
    });
}

#[test]
fn all_validation_errors_are_reported_together() {
    let hcl = thing("  lifetime = \"soon\"\n  misbehave = \"politely\"\n  size = -1\n  steps = [{ command = \"ls\" }, { command = \"\", shell = null }]")
        .replace("\"a\"\n", "\"\"\n")
        .replace("\"a\" {", "\"b\" {");
    run_story("mistakes", &hcl, |story| {
        let run = story.run(&["validate", "-no-color"]);
        let run = run.expect_err("Expected minutes such as `90m` or seconds such as `5400s`, got `soon`");
        run.expect_said("Expected one of panic_in_validate")
            .expect_said("got `politely`")
            .expect_said("Expected a whole number, not negative, of at most 64 bits, got -1")
            .expect_said("Expected a name, got an empty text.")
            .expect_said("lifetime = \"soon\"");
    });
}

#[test]
fn a_data_source_reports_a_missing_object() {
    run_story("lookup", "data \"test_thing\" \"x\" {\n  name = \"nobody\"\n}\n", |story| {
        story.plan().expect_err("There is no thing called `nobody`.").expect_said("Hint: create it first");
    });
}

#[test]
fn an_invalid_file_is_reported_and_not_changed() {
    run_story("file", &thing(""), |story| {
        story.write("things.json", "not JSON");
        story.apply().expect_err("Cannot use the file").expect_said("The things live in");
        assert_eq!(story.text("things.json"), "not JSON");
    });
}
