//! The data source: copies of another configuration, without their values.

use serde_json::json;

use super::{SOURCE, TARGET, run_story};
use crate::provider::text;

#[test]
fn data_source_returns_copies_and_reads_no_value() {
    run_story("data", &format!("{SOURCE}\nrecursive = true"), |story| {
        story.provider("installation = \"acme\"");
        story.vault.put(&story.mount, "stage/shop/db", &[("A", "1")]);
        story.settle();
        story.vault.patch_by_person(&story.mount, &format!("{TARGET}/db"), &[("A", "2")]);
        let made = story.attributes();

        let mut reader = story.elsewhere();
        // Another installation may read the copies, but not change them.
        reader.provider("");
        let data = format!(
            "data \"eod_vault_clone\" \"it\" {{\n  target_mount = \"{}\"\n  target_path = \"{TARGET}\"\n}}\n",
            story.mount
        );
        reader.body(&format!("{data}output \"it\" {{\n  value = data.eod_vault_clone.it\n}}\n"));
        let policy = format!("path \"{}/metadata/preview/*\" {{ capabilities = [\"read\", \"list\"] }}", story.mount);
        let token = story.vault.token_with(&[&story.vault.policy("data", &policy)], "1h");
        reader.token(&token);
        reader.settle();
        let found = reader.output("it");
        assert_eq!((&found["environment"], &found["installation"]), (&json!("shop-pr-7"), &json!("acme")));
        assert_eq!(
            (&found["source_ref"], &found["recursive"]),
            (&json!(format!("{}/stage/shop", story.mount)), &json!(true))
        );
        for attribute in ["id", "secret_ref", "vault_ui_url", "created_at"] {
            assert_eq!(found[attribute], made[attribute], "{attribute}");
        }
        let keys = found["keys"].as_object().unwrap();
        assert_eq!(keys.keys().collect::<Vec<_>>(), [TARGET, &format!("{TARGET}/db")]);
        assert_eq!(keys[&format!("{TARGET}/db")]["edited"], true);
        assert_eq!(text(&keys[TARGET]["result"]), "cloned");
    });
}

#[test]
fn missing_copy_is_an_error() {
    run_story("no-data", "", |story| {
        story.vault.put(&story.mount, "preview/theirs", &[("A", "1")]);
        for path in ["preview/theirs", "preview/nothing"] {
            let mount = &story.mount;
            let body = format!(
                "data \"eod_vault_clone\" \"it\" {{\n  target_mount = \"{mount}\"\n  target_path = \"{path}\"\n}}\n"
            );
            let why = format!("Nothing at or below `{mount}/{path}` has the ownership metadata of EoD");
            story.body(&body);
            story
                .plan()
                .expect_err("The copy does not exist")
                .expect_said(&why)
                .expect_said("that the token may read the metadata there");
        }
    });
}
