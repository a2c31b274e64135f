use jiff::Timestamp;

use super::*;
use crate::ledger::phase::{LedgerPhase, MadeBy};
use crate::tier::Tier;

fn tombstone() -> LedgerHead {
    let mut head = LedgerHead::new("#7", Tier::Full, MadeBy::Terraform, LedgerPhase::Ended, Timestamp::UNIX_EPOCH);
    head.head_sha = Some("0123456789abcdef".parse().unwrap());
    head
}

#[test]
fn an_ended_environment_returns_only_if_somebody_wants_it() {
    let sha = |text: &str| text.parse::<HeadSha>().unwrap();
    let (same, short, long, other) =
        (sha("0123456789abcdef"), sha("0123456"), sha("0123456789abcdef00"), sha("fedcba9"));
    for (change, reason) in [
        (ReturnChange::default(), None),
        (ReturnChange { head_sha: Some(&same), ..ReturnChange::default() }, None),
        (ReturnChange { head_sha: Some(&short), ..ReturnChange::default() }, None),
        (ReturnChange { head_sha: Some(&long), ..ReturnChange::default() }, None),
        (ReturnChange { head_sha: Some(&other), ..ReturnChange::default() }, Some(ReturnReason::Commit)),
        (ReturnChange { extended: true, ..ReturnChange::default() }, Some(ReturnReason::Extension)),
        (ReturnChange { recreate: true, ..ReturnChange::default() }, Some(ReturnReason::Recreate)),
    ] {
        assert_eq!(return_reason(&tombstone(), &change), reason, "{change:?}");
    }
    let lifted = LedgerHead { lifted: true, ..tombstone() };
    assert_eq!(return_reason(&lifted, &ReturnChange::default()), Some(ReturnReason::Lifted));
    let unknown = LedgerHead { head_sha: None, ..tombstone() };
    assert_eq!(return_reason(&unknown, &ReturnChange { head_sha: Some(&other), ..ReturnChange::default() }), None);
}
