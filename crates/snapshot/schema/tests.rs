use super::*;

#[test]
fn state_follows_from_role_mark_and_comment() {
    let owner = |environment: &str| CloneOwner {
        environment: environment.parse().unwrap(),
        installation: "acme".parse().unwrap(),
    };
    let at = "2026-11-29T01:02:03Z".parse().unwrap();
    let mark =
        SchemaMark { owner: owner("shop-pr-7"), database: "shared".to_owned(), nonce: "n".to_owned(), begun_at: at };
    let facts = CloneFacts { login: "eod_shop_pr_7_app".to_owned(), opened_at: at };
    let row = |mark: Option<&str>, schema_owner: Option<&str>, comment: Option<&str>| SchemaRow {
        role_exists: mark.is_some(),
        mark: mark.map(str::to_owned),
        schema_owner: schema_owner.map(str::to_owned),
        comment: comment.map(str::to_owned),
    };
    let of = |row| state(row, "role", &owner("shop-pr-7"), "shared");
    let comment = mark.comment();
    let ours = Some(comment.as_str());
    assert_eq!(of(row(None, None, None)), SchemaState::Absent);
    assert_eq!(of(row(ours, None, None)), SchemaState::Closed(mark.clone()));
    assert_eq!(of(row(ours, Some("role"), None)), SchemaState::Closed(mark.clone()));
    let open = open_comment(&facts);
    assert_eq!(of(row(ours, Some("role"), Some(&open))), SchemaState::Open(mark.clone(), facts));
    let elsewhere = SchemaMark { database: "other".to_owned(), ..mark.clone() }.comment();
    let neighbour = SchemaMark { owner: owner("shop-pr-8"), ..mark }.comment();
    for (found, expected) in [
        (row(None, Some("team"), None), "does not exist"),
        (row(ours, Some("team"), None), "does not belong to role `role`"),
        (row(Some("eod clone 1 {}"), Some("role"), None), "does not have the mark"),
        (row(Some(&neighbour), Some("role"), None), "environment `shop-pr-8`"),
        (row(Some(&elsewhere), None, None), "in database `other`"),
        (row(ours, Some("role"), Some("a person")), "not that of a schema"),
    ] {
        let SchemaState::Foreign { reason } = of(found) else { panic!("{expected}") };
        assert!(reason.contains(expected), "{reason}");
    }
}
