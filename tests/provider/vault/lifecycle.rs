//! Lifecycle of a copy: created once, edited by people, deleted as a whole.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{SOURCE, TARGET, VaultStory, run_story};

#[test]
fn copy_is_created_edited_and_destroyed() {
    run_story("copy", SOURCE, |story| {
        let audit = story.vault.audit().starting_here();
        story.settle();
        story.expect_whole("stage/shop", TARGET);
        let marks = story.marks(TARGET);
        assert_eq!((&marks["eod-env"], &marks["eod-installation"]), (&json!("shop-pr-7"), &json!("default")));
        assert_eq!(
            (&marks["eod-src"], &marks["eod-src-version"]),
            (&format!("{}/stage/shop", story.mount).into(), &json!("1"))
        );
        let found = story.attributes();
        let reference = format!("{}/{TARGET}", story.mount);
        assert_eq!((&found["secret_ref"], &found["id"]), (&json!(reference), &json!(reference)));
        assert_eq!(
            found["keys"],
            json!({ TARGET: { "source_version": 1, "version": 1, "result": "cloned", "edited": false } })
        );
        let created = found["created_at"].as_str().unwrap();
        assert!(
            created.ends_with('Z') && marks["eod-created"].as_str().unwrap().starts_with(created.trim_end_matches('Z'))
        );

        // An edit by a person is recorded and is not a difference, nor is a change of the source.
        story.vault.patch_by_person(&story.mount, TARGET, &[("URL", "https://mine.example")]);
        story.vault.put(&story.mount, "stage/shop", &[("URL", "https://other.example")]);
        story.settle();
        let key = story.key(TARGET);
        assert_eq!((&key["edited"], &key["version"], &key["source_version"]), (&json!(true), &json!(1), &json!(1)));
        let mine = json!({ "URL": "https://mine.example", "KEY": "stage-key" });
        assert_eq!(story.get(TARGET), Some(mine));

        let data = format!("{}/data", story.mount);
        let count = |path: &str, what: &str| {
            audit.operations(&format!("{data}/{path}")).iter().filter(|call| call.operation == what).count()
        };
        // Only this test has read the value of the copy, and only the person has changed it.
        assert_eq!((count("stage/shop", "read"), count(TARGET, "create"), count(TARGET, "update")), (2, 1, 1));
        story.destroy().expect_ok();
        assert_eq!(story.marks(TARGET), Value::Null);
        assert_eq!(story.version("stage/shop"), 2, "the source stays");
    });
}

#[test]
fn plan_shows_the_target_and_the_unknown_attributes() {
    run_story("plan", &format!("{SOURCE}\nsensitive_path = \"sensitive/shop\""), |story| {
        let body = story.block("config", &format!("{SOURCE}\nsensitive_path = \"sensitive/shop\""))
            + "output \"ref\" {\n  value = eod_vault_clone.config.secret_ref\n}\n";
        story.body(&body);
        let audit = story.vault.audit().starting_here();
        let plan = story.planned();
        let change = &plan["resource_changes"][0]["change"];
        let (after, unknown) = (&change["after"], &change["after_unknown"]);
        assert_eq!((&after["target_path"], &after["target_mount"]), (&json!(TARGET), &json!(story.mount)));
        assert_eq!(after["sensitive_secret_ref"], format!("{}/sensitive/shop", story.mount));
        assert_eq!((&after["recursive"], &after["on_existing"]), (&json!(false), &json!("keep")));
        let page = format!("{}/ui/vault/secrets/{}/show/{TARGET}", story.vault.address(), story.mount);
        assert_eq!(after["vault_ui_url"], page);
        for attribute in ["id", "keys", "secret_ref", "created_at"] {
            assert_eq!(unknown[attribute], true, "{attribute}: {unknown}");
        }
        assert_eq!(plan["output_changes"]["ref"]["after_unknown"], true);
        assert_eq!(audit.operations(&story.mount), [], "a plan of a new copy makes no call");

        story.run(&["apply", "-no-color", "saved"]).expect_ok();
        assert_eq!(story.output("ref"), format!("{}/{TARGET}", story.mount));
        assert!(!audit.was_read(&story.mount, "sensitive"));
    });
}

/// Effect of a change of one attribute.
struct Row {
    attribute: &'static str,
    /// Value of the first apply; `None` if not set.
    before: Option<String>,
    after: String,
    actions: Value,
}

impl Row {
    /// The copy of this row.
    fn block(&self, mount: &str, value: Option<&String>) -> String {
        let label = self.attribute;
        let mut arguments = BTreeMap::from([
            ("environment", "\"pr-1\"".to_owned()),
            ("mount", format!("\"{mount}\"")),
            ("source_path", "\"stage/shop\"".to_owned()),
            ("target_path", format!("\"preview/{label}\"")),
        ]);
        if let Some(value) = value {
            arguments.insert(self.attribute, value.clone());
        }
        let lines: String = arguments.iter().map(|(name, value)| format!("  {name} = {value}\n")).collect();
        format!("resource \"eod_vault_clone\" \"{label}\" {{\n{lines}}}\n")
    }
}

fn rows(other: &str) -> Vec<Row> {
    let row = |attribute, before: Option<&str>, after: &str, actions: &[&str]| Row {
        attribute,
        before: before.map(str::to_owned),
        after: after.to_owned(),
        actions: json!(actions),
    };
    let other = format!("\"{other}\"");
    let (replaced, updated, nothing) = (["delete", "create"], ["update"], ["no-op"]);
    vec![
        row("environment", None, "\"pr-2\"", &replaced),
        row("mount", None, &other, &replaced),
        row("target_mount", None, &other, &replaced),
        row("source_path", None, "\"stage/other\"", &replaced),
        row("target_path", None, "\"preview/somewhere\"", &replaced),
        row("recursive", None, "true", &replaced),
        row("exclude_keys", None, "[\"KEY\"]", &updated),
        row("overrides_wo_version", Some("1"), "2", &updated),
        row("on_existing", None, "\"fail\"", &updated),
        row("on_destroy", None, "\"keep\"", &updated),
        row("sensitive_path", None, "\"sensitive/shop\"", &updated),
        row("timeouts", None, "{ create = \"1m\" }", &updated),
        row("overrides_wo", Some("{ A = \"1\" }"), "{ A = \"2\" }", &nothing),
    ]
}

#[test]
fn changes_replace_or_update_in_place() {
    run_story("changes", "", |story| {
        let other = story.vault.mount("changes-other");
        story.vault.put(&other, "stage/shop", &[("URL", "https://other.example")]);
        story.vault.put(&story.mount, "stage/other", &[("URL", "https://another.example")]);
        let rows = rows(&other);
        let mount = story.mount.clone();
        story.body(&rows.iter().map(|row| row.block(&mount, row.before.as_ref())).collect::<String>());
        story.settle();

        let audit = story.vault.audit().starting_here();
        story.body(&rows.iter().map(|row| row.block(&mount, Some(&row.after))).collect::<String>());
        let plan = story.planned();
        let changes = plan["resource_changes"].as_array().unwrap();
        for Row { attribute, actions, .. } in &rows {
            let change = changes.iter().find(|change| change["name"] == *attribute).unwrap();
            assert_eq!(change["change"]["actions"], *actions, "{attribute}: {change:#}");
        }
        story.run(&["apply", "-no-color", "saved"]).expect_ok();
        story.expect_no_changes();
        for Row { attribute, actions, .. } in &rows {
            let found = story.attributes_of(attribute).unwrap();
            let (place, path) = (found["target_mount"].as_str().unwrap(), found["target_path"].as_str().unwrap());
            let metadata = story.vault.metadata(place, path).unwrap();
            assert_eq!(metadata["current_version"], 1, "{attribute}");
            assert_eq!(metadata["custom_metadata"]["eod-env"], found["environment"], "{attribute}");
            // A copy that is not replaced is neither read nor written.
            let asked = audit.operations(&format!("{place}/data/{path}"));
            assert_eq!(asked.is_empty(), actions[0] != "delete", "{attribute}: {asked:?}");
        }
        expect_replaced(story, &other);
        let reference = story.attributes_of("sensitive_path").unwrap()["sensitive_secret_ref"].clone();
        assert_eq!(reference, format!("{mount}/sensitive/shop"));
    });
}

/// Expects the replaced copies at their new paths, and none at the old ones.
#[track_caller]
fn expect_replaced(story: &VaultStory, other: &str) {
    for (label, path) in
        [("mount", "preview/mount"), ("target_mount", "preview/target_mount"), ("target_path", "preview/target_path")]
    {
        assert_eq!(story.version(path), 0, "{label}");
    }
    assert_eq!(story.vault.get(other, "preview/mount").unwrap()["URL"], "https://other.example");
    assert_eq!(story.vault.get(other, "preview/target_mount").unwrap()["URL"], "https://stage.example");
    assert_eq!(story.get("preview/source_path").unwrap()["URL"], "https://another.example");
}

#[test]
fn excluded_entries_are_omitted_and_others_are_copied_unchanged() {
    run_story("as-it-is", &format!("{SOURCE}\nexclude_keys = [\"KEY\", \"NOT_THERE\"]"), |story| {
        let data = json!({ "KEY": "k", "N": 1.50, "DEEP": { "list": [1, null, { "a": "b" }] }, "EMPTY": "", "ümlaut": "größe\n\"" });
        story.vault.call("POST", &format!("{}/data/stage/shop", story.mount), Some(&json!({ "data": data })));
        story.settle();
        let mut expected = data;
        expected.as_object_mut().unwrap().remove("KEY");
        assert_eq!(story.get(TARGET), Some(expected));
        assert_eq!(story.key(TARGET)["source_version"], 2);
        story.assert_nowhere("größe", &[]);
    });
}

#[test]
fn custom_metadata_of_the_source_is_copied_up_to_the_limit() {
    run_story("metadata", SOURCE, |story| {
        let long = "v".repeat(512);
        let names: Vec<String> = (0..64).map(|number| format!("k{number:02}")).collect();
        let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), long.as_str())).collect();
        story.vault.put_custom_metadata(&story.mount, "stage/shop", &pairs);
        let run = story.apply().expect_ok().expect_said(&format!("A copy lacks metadata: {}/{TARGET}", story.mount));
        for name in ["k58", "k63"] {
            assert!(run.said().contains(&format!("\"{name}\" (it would be over the limit of 64 entries)")), "{run}");
        }
        let marks = story.marks(TARGET);
        assert_eq!((marks.as_object().unwrap().len(), &marks["k57"]), (64, &json!(long)));
        story.expect_whole("stage/shop", TARGET);
        story.expect_no_changes();
    });
}

#[test]
fn custom_metadata_of_the_target_is_kept() {
    run_story("prepared", SOURCE, |story| {
        story.vault.put_custom_metadata(&story.mount, "stage/shop", &[("team", "platform"), ("tier", "1")]);
        // Metadata without a value, created by a person who sets own options.
        let settings = json!({ "max_versions": 3, "custom_metadata": { "team": "checkout" } });
        story.vault.call("POST", &format!("{}/metadata/{TARGET}", story.mount), Some(&settings));
        story.settle();
        story.expect_whole("stage/shop", TARGET);
        let metadata = story.vault.metadata(&story.mount, TARGET).unwrap();
        let custom = &metadata["custom_metadata"];
        assert_eq!((&custom["team"], &custom["tier"]), (&json!("checkout"), &json!("1")));
        assert_eq!(metadata["max_versions"], 3);
    });
}

#[test]
fn many_copies_share_one_login_and_take_three_requests_each() {
    const COPIES: usize = 20;
    run_story("many", "", |story| {
        let role = story.vault.approle(&[&story.cloner_policy(false)], "1h");
        story.unset_env("VAULT_TOKEN");
        story.provider(&format!(
            "vault = {{ auth = {{ approle = {{ role_id = \"{}\", secret_id = \"{}\", mount = \"{}\" }} }} }}",
            role.role_id, role.secret_id, role.mount
        ));
        let block = story
            .block("config", &format!("{SOURCE}\ntarget_path = \"preview/${{each.key}}\"\nfor_each = local.names"));
        story.body(&format!("locals {{\n  names = toset([for n in range({COPIES}) : \"pr-${{n}}\"])\n}}\n{block}"));
        let proxy = story.proxied();
        story.apply().expect_ok().expect_said(&format!("{COPIES} added"));
        let count = |method: &str, part: &str| {
            proxy.calls(|call| call.method == method && call.path.contains(part) && !call.path.contains("/auth/"))
        };
        assert_eq!(proxy.calls(|call| call.path.ends_with("/login")), 1, "{}", proxy.story());
        assert_eq!(count("GET", "/data/"), COPIES, "{}", proxy.story());
        assert_eq!((count("POST", "/data/"), count("POST", "/metadata/")), (COPIES, COPIES), "{}", proxy.story());
        assert_eq!(count("GET", "/mounts/"), 1, "{}", proxy.story());

        proxy.clear_log();
        story.expect_no_changes();
        assert_eq!((proxy.log().len(), count("GET", "/metadata/")), (1 + COPIES, COPIES), "{}", proxy.story());
        story.destroy().expect_ok().expect_said(&format!("{COPIES} destroyed"));
        story.expect_nothing_left();
    });
}
