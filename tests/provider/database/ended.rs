//! A database that was removed with its environment: absent without a diff, and created again with the environment.

use eod_testkit::postgres::{ADMIN, PASSWORD, servers};
use serde_json::json;

use super::{POLICY, preview_server::PreviewServer};
use crate::provider::{EnvironmentStory, done, reaper::expire, run_story};

const COMMIT: &str = "head_sha = \"aaaaaaa1\"\n";

/// An environment with a database.
fn body(story: &EnvironmentStory, golden: &str, reference: &str, arguments: &str) -> String {
    story.block("preview", arguments)
        + &format!(
            "resource \"eod_db_snapshot\" \"db\" {{\n  environment = eod_environment.preview.{reference}\n  golden = \"{golden}\"\n  \
             masking_policy = file(\"masking.yaml\")\n  secret = {{ name = \"db\", namespace = eod_environment.preview.namespace }}\n}}\n"
        )
}

#[track_caller]
fn run_ended_story(test: &str, reference: &str, then: impl Fn(&mut EnvironmentStory, &PreviewServer, &str, &str)) {
    run_story(test, COMMIT, |story| {
        let server = PreviewServer::new(servers().last().unwrap(), ADMIN);
        for (name, value) in [
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", &server.port().to_string()),
            ("PGUSER", ADMIN),
            ("PGPASSWORD", PASSWORD),
        ] {
            story.set_env(name, value);
        }
        let golden = server.publish(&story.installation, POLICY);
        story.write("masking.yaml", POLICY);
        let text = body(story, &golden, reference, COMMIT);
        story.body(&text);
        story.settle().expect_said(&done(2, 0, 0));
        let database = format!("{golden}_{}", story.name).replace('-', "_");
        assert_eq!(server.objects(&database).len(), 3);
        expire(story);
        // As the end of the environment does it.
        server.remove(&database);
        then(story, &server, &golden, &database);
    });
}

#[test]
fn database_of_an_ended_environment_is_absent_and_returns_with_it() {
    run_ended_story("db-ended", "id", |story, server, golden, database| {
        let plan = story.run(&["plan", "-detailed-exitcode", "-no-color"]);
        assert_eq!(plan.code, Some(0), "{plan}");
        plan.expect_said(&format!("The database was removed with its environment: {database}"));
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        let state = story.instance("eod_db_snapshot", "db").unwrap()["attributes"].clone();
        assert_eq!((&state["status"], &state["id"]), (&json!("expired"), &json!(database)));
        assert_eq!(story.plan_exit_code(), 0);

        let text = body(story, golden, "id", "head_sha = \"aaaaaaa2\"\n");
        story.body(&text);
        story.settle().expect_said(&done(0, 2, 0));
        assert_eq!(server.objects(database).len(), 3);
        let state = story.instance("eod_db_snapshot", "db").unwrap()["attributes"].clone();
        assert_eq!(state["status"], "ready");
        assert!(story.cluster.read(&format!("/api/v1/namespaces/{}/secrets/db", story.name)).is_some());
        story.destroy().expect_ok();
        assert_eq!(server.objects(database), [""; 0]);
    });
}

#[test]
fn database_that_depends_on_the_name_returns_one_apply_later() {
    run_ended_story("db-ended-name", "name", |story, server, golden, database| {
        story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
        let text = body(story, golden, "name", "head_sha = \"aaaaaaa2\"\n");
        story.body(&text);
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(server.objects(database), [""; 0]);
        story.settle().expect_said(&done(1, 0, 0));
        assert_eq!(server.objects(database).len(), 3);
        story.destroy().expect_ok();
        assert_eq!(server.objects(database), [""; 0]);
    });
}

#[test]
fn absent_database_is_destroyed_without_an_error() {
    run_ended_story("db-ended-destroy", "id", |story, server, _, database| {
        story.destroy().expect_ok();
        assert_eq!(server.objects(database), [""; 0]);
    });
}
