//! Wrong configurations and servers: one clear diagnostic each, and nothing is left.

use eod_testkit::postgres::READER;

use super::{POLICY, run_story};

#[test]
fn policy_and_migrations_are_checked_without_a_server() {
    run_story("db-offline", "", |story| {
        story.set_env("PGPORT", "1");
        let policy = |text: &str| format!("masking_policy = <<EOT\n{text}EOT\n");
        story.arguments(&policy("version: 1\ntables:\n  app.customers: { email: { kind: emial } }\n"));
        story
            .run(&["validate", "-no-color"])
            .expect_err("Invalid masking_policy")
            .expect_said("line 3, column")
            .expect_said("on main.tf line");
        story.arguments("migrations = { \"1.sql\" = \"ALTER TABLE customers ADD COLUMN phone text\" }");
        story
            .plan()
            .expect_err("A new column has no masking rule")
            .expect_said("1.sql:1 adds `app.customers.phone` of type `text`")
            .expect_said("app.customers: phone: { kind: phone }");
        let covered = POLICY.replace("city: keep", "city: keep\n    phone: { kind: phone }");
        story.arguments(&format!(
            "{}migrations = {{ \"1.sql\" = \"ALTER TABLE customers ADD COLUMN phone text\" }}",
            policy(&covered)
        ));
        story.plan().expect_ok().expect_said("1 to add");
        story.arguments("masking_policy = null");
        story.plan().expect_err("Missing masking_policy");
        story.arguments("golden = null");
        story.plan().expect_err("Missing golden");
        for (arguments, said) in [
            ("golden = \"Shop\"", "invalid name `Shop` of a golden database"),
            ("database = \"no-dash\"", "invalid name `no-dash` of a database"),
            ("engine = \"oracle\"", "unsupported engine `oracle`"),
            ("environment = \"Upper\"", "Invalid environment"),
            ("secret = { name = \"Db\", namespace = \"x\" }", "only lower-case letters"),
            ("extensions_allowed = [\"x; DROP\"]", "of an extension"),
        ] {
            story.arguments(arguments);
            // Names in errors begin with a capital.
            let run = story.plan();
            assert!(run.code != Some(0) && run.said().to_lowercase().contains(&said.to_lowercase()), "{said}\n{run}");
        }
    });
}

#[test]
fn golden_database_must_be_published_valid_and_of_the_policy() {
    run_story("db-golden", "golden = \"missing\"", |story| {
        story.apply().expect_err("The golden database is not published").expect_said("eod mask golden publish missing");
        story.arguments("golden = \"postgres\"");
        story.apply().expect_err("The golden database belongs to somebody else");
        // Another installation.
        let other = story.server.publish("other", POLICY);
        story.arguments(&format!("golden = \"{other}\""));
        story.apply().expect_err("The golden database belongs to somebody else");

        // A policy with other rules than the golden database was built with.
        let stricter = POLICY.replace("city: keep", "city: { kind: city }");
        story.arguments(&format!("masking_policy = <<EOT\n{stricter}EOT\n"));
        story
            .apply()
            .expect_err("The golden database has other masking rules")
            .expect_said("`app.customers`")
            .expect_said("on main.tf line");
        story.expect_nothing_left();
        story.arguments("masking_policy = \"version: 1\\ntables:\\n  app.other: keep\\n\"");
        story.apply().expect_err("The policy does not fit the golden database").expect_said("app.customers.email");
        story.expect_nothing_left();

        // An ended validity.
        let golden = story.golden.clone();
        let comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ";
        let before = story.server.values("postgres", &format!("{comment}'{golden}'")).remove(0);
        let (start, rest) = before.split_once("\"valid_until\":\"").unwrap();
        let (_, end) = rest.split_once('"').unwrap();
        let ended = format!("{start}\"valid_until\":\"2026-11-28T13:00:00Z\"{end}");
        story.server.run("postgres", &format!("COMMENT ON DATABASE {golden} IS '{ended}'"));
        story.arguments("");
        story.apply().expect_err("The golden database has expired").expect_said("2026-11-28T13:00:00Z");
        story.expect_nothing_left();
    });
}

#[test]
fn databases_of_others_are_never_used_or_removed() {
    run_story("db-taken", "database = \"taken_by_hand\"", |story| {
        let server = story.server.again();
        server.run("postgres", "CREATE DATABASE taken_by_hand");
        story
            .apply()
            .expect_err("The name of the database is in use")
            .expect_said("Database `taken_by_hand` is not this environment's clone")
            .expect_said("on main.tf line");
        assert_eq!(server.objects("taken_by_hand"), ["taken_by_hand"]);
        server.run("postgres", "DROP DATABASE taken_by_hand");
        // Another environment of the installation.
        story.settle();
        let mut other = story.elsewhere();
        other.arguments("database = \"taken_by_hand\"\nenvironment = \"other\"\nsecret = null");
        other
            .apply()
            .expect_err("The name of the database is in use")
            .expect_said(&format!("belongs to environment `{}`", story.environment));
        story.expect_whole();
        story.destroy().expect_ok();
        assert_eq!(server.objects("taken_by_hand"), [""; 0]);
    });
}

#[test]
fn server_that_cannot_be_used_is_named_with_its_remedy() {
    run_story("db-server", "", |story| {
        let port = story.server.port().to_string();
        story.set_env("PGPORT", "1");
        story
            .apply()
            .expect_err("PostgreSQL is not available")
            .expect_said("127.0.0.1:1")
            .expect_said("environment variable PGHOST");
        story.set_env("PGPORT", port.clone());
        story.set_env("PGUSER", READER);
        story
            .apply()
            .expect_err("PostgreSQL: permission denied")
            .expect_said("ALTER ROLE <role of the provider> CREATEROLE");
        let role = story.server.role();
        story.set_env("PGUSER", role);
        let password = story.unset_password();
        story.apply().expect_err("PostgreSQL does not accept the credentials").expect_said("postgres.password");
        story.set_env("PGPASSWORD", "wrong");
        story.apply().expect_err("PostgreSQL does not accept the credentials").expect_said("check `postgres.user`");
        story.set_env("PGPASSWORD", password);
        story.unset_env("PGHOST");
        story
            .apply()
            .expect_err("Invalid access to PostgreSQL")
            .expect_said("set `postgres.host` in the provider block, or PGHOST");
        story.provider("postgres = { host = \"\" }");
        story.plan().expect_err("Invalid postgres.host");
        story.provider("postgres = { host = \"127.0.0.1\", port = 70000 }");
        story.plan().expect_err("Invalid");
        story.provider("postgres = { host = \"127.0.0.1\", sslmode = \"never\" }");
        story.plan().expect_err("Invalid access to PostgreSQL").expect_said("`sslmode` must be one of");
        story.provider("postgres = { host = \"/run/postgresql\" }");
        story.plan().expect_err("Applications have no address of the server").expect_said("postgres.advertise_host");
        story.provider(&format!("postgres = {{ host = \"127.0.0.1\", port = {port} }}"));
        story.settle();
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn namespace_that_does_not_exist_leaves_nothing() {
    run_story("db-no-namespace", "secret = { name = \"db\", namespace = \"not-there\" }", |story| {
        story.apply().expect_err("not-there").expect_said("on main.tf line");
        assert!(story.attributes_of("db").is_none());
        story.expect_nothing_left();
    });
}

#[test]
fn installation_of_the_state_is_kept() {
    run_story("db-installation", "", |story| {
        story.settle();
        let installation = story.cluster.installation("db-other");
        let always = format!("installation = \"{installation}\"");
        story.always(&always);
        story.plan().expect_err("The database belongs to another installation");
        story.destroy().expect_err("The database belongs to another installation");
        let ours = format!("installation = \"{}\"", story.installation);
        story.always(&ours);
        story.expect_whole();
        story.destroy().expect_ok();
    });
}
