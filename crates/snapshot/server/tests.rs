use eod_golden::MarkedFacts;

use super::*;

#[test]
fn state_follows_from_mark_owner_and_comment() {
    let owner = |environment: &str, installation: &str| CloneOwner {
        environment: environment.parse().unwrap(),
        installation: installation.parse().unwrap(),
    };
    let mark = CloneMark {
        owner: owner("shop-pr-7", "acme"),
        golden: "shop".to_owned(),
        golden_version: "20261128120000".to_owned(),
        manifest: "0123456789abcdef".to_owned(),
        nonce: "n".to_owned(),
        begun_at: "2026-11-29T01:02:03Z".parse().unwrap(),
        size: None,
    };
    let open = CloneFacts { login: "shop_app".to_owned(), opened_at: mark.begun_at };
    let marked = |mark: &str, comment: &str| {
        let (mark, comment) = (mark.to_owned(), comment.to_owned());
        MarkedState::Marked(MarkedFacts { mark, exists: true, comment, is_open: true })
    };
    let of = |found| state(found, &owner("shop-pr-7", "acme"));
    assert_eq!(of(MarkedState::Absent), CloneState::Absent);
    assert_eq!(of(marked(&mark.comment(), "")), CloneState::Unfinished(mark.clone()));
    assert_eq!(of(marked(&mark.comment(), &open.comment())), CloneState::Open(mark.clone(), open));
    for (found, expected) in [
        (marked(&mark.comment(), "a comment of a person"), "not that of a clone"),
        (marked("eod golden 1 acme", ""), "does not have the mark"),
        (MarkedState::Foreign { reason: "no role".to_owned() }, "no role"),
    ] {
        let CloneState::Foreign { reason } = of(found) else { panic!("{expected}") };
        assert!(reason.contains(expected), "{reason}");
    }
    for other in [owner("shop-pr-8", "acme"), owner("shop-pr-7", "other")] {
        let CloneState::Foreign { reason } = state(marked(&mark.comment(), ""), &other) else { panic!("{other:?}") };
        assert!(reason.contains("environment `shop-pr-7` of installation `acme`"), "{reason}");
    }
}
