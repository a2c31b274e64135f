//! The Secret with the credentials: repaired, rotated, moved, and never that of somebody else.

use serde_json::json;

use super::run_story;
use crate::provider::done;

#[test]
fn deleted_and_changed_secrets_get_a_new_password() {
    run_story("db-secret", "", |story| {
        story.settle();
        let first = story.entries("db");
        story.cluster.call("DELETE", &story.secret_path("db"), None);
        story
            .plan()
            .expect_ok()
            .expect_said("Secret `db` in namespace")
            .expect_said("was deleted")
            .expect_said("1 to change");
        story.settle().expect_said(&done(0, 1, 0));
        story.expect_whole();
        let second = story.entries("db");
        assert!(first["password"] != second["password"] && !story.enters(&first));

        let patch = json!({ "data": { "password": "d3Jvbmc=" } });
        story.cluster.call("PATCH", &format!("{}?fieldManager=somebody", story.secret_path("db")), Some(&patch));
        story.settle().expect_said("was changed").expect_said(&done(0, 1, 0));
        story.expect_whole();
        // Labels of others are no difference.
        let patch = json!({ "metadata": { "labels": { "team": "checkout" } } });
        story.cluster.call("PATCH", &format!("{}?fieldManager=somebody", story.secret_path("db")), Some(&patch));
        story.expect_no_changes();
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn credentials_version_rotates_and_keeps_sessions() {
    run_story("db-rotate", "credentials_version = 1", |story| {
        story.settle();
        let first = story.entries("db");
        story.arguments("credentials_version = 2");
        {
            let server = story.server.again();
            let mut session = server.hold(&first["user"], &first["password"], &first["dbname"]);
            story.settle().expect_said(&done(0, 1, 0));
            assert_eq!(session.values("SELECT 1::text"), ["1"]);
        }
        story.expect_whole();
        assert!(!story.enters(&first));
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn secret_is_moved_and_removed_with_its_argument() {
    run_story("db-move", "", |story| {
        story.settle();
        let moved = format!("secret = {{ name = \"moved\", namespace = \"{}\" }}", story.environment);
        story.arguments(&moved);
        story.settle().expect_said(&done(0, 1, 0));
        assert!(story.secret().is_none() && story.enters(&story.entries("moved")));
        assert_eq!(story.attributes()["secret_ref"], json!(format!("{}/moved", story.environment)));
        story.arguments("secret = null");
        story.settle().expect_said(&done(0, 1, 0));
        assert!(story.cluster.read(&story.secret_path("moved")).is_none());
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn secret_of_somebody_else_is_never_changed() {
    run_story("db-foreign-secret", "", |story| {
        let body = json!({ "metadata": { "name": "db" }, "data": { "password": "dGhlaXJz" } });
        let path = format!("/api/v1/namespaces/{}/secrets", story.environment);
        story.cluster.call("POST", &path, Some(&body));
        story
            .apply()
            .expect_err("The Secret belongs to somebody else")
            .expect_said("does not have the ownership labels of EoD")
            .expect_said("on main.tf line");
        assert_eq!(story.server.objects(&story.database()), [""; 0], "no database was created");
        assert_eq!(story.entries("db")["password"], "theirs");

        // A Secret that replaces ours is drift, and is kept, too.
        story.cluster.call("DELETE", &story.secret_path("db"), None);
        story.settle();
        story.cluster.call("DELETE", &story.secret_path("db"), None);
        story.cluster.call("POST", &path, Some(&body));
        story.apply().expect_err("The Secret belongs to somebody else");
        story.destroy().expect_ok();
        assert_eq!(story.server.objects(&story.database()), [""; 0]);
        assert_eq!(story.entries("db")["password"], "theirs");
    });
}

#[test]
fn address_of_the_provider_block_is_written_into_the_secret() {
    run_story("db-address", "", |story| {
        story.settle();
        story.provider("postgres = { advertise_host = \"db.preview.internal\" }");
        story.settle().expect_said(&done(0, 1, 0));
        let entries = story.entries("db");
        assert!(entries["host"] == "db.preview.internal" && story.enters(&entries));
        assert_eq!(story.attributes()["host"], "db.preview.internal");
        story.destroy().expect_ok();
    });
}
