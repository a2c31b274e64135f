use eod_domain::Tier;
use eod_domain::ledger::{CreateRequest, EndReason, LedgerPhase, MadeBy, Transitions};

use super::*;

#[test]
fn lifted_end_is_not_shown_as_absent_until_it_is_lifted() {
    let now = "2026-08-01T12:00:00Z".parse().unwrap();
    let request = CreateRequest::new("github.com/acme/shop#1", Tier::Full, MadeBy::Terraform, "run");
    let head = Transitions::at(now).create(None, &request).unwrap();
    let ended = LedgerHead { phase: LedgerPhase::Ended, reason: Some(EndReason::Closed), ..head };
    let text =
        |head: &LedgerHead| outlook(&EnvironmentView::absent("shop-pr-1", head, None), Some(head), None).unwrap();
    assert!(text(&ended).contains("`eod wake shop-pr-1` lifts its end"), "{}", text(&ended));
    let lifted = LedgerHead { lifted: true, ..ended };
    assert_eq!(text(&lifted), "its end is lifted, so the next apply or sync of its configuration brings it back");
}
