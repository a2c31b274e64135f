use super::*;

#[test]
fn state_follows_from_the_roles_and_their_comments() {
    let database = MarkedDatabase {
        name: "shop".to_owned(),
        owner: "shop_owner".to_owned(),
        described: "database `shop`".to_owned(),
    };
    let row = |owner: Option<Option<&str>>, found: Option<(&str, &str)>| MarkedRow {
        owner_exists: owner.is_some(),
        owner_comment: owner.flatten().map(str::to_owned),
        database_exists: found.is_some(),
        database_owner: found.map(|(owner, _)| owner.to_owned()),
        database_comment: found.map(|(_, comment)| comment.to_owned()),
        is_open: found.map(|_| true),
    };
    let mark = Some(Some("eod mark"));
    let marked = |exists: bool, comment: &str| {
        let (mark, comment) = ("eod mark".to_owned(), comment.to_owned());
        MarkedState::Marked(MarkedFacts { mark, exists, comment, is_open: exists })
    };
    assert_eq!(database.state(row(None, None)), MarkedState::Absent);
    assert_eq!(database.state(row(mark, None)), marked(false, ""));
    assert_eq!(database.state(row(mark, Some(("shop_owner", "facts")))), marked(true, "facts"));
    for (foreign, reason) in [
        (row(None, Some(("app", ""))), "does not exist"),
        (row(Some(None), None), "has no mark"),
        (row(mark, Some(("app", ""))), "does not belong to role `shop_owner`"),
    ] {
        let MarkedState::Foreign { reason: found } = database.state(foreign) else { panic!("{reason}") };
        assert!(found.contains(reason), "{found}");
    }
}
