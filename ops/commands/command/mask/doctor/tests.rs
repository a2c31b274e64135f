use super::*;

fn facts() -> ServerFacts {
    let settings = [("archive_mode", "off"), ("wal_level", "minimal"), ("fsync", "off"), ("file_copy_method", "clone")];
    ServerFacts {
        version: 180_004,
        role: "eod".to_owned(),
        own: serde_json::from_value(json!({
            "name": "eod", "superuser": false, "createdb": true, "createrole": true, "monitor": true,
        }))
        .unwrap(),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..ServerFacts::default()
    }
}

fn sql(facts: &ServerFacts, measured: Option<&Measurement>) -> Vec<String> {
    findings(facts, measured).into_iter().flat_map(|finding| finding.sql).collect()
}

#[test]
fn server_without_findings_needs_no_change() {
    assert!(findings(&facts(), None).is_empty());
    let text = text(&facts(), &[], &Err("not measured: --no-measure".to_owned()));
    assert_eq!(text, "-- PostgreSQL 18.4, as role eod\n-- not measured: --no-measure\n-- nothing to change\n");
}

#[test]
fn each_way_past_the_locks_is_a_finding_with_its_sql() {
    let mut server = facts();
    let role = |name: &str, superuser: bool, bootstrap: bool| {
        serde_json::from_value(json!({ "name": name, "superuser": superuser, "bootstrap": bootstrap })).unwrap()
    };
    server.roles = vec![role("re\"plica", false, false), role("dba", true, false), role("postgres", true, true)];
    let receiver = |kind: &str, name: &str| serde_json::from_value(json!({ "kind": kind, "name": name })).unwrap();
    server.receivers = vec![receiver("session", "standby"), receiver("slot", "it's")];
    server.open_databases = vec!["postgres".to_owned(), "template1".to_owned()];
    server.settings.insert("archive_mode".to_owned(), "on".to_owned());
    server.version = 150_018;
    assert_eq!(
        sql(&server, None),
        [
            "ALTER ROLE \"re\"\"plica\" NOREPLICATION;",
            "ALTER ROLE \"dba\" NOSUPERUSER;",
            "ALTER ROLE \"postgres\" NOLOGIN;",
            "SELECT pg_drop_replication_slot('it''s');",
            "ALTER SYSTEM SET archive_mode = 'off';",
            "REVOKE CONNECT ON DATABASE \"postgres\" FROM PUBLIC;",
            "REVOKE CONNECT ON DATABASE \"template1\" FROM PUBLIC;",
        ]
    );
    let groups: Vec<_> = findings(&server, None).iter().map(|finding| finding.group).collect();
    assert_eq!(groups.iter().filter(|group| **group == FindingGroup::Access).count(), 9, "{groups:?}");
}

#[test]
fn missing_privileges_have_their_grants() {
    let mut server = facts();
    server.own = serde_json::from_value(json!({
        "name": "eod", "superuser": false, "createdb": false, "createrole": false, "monitor": false,
    }))
    .unwrap();
    assert_eq!(sql(&server, None), ["ALTER ROLE \"eod\" CREATEDB CREATEROLE;", "GRANT pg_monitor TO \"eod\";"]);
}

#[test]
fn slow_clones_have_their_settings() {
    let mut server = facts();
    for (name, value) in [("fsync", "on"), ("wal_level", "replica"), ("file_copy_method", "copy")] {
        server.settings.insert(name.to_owned(), value.to_owned());
    }
    let slow = Measurement { sharing: BlockSharing::Copied, clone_seconds: 2.0, empty_seconds: 0.6, files: Some(300) };
    let found = sql(&server, Some(&slow));
    for part in ["file_copy_method = 'clone'", "fsync = 'off'", "wal_level = 'minimal'", "max_wal_senders = 0"] {
        assert!(found.iter().any(|sql| sql.contains(part)), "{part}: {found:?}");
    }
    let fast = Measurement { empty_seconds: 0.03, ..slow.clone() };
    assert!(!sql(&server, Some(&fast)).iter().any(|sql| sql.contains("fsync")));
    server.settings.insert("file_copy_method".to_owned(), "clone".to_owned());
    let messages: Vec<_> = findings(&server, Some(&slow)).into_iter().map(|finding| finding.message).collect();
    assert!(messages.iter().any(|message| message.contains("the file system copied the blocks")), "{messages:?}");
    let document = document(&server, &[], &Ok(slow));
    assert_eq!(document["measured"]["strategy"], "copy");
    assert_eq!(document["measured"]["milliseconds_per_file"], 2.0);
}
