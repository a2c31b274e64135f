//! Create, update, replace and destroy. The next plan has no changes.

use serde_json::json;

use super::{done, run_story, thing};

/// Arguments of every kind.
const EVERYTHING: &str = r#"
  title    = "first"
  place    = { port = 8080 }
  steps    = [{ command = "make" }, { command = "ls", shell = "zsh" }]
  tags     = [{ key = "b" }, { key = "a", value = "no" }]
  peers    = { x = { address = "10.0.0.1", weight = 0.5 }, y = { address = "10.0.0.2" } }
  anything = { list = [1, "two", null], flag = true }
  amount   = 12.5
  lifetime = "90m"
  password = "p"
"#;

#[test]
fn apply_creates_everything_and_has_no_changes_afterwards() {
    run_story("apply", &thing(EVERYTHING), |story| {
        assert_eq!(story.plan_exit_code(), 2);
        story.apply().expect_ok().expect_said(&done(1, 0, 0));
        story.expect_no_changes();
        let a = story.a();
        assert_eq!(a["id"], "thing-a");
        assert_eq!(a["size"], 3, "the default");
        assert_eq!(a["place"], json!({"host": "a.example.com", "port": 8080}));
        assert_eq!(a["steps"], json!([{"command": "make", "shell": "sh"}, {"command": "ls", "shell": "zsh"}]));
        assert_eq!(a["tags"], json!([{"key": "a", "value": "no"}, {"key": "b", "value": "yes"}]));
        assert_eq!(a["peers"]["x"], json!({"address": "10.0.0.1", "weight": 0.5}));
        assert_eq!(a["anything"], json!({"list": [1, "two", null], "flag": true}));
        assert_eq!(a["endpoints"], json!([{"host": "a.example.com", "port": 8080}]));
        assert_eq!(a["revision"], 1);
    });
}

#[test]
fn the_plan_shows_known_and_unknown_values() {
    run_story("plan", &thing("  size = 5"), |story| {
        let plan = story.plan().expect_ok().said();
        for line in [
            "+ id = \"thing-a\"",
            "+ size = 5",
            "+ revision = (known after apply)",
            "+ host = \"a.example.com\"",
            "+ port = 80",
        ] {
            assert!(plan.contains(line), "no `{line}` in {plan}");
        }
        assert!(!plan.contains("title"), "what is not set is not shown: {plan}");
    });
}

#[test]
fn an_update_changes_only_the_attributes_that_depend_on_it() {
    run_story("update", &thing("  title = \"first\"\n  lifetime = \"90m\""), |story| {
        story.apply().expect_ok();
        story.write_configuration(&thing("  title = \"second\"\n  lifetime = \"90m\""));
        let plan = story.plan().expect_ok().said();
        assert!(plan.contains("~ revision") && !plan.contains("lifetime_since ="), "{plan}");
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!((&story.a()["revision"], &story.a()["lifetime_since"]), (&json!(2), &json!(1)));
        story.expect_no_changes();
        story.apply_now(&thing("  title = \"second\"\n  lifetime = \"1m\""));
        assert_eq!(story.a()["lifetime_since"], 3);
        story.expect_no_changes();
    });
}

#[test]
fn a_removed_argument_becomes_null_or_its_default() {
    run_story("unset", &thing(EVERYTHING), |story| {
        story.apply().expect_ok();
        story.apply_now(&thing(""));
        let a = story.a();
        assert!(a["title"].is_null() && a["steps"].is_null() && a["anything"].is_null(), "{a}");
        assert_eq!(a["size"], 3);
        story.expect_no_changes();
    });
}

#[test]
fn an_equal_value_in_another_form_is_not_a_change() {
    run_story("same", &thing("  lifetime = \"90m\""), |story| {
        story.apply().expect_ok();
        story.write_configuration(&thing("  lifetime = \"5400s\""));
        story.expect_no_changes();
    });
}

#[test]
fn a_new_name_replaces_the_resource() {
    run_story("replace", &thing(""), |story| {
        story.apply().expect_ok();
        story.write_configuration(&thing("").replace("name = \"a\"", "name = \"b\""));
        story.plan().expect_ok().expect_said("# forces replacement");
        story.apply().expect_ok().expect_said(&done(1, 0, 1));
        assert_eq!(story.events(), ["create a", "delete a", "create b"]);
        story.expect_no_changes();
    });
}

#[test]
fn drift_is_detected_and_corrected() {
    run_story("drift", &thing("  title = \"ours\""), |story| {
        story.apply().expect_ok();
        let theirs = story.text("things.json").replace("\"ours\"", "\"theirs\"");
        story.write("things.json", &theirs);
        story.plan().expect_ok().expect_said("\"theirs\" -> \"ours\"");
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        story.write("things.json", "{}");
        story.apply().expect_ok().expect_said(&done(1, 0, 0));
        story.expect_no_changes();
    });
}

#[test]
fn a_saved_plan_is_applied_and_all_is_destroyed() {
    let hcl = thing("")
        + "data \"test_thing\" \"a\" {\n  name = test_thing.a.name\n}\noutput \"revision\" {\n  value = data.test_thing.a.revision\n}\n";
    run_story("saved", &hcl, |story| {
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        story.run(&["apply", "-no-color", "saved"]).expect_ok().expect_said("revision = 1");
        story.expect_no_changes();
        story.destroy().expect_ok().expect_said("1 destroyed");
        assert_eq!(story.events(), ["create a", "delete a"]);
        story.destroy().expect_ok();
    });
}

#[test]
fn unknown_values_are_planned_as_unknown() {
    let hcl = "resource \"terraform_data\" \"first\" {\n  input = \"later\"\n}\n".to_owned()
        + &thing(
            "  title = terraform_data.first.output\n  after = terraform_data.first.output\n  place = { host = terraform_data.first.output }\n  anything = [terraform_data.first.output]\n  peers = { (\"x\") = { address = terraform_data.first.output } }",
        );
    run_story("later", &hcl, |story| {
        story.apply().expect_ok().expect_said(&done(2, 0, 0));
        assert_eq!(story.a()["place"], json!({"host": "later", "port": 80}));
        story.expect_no_changes();
    });
}

#[test]
fn the_schema_is_accepted_and_documented() {
    run_story("schema", "", |story| {
        let run = story.run(&["providers", "schema", "-json"]).expect_ok();
        let all: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let (_, provider) = all["provider_schemas"].as_object().unwrap().iter().next().unwrap();
        let attributes = &provider["resource_schemas"]["test_thing"]["block"]["attributes"];
        assert_eq!(attributes["name"]["description"], "Name of the thing.");
        assert_eq!(attributes["name"]["required"], true);
        assert_eq!(attributes["size"]["computed"], true);
        assert_eq!(attributes["password"]["sensitive"], true);
        assert_eq!(attributes["secret"]["write_only"], true);
        assert_eq!(attributes["caption"]["deprecated"], true);
        assert_eq!(attributes["steps"]["nested_type"]["nesting_mode"], "list");
        assert_eq!(provider["resource_schemas"]["test_thing"]["version"], 1);
        assert!(provider["ephemeral_resource_schemas"]["test_token"].is_object());
        assert_eq!(provider["functions"].as_object().unwrap().len(), 4);
    });
}
