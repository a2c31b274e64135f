//! Search for passwords in all files of a run, and in the log of the server.

use eod_testkit::postgres::{PASSWORD, PostgresServer, servers};

use super::{DATABASE, DatabaseStory};
use eod_testkit::{postgres::ADMIN, terraform::Terraform};

/// Server with a log of all statements.
fn logging_server() -> &'static PostgresServer {
    static SERVER: std::sync::OnceLock<PostgresServer> = std::sync::OnceLock::new();
    let programs = &servers().last().unwrap().programs;
    SERVER.get_or_init(|| PostgresServer::start_with(programs, &[("log_statement", "all")]).unwrap())
}

#[test]
fn passwords_are_in_no_file_and_in_no_log() {
    let mut story =
        DatabaseStory::new(Terraform::first(), logging_server(), ADMIN, "db-canary", "credentials_version = 1");
    let mut passwords = vec![PASSWORD.to_owned()];
    let show = |story: &DatabaseStory| {
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        story.run(&["show", "-json", "saved"]).expect_ok();
        story.run(&["apply", "-no-color", "saved"]).expect_ok();
        story.run(&["show", "-json"]).expect_ok();
    };
    show(&story);
    passwords.push(story.entries("db")["password"].clone());
    story.arguments("credentials_version = 2");
    show(&story);
    passwords.push(story.entries("db")["password"].clone());
    story.cluster.call("DELETE", &story.secret_path("db"), None);
    show(&story);
    passwords.push(story.entries("db")["password"].clone());
    story.run(&["state", "rm", DATABASE]).expect_ok();
    story.apply().expect_err("The database exists already");
    let database = story.database();
    story.run(&["import", "-no-color", DATABASE, &database]).expect_ok();
    // A password that the server refuses, and one that is set in the provider block.
    story.set_env("PGPASSWORD", "canary-wrong-password");
    story.apply().expect_err("PostgreSQL does not accept the credentials");
    story.set_env("TF_VAR_password", PASSWORD);
    let body = format!("variable \"password\" {{\n  type = string\n  ephemeral = true\n}}\n{}", story.block("db", ""));
    story.body(&body);
    story.provider("postgres = { password = var.password }");
    show(&story);
    story.destroy().expect_ok();
    story.expect_nothing_left();
    passwords.push("canary-wrong-password".to_owned());
    let log = logging_server().log();
    assert!(log.contains("CREATE ROLE") && log.contains("SCRAM-SHA-256$4096:"), "the server logs statements");
    for password in &passwords {
        story.assert_nowhere(password, &[]);
        assert!(!log.contains(password.as_str()), "a password is in the log of the server");
    }
}
