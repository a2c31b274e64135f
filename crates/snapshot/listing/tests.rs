use super::*;
use crate::{
    contents::CloneContents,
    kept::{KeepPlan, KeptFacts},
    mark::{CloneFacts, CloneOwner, CloneSize},
    strategy::CloneStrategy,
};

fn at(minute: u8) -> Timestamp {
    format!("2026-11-29T01:{minute:02}:00Z").parse().unwrap()
}

fn found(comment: &str) -> FoundClone {
    let mark = CloneMark {
        owner: CloneOwner { environment: "shop-pr-7".parse().unwrap(), installation: "acme".parse().unwrap() },
        golden: "shop".to_owned(),
        golden_version: "20261128120000".to_owned(),
        manifest: "0123456789abcdef".to_owned(),
        nonce: "n".to_owned(),
        begun_at: at(0),
        size: Some(CloneSize { bytes: 100, strategy: CloneStrategy::Clone }),
    };
    let name = "shop_pr_7".parse().unwrap();
    FoundClone { name, mark, comment: comment.to_owned(), is_busy: false, exists: true, is_open: true }
}

fn usage(sessions: u64, connected_at: Option<Timestamp>) -> Option<UsageRow> {
    Some(UsageRow { database: "shop_pr_7".to_owned(), bytes: Some(130), sessions, connected_at })
}

#[test]
fn open_clone_has_its_size_and_its_last_connection() {
    let opened = CloneFacts { login: "shop_pr_7_app".to_owned(), opened_at: at(1) };
    let of = |connected_at, read_at| listed(found(&opened.comment()), usage(0, connected_at), read_at, at(9));
    let clone = of(None, None);
    assert_eq!((clone.state, clone.opened_at, clone.is_blocked), (CloneStage::Open, Some(at(1)), false));
    assert_eq!((clone.bytes, clone.own_bytes, clone.last_connection_at), (Some(130), Some(30), None));
    assert_eq!(of(Some(at(5)), Some(at(3))).last_connection_at, Some(at(5)));
    assert_eq!(of(None, Some(at(3))).last_connection_at, Some(at(3)));
    assert_eq!(of(None, Some(at(0))).last_connection_at, None, "a read before the opening");
    let blocked = FoundClone { is_open: false, ..found(&opened.comment()) };
    assert!(listed(blocked, usage(0, None), None, at(9)).is_blocked);
}

#[test]
fn kept_clone_is_over_at_its_end() {
    let opened = CloneFacts { login: "shop_pr_7_app".to_owned(), opened_at: at(1) };
    let (database, kept_as) = ("shop_pr_7".parse().unwrap(), "shop_pr_7_20261129010200".parse().unwrap());
    let plan = KeepPlan { database, kept_as, opened, closed_at: at(2), until: at(9) };
    let keeping = listed(found(&plan.comment()), None, None, at(8));
    assert_eq!((keeping.state, keeping.kept_until, keeping.is_over), (CloneStage::Keeping, Some(at(9)), false));
    let kept = KeptFacts { plan, contents: CloneContents { tables: 1, rows: 2, digest: "ab".to_owned() } };
    let kept = listed(FoundClone { is_open: false, ..found(&kept.comment()) }, None, None, at(9));
    assert_eq!((kept.state, kept.is_over, kept.is_blocked), (CloneStage::Kept, true, false));
}

#[test]
fn clone_without_a_comment_is_unfinished() {
    let clone = listed(FoundClone { exists: false, ..found("") }, None, None, at(9));
    assert_eq!((clone.state, clone.bytes, clone.own_bytes), (CloneStage::Unfinished, None, None));
    assert_eq!(listed(found("a person"), None, None, at(9)).state, CloneStage::Foreign);
}
