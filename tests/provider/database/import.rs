//! Import by the name of the database.

use serde_json::json;

use super::{DATABASE, run_story};
use crate::provider::done;

#[test]
fn imported_database_is_recorded_and_not_changed() {
    run_story("db-import", "", |story| {
        story.settle();
        let (before, state, database) = (story.entries("db"), story.attributes(), story.database());
        story.run(&["state", "rm", DATABASE]).expect_ok();
        story
            .apply()
            .expect_err("The database exists already")
            .expect_said("to = eod_db_snapshot.<name>")
            .expect_said(&database);
        assert!(story.enters(&before));
        story.run(&["import", "-no-color", DATABASE, &database]).expect_ok();
        // Arguments that only the configuration has are stored, and nothing is written.
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.entries("db"), before);
        let now = story.attributes();
        for attribute in ["id", "role", "environment", "golden", "golden_version", "secret_ref", "created_at", "status"]
        {
            assert_eq!(now[attribute], state[attribute], "{attribute}");
        }
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn import_of_other_databases_is_refused() {
    run_story("db-import-refused", "", |story| {
        story.run(&["import", "-no-color", DATABASE, "postgres"]).expect_err("The database does not exist");
        story.run(&["import", "-no-color", DATABASE, "No-Name"]).expect_err("Invalid import id");
        let golden = story.golden.clone();
        story.run(&["import", "-no-color", DATABASE, &golden]).expect_err("The database does not exist");
        story.settle();
        let mut other = story.elsewhere();
        let installation = story.cluster.installation("db-import-other");
        other.provider(&format!("domain = \"{installation}.example\""));
        other.always(&format!("installation = \"{installation}\""));
        other.run(&["import", "-no-color", DATABASE, &story.database()]).expect_err("The database does not exist");
        assert_eq!(story.attributes()["status"], json!("ready"));
        story.destroy().expect_ok();
    });
}
