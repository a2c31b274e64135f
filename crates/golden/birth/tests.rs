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
fn state_follows_from_mark_and_comment() {
    let marked = |mark: &str, comment: &str| {
        let (mark, comment) = (mark.to_owned(), comment.to_owned());
        MarkedState::Marked(MarkedFacts { mark, exists: true, comment, is_open: false })
    };
    let of = |found: MarkedState| state(found, "shop_owner", "eod golden 1 acme");
    let is_foreign = |found| matches!(of(found), GoldenState::Foreign { .. });
    assert_eq!(of(MarkedState::Absent), GoldenState::Absent);
    assert_eq!(of(marked("eod golden 1 acme", "")), GoldenState::Unfinished);
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
    assert_eq!(of(marked("eod golden 1 acme", &comment)), GoldenState::Finished(facts));
    assert!(is_foreign(marked("eod golden 1 acme", "eod golden 1 finished {}")), "a build must not remove it");
    assert!(is_foreign(marked("eod golden 1 other", "")));
    assert!(is_foreign(marked("", "")));
    assert!(is_foreign(MarkedState::Foreign { reason: "role `shop_owner` does not exist".to_owned() }));
}
