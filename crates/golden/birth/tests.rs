use super::*;

#[test]
fn names_are_checked() {
    for name in ["shop", "shop_golden_2", "shop_2026", "next", &"a".repeat(41)] {
        let name = GoldenName::new(name).unwrap();
        let names = [name.next(), name.verify(), name.kept("20261128202501")];
        for database in &names {
            assert!(database.owner().len() <= 63 && database.owner().ends_with("_owner"));
            assert_eq!(GoldenName::of_owner(&database.owner()), Some((name.clone(), database.clone())));
            assert!(GoldenName::new(database.as_str()).is_err(), "{database}");
        }
        assert_eq!(GoldenName::of_owner(&name.owner()), Some((name.clone(), name.clone())));
    }
    let long = "a".repeat(42);
    for name in ["", "Shop", "2shop", "_shop", "a-b", "a b", "größe", "shop_next", "shop_20261128202501", &long] {
        assert!(GoldenName::new(name).unwrap_err().to_string().contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn state_follows_from_mark_owner_and_comment() {
    let row = |owner: Option<&str>, database: Option<(&str, &str)>| NameRow {
        owner_exists: owner.is_some(),
        owner_comment: owner.map(str::to_owned),
        database_exists: database.is_some(),
        database_owner: database.map(|(owner, _)| owner.to_owned()),
        database_comment: database.map(|(_, comment)| comment.to_owned()),
    };
    let state = |row: NameRow| state(&row, "shop_owner", "eod golden 1 acme");
    let mark = Some("eod golden 1 acme");
    let is_foreign = |row| matches!(state(row), GoldenState::Foreign { .. });
    assert_eq!(state(row(None, None)), GoldenState::Absent);
    assert_eq!(state(row(mark, None)), GoldenState::Unfinished);
    assert_eq!(state(row(mark, Some(("shop_owner", "")))), GoldenState::Unfinished);
    let facts = GoldenFacts {
        manifest: "0123456789abcdef".to_owned(),
        taken_at: "2026-11-28T20:25:01Z".parse().unwrap(),
        built_at: "2026-11-28T20:40:00Z".parse().unwrap(),
        published_at: None,
        valid_until: None,
        tables: 3,
        rows: 4,
        policy: "abc".to_owned(),
        key_check: "def".to_owned(),
    };
    let comment = facts.comment();
    assert_eq!(state(row(mark, Some(("shop_owner", &comment)))), GoldenState::Finished(facts));
    assert!(is_foreign(row(mark, Some(("shop_owner", "eod golden 1 finished {}")))), "a build must not remove it");
    assert!(is_foreign(row(None, Some(("app", &comment)))));
    assert!(is_foreign(row(mark, Some(("app", "")))));
    assert!(is_foreign(row(Some("eod golden 1 other"), None)));
    assert!(is_foreign(row(Some(""), Some(("shop_owner", "")))));
}
