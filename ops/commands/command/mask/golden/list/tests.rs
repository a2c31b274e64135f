use super::*;

fn version(state: VersionStage, until: Option<&str>) -> GoldenVersion {
    let facts = GoldenFacts {
        manifest: "0123456789abcdef".to_owned(),
        taken_at: "2026-11-28T12:00:00Z".parse().unwrap(),
        built_at: "2026-11-28T13:00:00Z".parse().unwrap(),
        published_at: None,
        valid_until: until.map(|until| until.parse().unwrap()),
        tables: 3,
        rows: 4,
        policy: "abc".to_owned(),
        key_check: "def".to_owned(),
    };
    GoldenVersion {
        name: "shop".to_owned(),
        database: "shop".to_owned(),
        state,
        facts: (state != VersionStage::Unfinished).then_some(facts),
        bytes: Some(2 << 20),
        is_closed: state != VersionStage::Unfinished,
        is_over: false,
    }
}

#[test]
fn versions_are_rows_and_documents() {
    let found = version(VersionStage::Published, Some("2026-12-28T12:00:00Z"));
    let line = text(std::slice::from_ref(&found)).lines().nth(1).unwrap().to_owned();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(
        words,
        ["shop", "published", "shop", "2026-11-28T12:00:00Z", "2026-12-28T12:00:00Z", "3", "4", "2", "MB"]
    );
    let document = document(&found);
    assert_eq!((&document["state"], &document["golden_version"]), (&json!("published"), &json!("20261128120000")));
    let unfinished = version(VersionStage::Unfinished, None);
    assert_eq!(super::document(&unfinished)["rows"], Value::Null);
    assert!(problems(&unfinished).is_empty() && problems(&found).is_empty());
}

#[test]
fn ended_validity_and_open_database_are_problems_with_a_remedy() {
    let over = GoldenVersion { is_over: true, ..version(VersionStage::Published, Some("2026-11-29T00:00:00Z")) };
    let text = problems(&over).remove(0);
    assert!(text.starts_with("shop was valid until 2026-11-29T00:00:00Z; build and publish shop again"), "{text}");
    let open = GoldenVersion { is_closed: false, ..version(VersionStage::Built, None) };
    assert!(problems(&open).remove(0).contains("ALTER DATABASE shop ALLOW_CONNECTIONS false"));
}
