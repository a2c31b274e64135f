//! Lifecycle of a database: created from the golden one, owned by the pull request, removed without a trace.

use eod_testkit::tcp_proxy::TcpProxy;
use serde_json::{Value, json};

use super::{DatabaseStory, POLICY, preview_server::VERSION, run_story, run_story_on_each_server};
use crate::provider::done;

#[test]
fn database_is_created_used_and_removed_without_a_trace() {
    run_story_on_each_server("database", "", |story| {
        let described = story.server.described();
        story.apply().expect_ok().expect_said(&done(1, 0, 0));
        story.expect_no_changes();
        story.expect_whole();
        let entries = story.entries("db");
        let database = story.database();
        let port = story.server.port().to_string();
        for (key, expected) in [
            ("host", "127.0.0.1"),
            ("port", &port),
            ("dbname", &database),
            ("user", &format!("{database}_app")),
            ("sslmode", "prefer"),
        ] {
            assert_eq!(entries[key], expected, "{described}: {key}");
        }
        let state = story.attributes();
        assert_eq!((&state["id"], &state["role"]), (&json!(database), &json!(entries["user"])), "{described}");
        assert_eq!((&state["golden_version"], &state["status"]), (&json!(VERSION), &json!("ready")), "{described}");
        assert_eq!(state["secret_ref"], json!(format!("{}/db", story.environment)), "{described}");
        assert_eq!((&state["scope"], &state["drift"]), (&json!([]), &json!([])), "{described}");

        // Migrations of the application run as the owner of the tables.
        let (user, password) = (entries["user"].as_str(), entries["password"].as_str());
        let count = "SELECT count(*)::text FROM app.customers";
        assert_eq!(story.server.values_as(user, password, &database, count), ["100"], "{described}");
        story.server.run_as(
            user,
            password,
            &database,
            "ALTER TABLE app.customers ADD COLUMN note text; CREATE SCHEMA more",
        );
        story.server.run_as(user, password, &database, "DELETE FROM app.customers WHERE id > 7");
        story.settle().expect_said(&done(0, 0, 0));
        assert_eq!(story.server.values_as(user, password, &database, count), ["7"], "{described}");

        // Sessions of the application do not hold up the destroy.
        let _session = story.server.hold(user, password, &database);
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn plan_of_a_new_database_needs_no_server() {
    run_story("db-plan", "", |story| {
        let proxy = TcpProxy::start(story.server.port());
        story.through(&proxy);
        let database = story.database();
        let body = story.block("db", "") + "output \"ref\" {\n  value = eod_db_snapshot.db.secret_ref\n}\n";
        story.body(&body);
        story.provider("postgres = { advertise_host = \"db.preview.internal\", advertise_port = 6432 }");
        let plan = story.planned();
        let change = &plan["resource_changes"][0]["change"];
        let (after, unknown) = (&change["after"], &change["after_unknown"]);
        assert_eq!((&after["database"], &after["role"]), (&json!(database), &json!(format!("{database}_app"))));
        assert_eq!((&after["host"], &after["port"]), (&json!("db.preview.internal"), &json!(6432)));
        assert_eq!((&after["engine"], &after["drift"]), (&json!("postgres"), &json!([])));
        for attribute in ["id", "secret_ref", "golden_version", "strategy", "status", "created_at"] {
            assert_eq!(unknown[attribute], true, "{attribute}: {unknown}");
        }
        assert_eq!(plan["output_changes"]["ref"]["after_unknown"], true);
        assert_eq!(proxy.accepted(), 0, "a plan of a new database connects to no server");

        story.run(&["apply", "-no-color", "saved"]).expect_ok();
        let entries = story.entries("db");
        assert_eq!((&*entries["host"], &*entries["port"]), ("db.preview.internal", "6432"));
        assert!(entries["uri"].contains("@db.preview.internal:6432/"));
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

/// Effect of a change of one argument.
struct Row {
    arguments: String,
    actions: Value,
}

fn rows(story: &DatabaseStory, other: &str) -> Vec<Row> {
    let row = |arguments: &str, actions: &[&str]| Row { arguments: arguments.to_owned(), actions: json!(actions) };
    let (replaced, updated) = (["delete", "create"], ["update"]);
    let stricter = POLICY.replace("city: keep", "city: { kind: city }");
    let weaker = POLICY.replace("email: { kind: email }", "email: keep");
    let added = POLICY.replace("city: keep", "city: keep\n    phone: { kind: phone }");
    let migration = "migrations = { \"1.sql\" = \"ALTER TABLE app.customers ADD COLUMN phone text\" }";
    let policy = |text: &str| format!("masking_policy = <<EOT\n{text}EOT\n");
    vec![
        row("", &["no-op"]),
        row("environment = \"other\"", &replaced),
        row(&format!("golden = \"{other}\""), &replaced),
        row("database = \"another_name\"", &replaced),
        row("credentials_version = 2", &updated),
        row("extensions_allowed = [\"pg_trgm\"]", &updated),
        row(&format!("secret = {{ name = \"moved\", namespace = \"{}\" }}", story.environment), &updated),
        row("timeouts = { create = \"1m\" }", &updated),
        row(&policy(&weaker), &updated),
        row(&policy(&stricter), &replaced),
        row(&format!("{}{migration}\n", policy(&added)), &updated),
    ]
}

#[test]
fn changes_replace_or_update_in_place() {
    run_story("db-changes", "", |story| {
        let other = story.server.publish(&story.installation, POLICY);
        story.settle();
        for Row { arguments, actions } in rows(story, &other) {
            story.arguments(&arguments);
            assert_eq!(story.actions(), actions, "{arguments}");
        }
        // A stricter policy says what it masks.
        story.arguments(&format!(
            "masking_policy = <<EOT\n{}EOT\n",
            POLICY.replace("city: keep", "city: { kind: city }")
        ));
        story.plan().expect_ok().expect_said("masks or removes `app.customers.city`");

        // An update in place changes no row and no password.
        let before = story.entries("db");
        story.server.run(&story.database(), "DELETE FROM app.customers WHERE id > 7");
        let added = POLICY.replace("city: keep", "city: keep\n    phone: { kind: phone }");
        story.arguments(&format!(
            "masking_policy = <<EOT\n{added}EOT\nmigrations = {{ \"1.sql\" = \"ALTER TABLE app.customers ADD COLUMN phone text\" }}"
        ));
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.entries("db"), before);
        let count = "SELECT count(*)::text FROM app.customers";
        assert_eq!(story.server.values(&story.database(), count), ["7"]);

        // A newer golden database is none of its concern.
        story.server.publish_again(&story.golden, &story.installation, POLICY);
        story.expect_no_changes();
        story.arguments("environment = \"other\"");
        story.apply().expect_ok().expect_said(&done(1, 0, 1));
        assert_eq!(story.server.objects(&story.database()), [""; 0]);
        story.destroy().expect_ok();
        assert_eq!(story.server.objects(&story.golden).len(), 3, "the golden database with its two roles stays");
    });
}

#[test]
fn replaced_database_has_the_rows_of_the_golden_one_again() {
    run_story("db-replace", "", |story| {
        story.settle();
        let (database, before) = (story.database(), story.entries("db"));
        story.server.run(&database, "DELETE FROM app.customers");
        story
            .run(&["apply", "-auto-approve", "-no-color", "-replace=eod_db_snapshot.db"])
            .expect_ok()
            .expect_said(&done(1, 0, 1));
        story.expect_no_changes();
        story.expect_whole();
        assert_eq!(story.server.values(&database, "SELECT count(*)::text FROM app.customers"), ["100"]);
        assert!(!story.enters(&before));
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn database_without_a_secret_has_no_reference() {
    run_story("db-no-secret", "secret = null", |story| {
        story.unset_env("KUBE_CONFIG_PATH");
        story.settle();
        assert_eq!(story.attributes()["secret_ref"], Value::Null);
        assert!(story.secret().is_none());
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}
