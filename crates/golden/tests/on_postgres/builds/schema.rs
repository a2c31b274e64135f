//! Structure of a golden database: that of its source, except for documented differences. It works, and its files are sound.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use eod_clients::postgres::{PostgresSession, SqlStatement};
use eod_testkit::postgres::{ADMIN, PASSWORD, PostgresServer, SUPERUSER, servers};

use super::{Build, all, source_server};
use crate::tests::on_postgres::{client, deadline, run, values};

/// Entries of `pg_dump --schema-only` that a golden database does not have. The guides and the documentation of the crate
/// list them: foreign servers and what depends on them, event triggers, subscriptions.
const REMOVED: &[&str] = &[
    "FOREIGN TABLE remote",
    "COMMENT FOREIGN TABLE remote",
    "VIEW remote_view",
    "COMMENT VIEW remote_view",
    "VIEW remote_again",
    "EXTENSION postgres_fdw",
    "COMMENT EXTENSION postgres_fdw",
    "SERVER production",
    "USER MAPPING USER MAPPING OWNER SERVER production",
    "EVENT TRIGGER watch",
    "SUBSCRIPTION production",
];
/// Entries that only a golden database has: its manifest, and another owner of the schema `public`.
const ADDED: &[&str] = &["SCHEMA eod", "SCHEMA public", "TABLE manifest"];
/// Entries with other privileges: those of roles that the policy does not list are left out.
const OTHER_PRIVILEGES: &[&str] = &["ACL TABLE events"];

/// Statements of `pg_dump --schema-only` by kind and name, without owners.
fn entries(server: &PostgresServer, database: &str, owner: &str) -> BTreeMap<String, Vec<String>> {
    let output = Command::new(servers()[0].programs.join("pg_dump"))
        .args(["--host=127.0.0.1", "--schema-only", &format!("--port={}", server.port)])
        .args([&format!("--username={SUPERUSER}"), database])
        .env("PGPASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap().replace(owner, "OWNER");
    let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in text.split("\n--\n-- Name: ").skip(1) {
        let (head, body) = entry.split_once('\n').unwrap();
        let mut fields = head.split("; ");
        let (name, kind) = (fields.next().unwrap(), fields.next().unwrap().trim_start_matches("Type: "));
        let is_statement = |line: &&str| {
            let is_comment = line.is_empty() || line.starts_with("--") || line.starts_with('\\');
            !is_comment && !line.contains(" OWNER TO ") && !line.starts_with("SET default_")
        };
        let lines = body.lines().filter(is_statement).map(str::to_owned);
        entries.entry(format!("{kind} {name}")).or_default().extend(lines);
    }
    assert!(entries.len() > 60, "{}", entries.len());
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_differs_from_the_source_by_the_documented_lines_only() {
    // A dump of version 18 cannot be made with the programs of 15.
    for role in [SUPERUSER, ADMIN] {
        let build = Build::create(&servers()[0], role).await;
        let label = build.label();
        build.run().await.unwrap_or_else(|error| panic!("{label}: {}", error.chain()));
        build.publish(0).await;
        let clone = format!("schema_of_{}", build.name);
        build.clone_as(&clone).await;
        let source_owner = build.source.replace("build_", "build_owner_");
        let before = entries(source_server(), &build.source, &source_owner);
        let after = entries(&servers()[0], &clone, &build.name.objects_role());
        let only = |these: &BTreeMap<_, _>, others: &BTreeMap<String, Vec<String>>| -> BTreeSet<String> {
            these.keys().filter(|name: &&String| !others.contains_key(*name)).cloned().collect()
        };
        let mut removed: BTreeSet<_> = REMOVED.iter().map(|name| (*name).to_owned()).collect();
        if role == ADMIN {
            // Only a superuser creates a publication of all tables.
            removed.insert("PUBLICATION everything".to_owned());
        }
        assert_eq!(only(&before, &after), removed, "{label}");
        let added: BTreeSet<_> = ADDED.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(only(&after, &before), added, "{label}");
        for (name, statements) in before.iter().filter(|(name, _)| after.contains_key(*name)) {
            if !OTHER_PRIVILEGES.contains(&name.as_str()) {
                assert_eq!(&after[name], statements, "{label}: {name}");
            }
        }
        for name in OTHER_PRIVILEGES {
            let (before, after): (BTreeSet<_>, BTreeSet<_>) =
                (before[*name].iter().collect(), after[*name].iter().collect());
            let left_out: Vec<_> = before.difference(&after).collect();
            assert!(
                left_out.iter().all(|line| line.ends_with("TO build_other;")) && after.is_subset(&before),
                "{label}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_work_and_files_are_sound_in_a_clone() {
    for build in all().await {
        let label = build.label();
        build.run().await.unwrap_or_else(|error| panic!("{label}: {}", error.chain()));
        build.publish(0).await;
        let clone = build.clone_as(&format!("sound_{}", build.name)).await;
        let mut session = clone.connect(&deadline()).await.unwrap();
        files_are_sound(&label, &mut session).await;
        definitions_work(&label, &mut session).await;
        session.close(&deadline()).await.unwrap();
        let mut source = client(source_server(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
        // A golden database has none.
        run(&mut source, "ALTER EVENT TRIGGER watch DISABLE").await;
        definitions_work(&format!("source of {label}"), &mut source).await;
    }
}

/// `amcheck` reads all tables with their TOAST tables, and compares all B-trees with them.
async fn files_are_sound(label: &str, session: &mut PostgresSession) {
    run(session, "CREATE EXTENSION amcheck").await;
    let heaps = "SELECT c.oid::regclass, v.* FROM pg_class c CROSS JOIN LATERAL verify_heapam(c.oid, check_toast => true) v \
                 WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence <> 't'";
    assert_eq!(values(session, heaps).await, [""; 0], "{label}");
    let trees = "SELECT count(bt_index_parent_check(i.indexrelid, true, true)) FROM pg_index i \
                 JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam \
                 WHERE a.amname = 'btree' AND c.relkind = 'i' AND i.indisvalid AND i.indisready AND c.relpersistence <> 't'";
    let count = values(session, trees).await;
    let count: u32 = count[0].trim_matches(['(', ')']).parse().unwrap();
    assert!(count > 120, "{label}: {count}");
    if session.server_version() >= 180_000 {
        let gin = "SELECT count(gin_index_check(c.oid)) FROM pg_class c JOIN pg_am a ON a.oid = c.relam \
                   WHERE a.amname = 'gin' AND c.relkind = 'i'";
        assert_eq!(values(session, gin).await, ["(1)"], "{label}");
    }
    let invalid = "SELECT indexrelid::regclass FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive)";
    assert_eq!(values(session, invalid).await, [""; 0], "{label}");
}

async fn definitions_work(label: &str, session: &mut PostgresSession) {
    // Views, functions on row types, generated columns, partitions, inheritance.
    for (sql, expected) in [
        // Its owner is subject to the policy `few`.
        ("SELECT count(*) FROM app.totals", "(2)"),
        ("SELECT count(*) FROM app.customers c WHERE app.row_name(c) = c.name", "(201)"),
        ("SELECT count(*) FROM app.customers WHERE loud_name = upper(name)", "(201)"),
        ("SELECT count(*) FROM app.events_2024", "(366)"),
        ("SELECT count(*) FROM app.events WHERE day >= '2025-01-01'", "(335)"),
        ("SELECT count(*) FROM \"Audit Log\".base", "(2)"),
        ("SELECT count(*) FROM app.many_rooms", "(500)"),
        ("SELECT tablename FROM pg_publication_tables WHERE pubname = 'shop'", "(orders)"),
        ("SELECT count(*) FROM app.orders o JOIN app.customers c ON c.id = o.customer_id", "(500)"),
    ] {
        assert_eq!(values(session, sql).await, [expected], "{label}: {sql}");
    }
    // Triggers, rules, constraints, row level security.
    for (sql, sqlstate) in [
        ("INSERT INTO app.orders (id, room) VALUES (9999, 7)", "P0001"),
        ("INSERT INTO app.events VALUES (9999, '2024-05-05', 1)", "P0001"),
        ("TRUNCATE app.orders", "P0001"),
        ("UPDATE app.orders SET customer_id = 999999, note = NULL WHERE id = 1", "23503"),
        ("UPDATE app.orders SET room = 2, note = NULL WHERE id = 1", "23P01"),
        ("UPDATE app.orders SET room = -1, note = NULL WHERE id = 1", "23514"),
        (
            "UPDATE app.customers SET login = (SELECT upper(login::text) FROM app.customers WHERE id = 1) WHERE id = 2",
            "23505",
        ),
        ("REFRESH MATERIALIZED VIEW app.seen_by_owner; SELECT 1/0", "22012"),
    ] {
        let statement = SqlStatement::new("run", "a statement", sql);
        let error = session.batch(&statement, &deadline()).await.expect_err(sql);
        let failure = error.cause::<eod_clients::postgres::PostgresFailure>().unwrap();
        assert_eq!(failure.sqlstate, sqlstate, "{label}: {sql}: {}", error.chain());
    }
    run(session, "DELETE FROM app.documents").await;
    assert_eq!(values(session, "SELECT count(*) FROM app.documents").await, ["(1)"], "{label}");
    // The policy `few` hides rows from a role without BYPASSRLS; `apps` shows them to the role of the policy.
    run(session, "SET ROLE build_app").await;
    assert_eq!(values(session, "SELECT count(id) FROM app.customers").await, ["(201)"], "{label}");
    run(session, "RESET ROLE").await;
}
