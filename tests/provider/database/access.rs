//! Changes by hand: the access is repaired, and a database that is gone is created again.

use serde_json::json;

use super::run_story;
use crate::provider::done;

#[test]
fn access_that_was_changed_by_hand_is_repaired() {
    run_story("db-access", "", |story| {
        story.settle();
        let database = story.database();
        let server = story.server.again();
        server.run(&database, "DELETE FROM app.customers WHERE id > 7");
        for (sql, expected) in [
            (format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false"), "was closed"),
            (format!("ALTER DATABASE {database} CONNECTION LIMIT 0"), "was closed"),
            (format!("GRANT CONNECT ON DATABASE {database} TO PUBLIC"), "was opened to all roles"),
            (format!("REVOKE CONNECT ON DATABASE {database} FROM {database}_app"), "has no CONNECT"),
            (format!("ALTER ROLE {database}_app NOLOGIN"), "does not exist or cannot log in"),
            (
                format!("REVOKE CONNECT ON DATABASE {database} FROM {database}_app; DROP ROLE {database}_app"),
                "does not exist or cannot log in",
            ),
        ] {
            server.run("postgres", &sql);
            story.plan().expect_ok().expect_said(expected).expect_said("1 to change");
            story.settle().expect_said(&done(0, 1, 0));
            story.expect_whole();
            assert!(!server.enters(eod_testkit::postgres::READER, eod_testkit::postgres::PASSWORD, &database), "{sql}");
        }
        // Rows stay, and the login can work.
        let entries = story.entries("db");
        let count = "SELECT count(*)::text FROM app.customers";
        assert_eq!(server.values_as(&entries["user"], &entries["password"], &database, count), ["7"]);
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn database_that_was_removed_by_hand_is_created_again() {
    run_story("db-gone", "", |story| {
        story.settle();
        let database = story.database();
        // Only the database: its roles are left, so it is replaced.
        story.server.run("postgres", &format!("DROP DATABASE {database}"));
        let plan = story.plan().expect_ok();
        plan.expect_said("A part of database").expect_said("1 to add, 0 to change, 1 to destroy");
        story.settle().expect_said(&done(1, 0, 1));
        story.expect_whole();
        // Everything but the Secret, which is left and goes with the replacement.
        story.server.remove(&database);
        story.plan().expect_ok().expect_said("1 to add, 0 to change, 1 to destroy");
        story.settle().expect_said(&done(1, 0, 1));
        story.expect_whole();
        story.cluster.call("DELETE", &story.secret_path("db"), None);
        story.server.remove(&database);
        story.settle().expect_said(&done(1, 0, 0));
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn destroy_finishes_if_parts_are_gone() {
    run_story("db-half", "", |story| {
        let database = story.database();
        let secret = story.secret_path("db");
        let server = story.server.again();
        let cluster = story.cluster;
        let drop_database = format!("DROP DATABASE {database}");
        let (namespace, golden, installation) =
            (story.environment.clone(), story.golden.clone(), story.installation.clone());
        let removals: [(&str, &dyn Fn()); 4] = [
            ("database", &|| server.run("postgres", &drop_database)),
            ("Secret", &|| drop(cluster.call("DELETE", &secret, None))),
            ("golden database", &|| server.unpublish(&golden, &installation)),
            ("namespace", &|| {
                cluster.call("DELETE", &format!("/api/v1/namespaces/{namespace}"), None);
                cluster.wait_until_gone(&namespace);
            }),
        ];
        for (part, remove) in removals {
            if part == "namespace" {
                server.publish_again(&golden, &installation, super::POLICY);
            }
            story.apply().expect_ok();
            remove();
            let run = story.run(&["destroy", "-no-color", "-auto-approve", "-refresh=false"]);
            assert_eq!(run.code, Some(0), "without the {part}: {run}");
            assert_eq!(story.server.objects(&database), [""; 0], "without the {part}");
        }
        assert!(story.secret().is_none());
    });
}

#[test]
fn session_of_a_superuser_holds_the_database_and_is_named() {
    run_story("db-held", "", |story| {
        story.settle();
        let database = story.database();
        let person = story.server.again();
        {
            let _session = person.hold(eod_testkit::postgres::SUPERUSER, eod_testkit::postgres::PASSWORD, &database);
            story
                .destroy()
                .expect_err("The database cannot be removed yet")
                .expect_said("a session of role `postgres`")
                .expect_said("pg_terminate_backend");
            assert_eq!(story.attributes()["id"], json!(database));
        }
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}
