//! Arguments inside of collections and nested objects that are known only after the apply of another resource.

use serde_json::{Value, json};

use crate::provider::{ADDRESS, done, run_story};

/// A resource that is known only after it was applied.
const MADE: &str = "resource \"terraform_data\" \"made\" {\n  input = \"x1\"\n}\n\n";

/// An unknown value in every argument that is a collection or a nested object.
const UNKNOWN: &str = r#"
    labels             = { team = terraform_data.made.output, cost = "7" }
    annotations        = { "acme.test/a" = terraform_data.made.output }
    services           = [terraform_data.made.output, "web"]
    access             = [{ kind = "User", name = terraform_data.made.output }, { kind = "Group", name = "qa" }]
    image_pull_secrets = [terraform_data.made.output]
    network            = { allow_to_cidrs = [terraform_data.made.output == "x1" ? "10.1.0.0/16" : "10.2.0.0/16"] }
    quota              = { pods = terraform_data.made.output == "x1" ? 12 : 13 }
"#;

#[test]
fn unknown_values_inside_of_collections_are_planned_and_applied() {
    run_story("unknown-inside", UNKNOWN, |story| {
        let block = story.block("preview", UNKNOWN);
        story.body(&format!("{MADE}{block}"));
        story.run(&["plan", "-out=saved", "-no-color"]).expect_ok();
        let shown: Value = serde_json::from_str(&story.run(&["show", "-json", "saved"]).expect_ok().stdout).unwrap();
        let changes = shown["resource_changes"].as_array().unwrap();
        let change = &changes.iter().find(|change| change["address"] == ADDRESS).unwrap()["change"];
        let (after, unknown) = (&change["after"], &change["after_unknown"]);
        // Known values are shown next to unknown ones.
        assert_eq!(after["labels"]["cost"], "7", "{change}");
        assert_eq!(after["name"], story.name.as_str(), "{change}");
        assert_eq!(after["access"][1]["name"], "qa", "{change}");
        for (attribute, expected) in [
            ("labels", json!({ "team": true })),
            ("annotations", json!({ "acme.test/a": true })),
            ("image_pull_secrets", json!([true])),
            ("effective_labels", json!(true)),
            ("hosts", json!(true)),
        ] {
            assert_eq!(unknown[attribute], expected, "{attribute}: {change}");
        }
        assert_eq!(unknown["access"][0]["name"], true, "{change}");
        assert_eq!(unknown["quota"]["pods"], true, "{change}");

        story.run(&["apply", "-no-color", "saved"]).expect_ok().expect_said(&done(2, 0, 0));
        story.expect_no_changes();
        assert_eq!(story.label("team"), "x1");
        assert_eq!(story.annotation("acme.test/a"), "x1");
        assert_eq!(story.attribute("services"), json!(["web", "x1"]));
        assert_eq!(story.only("resourcequotas")["spec"]["hard"]["pods"], "12");

        // The same values become unknown in an update.
        let made = MADE.replace("x1", "x2");
        let block = block.replace("\"10.2.0.0/16\"", "\"10.3.0.0/16\"");
        story.body(&format!("{made}{block}"));
        story.apply().expect_ok().expect_said(&done(0, 2, 0));
        story.expect_no_changes();
        assert_eq!(story.label("team"), "x2");
        assert_eq!(story.only("resourcequotas")["spec"]["hard"]["pods"], "13");
    });
}
