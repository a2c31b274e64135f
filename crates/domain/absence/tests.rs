use super::*;
use crate::ledger::return_reason;
use crate::ledger::{CreateRequest, EndRequest, EndStep, MadeBy, ReturnChange, ReturnReason, StepOutcome, Transitions};
use crate::tier::Tier;

const IDENTITY: &str = "github.com/acme/shop#7";

fn at(minute: i8) -> Timestamp {
    format!("2026-03-01T12:{minute:02}:00Z").parse().unwrap()
}

fn request() -> CreateRequest {
    let request = CreateRequest::new(IDENTITY, Tier::Full, MadeBy::Terraform, "run");
    CreateRequest { head_sha: Some("0123456".parse().unwrap()), ..request }
}

fn living() -> LedgerHead {
    let creating = Transitions::at(at(0)).create(None, &request()).unwrap();
    Transitions::at(at(0)).provisioned(&creating, 1, "u1").unwrap()
}

fn ending(reason: EndReason) -> LedgerHead {
    let uid = Some("u1".to_owned());
    let request = EndRequest { generation: 1, uid, reason, keep_vault: false, holder: "reaper".to_owned() };
    Transitions::at(at(10)).begin_end(&living(), &request).unwrap()
}

fn ended(reason: EndReason) -> LedgerHead {
    let mut head = ending(reason);
    for step in EndStep::ALL.iter().copied().filter(|step| *step != EndStep::Record) {
        head = Transitions::at(at(15)).step(&head, 1, "reaper", step, StepOutcome::Done).unwrap();
    }
    Transitions::at(at(20)).finish_end(&head, 1, "reaper").unwrap()
}

fn decide(presence: NamespacePresence, absence: Option<&Absence>, head: Option<&LedgerHead>) -> RefreshDecision {
    let identity = IDENTITY.parse().unwrap();
    let life = RememberedLife { identity: &identity, uid: Some("u1"), absence };
    refresh_decision(presence, &life, head, OnExpired::KeepAbsent)
}

fn absent(decision: RefreshDecision) -> Absence {
    let RefreshDecision::Absent(absence) = decision else { panic!("expected an absence, got {decision:?}") };
    absence
}

#[test]
fn recorded_end_makes_the_environment_absent() {
    for reason in
        [EndReason::Expired, EndReason::Closed, EndReason::BranchDeleted, EndReason::Unlabelled, EndReason::Requested]
    {
        let running = absent(decide(NamespacePresence::Terminating, None, Some(&ending(reason))));
        assert_eq!((running.ended_at, running.reason), (at(10), reason));
        let finished = absent(decide(NamespacePresence::Gone, None, Some(&ended(reason))));
        assert_eq!((finished.ended_at, finished.reason), (at(20), reason));
    }
}

#[test]
fn existing_environment_is_kept_also_if_an_end_is_recorded() {
    let head = ending(EndReason::Expired);
    assert_eq!(decide(NamespacePresence::Living, None, Some(&head)), RefreshDecision::Lives);
}

#[test]
fn deletion_without_an_end_of_this_life_leaves_the_state() {
    let own = ended(EndReason::Expired);
    for head in [
        None,
        Some(living()),
        Some(ended(EndReason::Destroyed)),
        Some(ended(EndReason::Lost)),
        Some(LedgerHead { identity: "github.com/other/shop#7".to_owned(), ..own.clone() }),
        Some(LedgerHead { uid: Some("u0".to_owned()), ..own.clone() }),
        Some(LedgerHead { uid: None, ..own.clone() }),
    ] {
        assert_eq!(decide(NamespacePresence::Gone, None, head.as_ref()), RefreshDecision::Leaves(None), "{head:?}");
        assert_eq!(decide(NamespacePresence::Terminating, None, head.as_ref()), RefreshDecision::Replace, "{head:?}");
    }
    let identity = IDENTITY.parse().unwrap();
    let failed = RememberedLife { identity: &identity, uid: None, absence: None };
    let decision = refresh_decision(NamespacePresence::Gone, &failed, Some(&own), OnExpired::KeepAbsent);
    assert_eq!(decision, RefreshDecision::Leaves(None), "a create that failed has no life");
}

#[test]
fn create_after_this_life_that_is_not_finished_is_a_return() {
    let request = CreateRequest { namespace_is_gone: true, ..request() };
    let returning = Transitions::at(at(30)).create(Some(&ended(EndReason::Expired)), &request).unwrap();
    for presence in [NamespacePresence::Gone, NamespacePresence::Terminating] {
        assert_eq!(decide(presence, None, Some(&returning)), RefreshDecision::Returning);
    }
    let first = Transitions::at(at(0)).create(None, &request).unwrap();
    let finished = Transitions::at(at(31)).provisioned(&returning, 2, "u2").unwrap();
    let other = LedgerHead { identity: "github.com/other/shop#7".to_owned(), ..returning.clone() };
    for head in [first, finished, other] {
        assert_eq!(decide(NamespacePresence::Gone, None, Some(&head)), RefreshDecision::Leaves(None), "{head:?}");
    }
    // A state that contains the end keeps the environment: the next apply is the return in place.
    let known = absent(decide(NamespacePresence::Gone, None, Some(&ended(EndReason::Expired))));
    assert_eq!(absent(decide(NamespacePresence::Gone, Some(&known), Some(&returning))), known);
}

#[test]
fn absence_stays_when_the_end_finishes_and_when_the_ledger_is_forgotten() {
    let running = absent(decide(NamespacePresence::Terminating, None, Some(&ending(EndReason::Expired))));
    let finished = absent(decide(NamespacePresence::Gone, Some(&running), Some(&ended(EndReason::Expired))));
    assert_eq!(finished.ended_at, running.ended_at, "an output with the time of the end does not change");
    for head in [None, Some(LedgerHead { uid: Some("u2".to_owned()), generation: 2, ..living() })] {
        assert_eq!(absent(decide(NamespacePresence::Gone, Some(&finished), head.as_ref())), finished);
    }
}

#[test]
fn lifted_tombstone_is_seen_by_the_next_refresh() {
    let finished = absent(decide(NamespacePresence::Gone, None, Some(&ended(EndReason::Closed))));
    assert_eq!(return_reason(&finished.tombstone, &ReturnChange::default()), None);
    let lifted = Transitions::at(at(30)).lift(&ended(EndReason::Closed), 1).unwrap();
    let seen = absent(decide(NamespacePresence::Gone, Some(&finished), Some(&lifted)));
    assert_eq!(return_reason(&seen.tombstone, &ReturnChange::default()), Some(ReturnReason::Lifted));
}

#[test]
fn recreate_removes_an_ended_environment_from_the_state() {
    let identity = IDENTITY.parse().unwrap();
    let life = RememberedLife { identity: &identity, uid: Some("u1"), absence: None };
    let head = ended(EndReason::Expired);
    let decision = refresh_decision(NamespacePresence::Gone, &life, Some(&head), OnExpired::Recreate);
    let RefreshDecision::Leaves(Some(absence)) = decision else { panic!("{decision:?}") };
    assert_eq!(absence.reason, EndReason::Expired);
}

#[test]
fn absence_is_stored_with_a_state() {
    let absence = absent(decide(NamespacePresence::Gone, None, Some(&ended(EndReason::Expired))));
    let text = serde_json::to_string(&absence).unwrap();
    assert_eq!(serde_json::from_str::<Absence>(&text).unwrap(), absence);
    assert_eq!("recreate".parse(), Ok(OnExpired::Recreate));
    assert_eq!(OnExpired::default().to_string(), "keep_absent");
    let error = "delete".parse::<OnExpired>().unwrap_err().to_string();
    assert_eq!(error, "unsupported value of `on_expired` `delete`: supported are keep_absent, recreate");
}
