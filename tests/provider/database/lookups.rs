//! The data source `eod_db_golden` and the ephemeral resource `eod_db_credentials`.

use serde_json::json;

use super::{preview_server::VERSION, run_story};

#[test]
fn published_golden_database_is_looked_up() {
    run_story("db-lookup", "", |story| {
        let golden = story.golden.clone();
        story.body(&format!(
            "data \"eod_db_golden\" \"shop\" {{\n  name = \"{golden}\"\n}}\n\noutput \"golden\" {{\n  value = data.eod_db_golden.shop\n}}\n"
        ));
        story.apply().expect_ok();
        let found = story.output("golden");
        assert_eq!((&found["version"], &found["rows"], &found["tables"]), (&json!(VERSION), &json!(100), &json!(1)));
        assert_eq!((&found["key_check"], &found["strategy"]), (&json!("def"), &json!("copy")));
        assert!(found["published_at"].is_string() && found["valid_until"].is_string(), "{found}");
        story.body("data \"eod_db_golden\" \"shop\" {\n  name = \"missing\"\n}\n");
        story.plan().expect_err("The golden database is not published").expect_said("eod mask golden build missing");
    });
}

#[test]
fn credentials_are_read_for_one_run_and_never_stored() {
    run_story("db-ephemeral", "", |story| {
        let block = story.block("db", "");
        let second = story.block(
            "copy",
            &format!(
                "environment = \"copy\"\nsecret = {{ name = \"copy\", namespace = \"{}\" }}\ndepends_on = [eod_db_snapshot.db]",
                story.environment
            ),
        );
        // The provider block of another configuration of the provider gets its password from the Secret.
        let uses = "ephemeral \"eod_db_credentials\" \"db\" {\n  secret = eod_db_snapshot.db.secret_ref\n}\n\n\
                    provider \"eod\" {\n  alias = \"checked\"\n  domain = \"${ephemeral.eod_db_credentials.db.port}.example\"\n}\n";
        story.body(&format!("{block}{uses}{second}"));
        story.apply().expect_ok();
        let entries = story.entries("db");
        story.expect_no_changes();
        story.assert_nowhere(&entries["password"], &[]);
        story.body("ephemeral \"eod_db_credentials\" \"db\" {\n  secret = \"not-there/db\"\n}\n");
        story.plan().expect_err("The Secret does not exist").expect_said("eod_db_snapshot.<name>.secret_ref");
        story.body("ephemeral \"eod_db_credentials\" \"db\" {\n  secret = \"db\"\n}\n");
        story.plan().expect_err("Expected `<namespace>/<name>`, got `db`");
        story.body("");
        story.destroy().expect_ok();
    });
}
