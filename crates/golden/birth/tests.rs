use super::*;

#[test]
fn names_are_checked() {
    for name in ["shop", "shop_golden_2", &"a".repeat(56)] {
        let name = GoldenName::new(name).unwrap();
        assert!(name.owner().len() <= 63 && name.owner().ends_with("_owner"));
    }
    for name in ["", "Shop", "2shop", "_shop", "a-b", "a b", "größe", &"a".repeat(57)] {
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
    let finished = GoldenState::Finished { manifest: "0123".to_owned() };
    assert_eq!(state(row(mark, Some(("shop_owner", "eod golden 1 finished 0123")))), finished);
    assert!(is_foreign(row(None, Some(("app", "eod golden 1 finished 0123")))));
    assert!(is_foreign(row(mark, Some(("app", "")))));
    assert!(is_foreign(row(Some("eod golden 1 other"), None)));
    assert!(is_foreign(row(Some(""), Some(("shop_owner", "")))));
}
