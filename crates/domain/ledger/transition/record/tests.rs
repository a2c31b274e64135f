use super::*;
use crate::ledger::{CreateRequest, EndRequest, MadeBy};
use crate::tier::Tier;

fn at(minute: i64) -> Transitions {
    Transitions::at(jiff::Timestamp::from_second(1_800_000_000 + minute * 60).unwrap())
}

fn live() -> LedgerHead {
    let request = CreateRequest {
        head_sha: Some("aaaaaaa".parse().unwrap()),
        ..CreateRequest::new("github.com/acme/shop#7", Tier::Lightweight, MadeBy::Terraform, "run-1")
    };
    let creating = at(0).create(None, &request).unwrap();
    at(0).provisioned(&creating, 1, "u1").unwrap()
}

fn ending(reason: EndReason, keep_vault: bool) -> LedgerHead {
    let request =
        EndRequest { generation: 1, uid: Some("u1".to_owned()), reason, keep_vault, holder: "run-1".to_owned() };
    at(1).begin_end(&live(), &request).unwrap()
}

fn ended(reason: EndReason, keep_vault: bool) -> LedgerHead {
    let mut head = ending(reason, keep_vault);
    while let Some(step) = head.next_steps().into_iter().find(|step| *step != EndStep::Record) {
        head = at(1).step(&head, 1, "run-1", step, StepOutcome::Done).unwrap();
    }
    at(1).finish_end(&head, 1, "run-1").unwrap()
}

#[test]
fn facts_are_recorded_in_the_current_generation_only() {
    let label = TriggerLabelRecord { seen: true, removed_by_us: false };
    let tier = Tier::Compliance;
    let facts = LifeFacts { head_sha: Some("bbbbbbb".parse().unwrap()), label: Some(label), tier: Some(tier) };
    let head = at(2).record(&live(), 1, facts.clone()).unwrap();
    assert_eq!((head.head_sha, head.label, head.phase), (facts.head_sha.clone(), label, LedgerPhase::Live));
    assert_eq!(head.tier, tier);
    assert_eq!(at(2).record(&live(), 1, LifeFacts::default()).unwrap(), live());
    assert_eq!(at(2).record(&live(), 2, facts), Err(TransitionError::Stale { requested: 2, current: 1 }));
}

#[test]
fn announced_environment_waits_for_nothing_and_is_created_in_the_first_generation() {
    let announced = at(0).announced();
    assert_eq!((announced.phase, announced.generation), (LedgerPhase::Queued, 0));
    assert_eq!(crate::ledger::place_in_queue(&announced, at(0).now), None);
    let request = CreateRequest {
        namespace_is_gone: true,
        ..CreateRequest::new("github.com/acme/shop#7", Tier::Full, MadeBy::Terraform, "run-1")
    };
    let created = at(1).create(Some(&announced), &request).unwrap();
    assert_eq!((created.generation, created.tier, created.identity), (1, Tier::Full, request.identity.clone()));
    let queued = at(1).queue(Some(&announced), &request).unwrap();
    assert_eq!((queued.generation, queued.queued_at), (0, Some(at(1).now)));
    assert_eq!(at(1).adopt(Some(&announced), &request, "u1").unwrap().generation, 1);
}

#[test]
fn released_end_is_continued_at_once() {
    let head = ending(EndReason::Expired, false);
    assert!(matches!(at(2).resume_end(&head, 1, "run-2"), Err(TransitionError::Held { .. })));
    assert!(matches!(at(2).release_end(&head, 1, "run-2"), Err(TransitionError::Held { .. })));
    let released = at(2).release_end(&head, 1, "run-1").unwrap();
    assert_eq!((&released.holder, released.beat, released.steps.clone()), (&None, None, head.steps));
    assert_eq!(at(2).resume_end(&released, 1, "run-2").unwrap().holder.as_deref(), Some("run-2"));
    assert!(matches!(at(2).release_end(&live(), 1, "run-1"), Err(TransitionError::Phase { .. })));
}

#[test]
fn steps_kept_for_an_open_pull_request_are_taken_up_after_it_is_closed() {
    let expired = ended(EndReason::Expired, false);
    assert_eq!(expired.kept_until_closed(), [EndStep::Vault]);
    let next = at(3).end_kept(&expired, 1, None).unwrap();
    assert_eq!((next.left(), next.phase), (vec![EndStep::Vault], LedgerPhase::Ended));
    assert_eq!(next.reason, Some(EndReason::Expired), "no forge has reported a close");
    let done = at(3).step(&next, 1, "run-3", EndStep::Vault, StepOutcome::Done).unwrap();
    assert!(done.left().is_empty() && done.kept_until_closed().is_empty());
    let lost = [EndStep::Dns, EndStep::Database, EndStep::Vault, EndStep::Objects];
    assert_eq!(ended(EndReason::Lost, false).kept_until_closed(), lost);
    let kept_again = LedgerHead { reason: Some(EndReason::Destroyed), ..expired };
    assert_eq!(kept_again.kept_until_closed(), [EndStep::Vault]);
}

#[test]
fn late_create_of_an_expired_environment_is_refused_after_the_close_of_its_pull_request() {
    let late = CreateRequest {
        head_sha: Some("aaaaaaa".parse().unwrap()),
        namespace_is_gone: true,
        ..CreateRequest::new("github.com/acme/shop#7", Tier::Lightweight, MadeBy::Terraform, "run-2")
    };
    let expired = ended(EndReason::Expired, false);
    assert!(at(2).create(Some(&expired), &late).is_ok());
    for reason in [EndReason::Closed, EndReason::BranchDeleted] {
        let closed = at(2).end_kept(&expired, 1, Some(reason)).unwrap();
        assert_eq!(at(3).create(Some(&closed), &late), Err(TransitionError::Tombstone { reason }));
    }
    let lost = at(2).end_kept(&ended(EndReason::Lost, false), 1, Some(EndReason::Closed)).unwrap();
    assert_eq!(lost.reason, Some(EndReason::Lost), "its steps depend on its reason");
    // An end that has kept nothing.
    let closed = at(2).record_close(&expired, 1, EndReason::Closed).unwrap();
    assert_eq!(closed.steps, expired.steps);
    assert_eq!(at(3).create(Some(&closed), &late), Err(TransitionError::Tombstone { reason: EndReason::Closed }));
    assert!(matches!(at(3).record_close(&lost, 1, EndReason::Closed), Err(TransitionError::Phase { .. })));
    assert!(matches!(at(3).record_close(&expired, 2, EndReason::Closed), Err(TransitionError::Stale { .. })));
}

#[test]
fn copies_that_a_person_keeps_stay_kept() {
    for reason in [EndReason::Requested, EndReason::Expired, EndReason::Closed, EndReason::Destroyed] {
        let ended = ended(reason, true);
        assert_eq!(ended.steps[&EndStep::Vault], StepOutcome::Kept);
        assert!(ended.keeps_vault && ended.kept_until_closed().is_empty(), "{reason}");
        assert!(matches!(at(3).end_kept(&ended, 1, None), Err(TransitionError::Phase { .. })));
    }
    let lost = ended(EndReason::Lost, true);
    assert_eq!(lost.kept_until_closed(), [EndStep::Dns, EndStep::Database, EndStep::Objects]);
    assert!(ending(EndReason::Expired, false).kept_until_closed().is_empty(), "the end is not finished");
}

#[test]
fn copies_stay_at_the_end_of_a_life_whose_person_asked_for_it() {
    let head = at(1).keep_vault(&live(), 1).unwrap();
    assert!(head.keeps_vault && head.left().is_empty() && !live().keeps_vault);
    let request = EndRequest {
        generation: 1,
        uid: Some("u1".to_owned()),
        reason: EndReason::Requested,
        keep_vault: false,
        holder: "run-2".to_owned(),
    };
    let ending = at(2).begin_end(&head, &request).unwrap();
    assert_eq!(ending.steps[&EndStep::Vault], StepOutcome::Kept);
    // The request stays after a cancelled end, so the wish stays, too.
    let cancelled = at(3).cancel_end(&ending, 1, "run-2", true).unwrap();
    let again = at(4).begin_end(&cancelled, &request).unwrap();
    assert_eq!(again.steps[&EndStep::Vault], StepOutcome::Kept);
    let next_life = CreateRequest {
        namespace_is_gone: true,
        ..CreateRequest::new("github.com/acme/shop#7", Tier::Lightweight, MadeBy::Terraform, "run-3")
    };
    assert!(!at(5).create(Some(&head), &next_life).unwrap().keeps_vault, "the wish is for one life");
    assert!(!at(5).adopt(Some(&head), &next_life, "u2").unwrap().keeps_vault);
    assert!(matches!(at(3).keep_vault(&ending, 1), Err(TransitionError::Phase { .. })));
    assert_eq!(at(3).keep_vault(&live(), 2), Err(TransitionError::Stale { requested: 2, current: 1 }));
}

#[test]
fn lift_that_is_taken_back_refuses_the_commit_again() {
    let tombstone = ended(EndReason::Closed, false);
    let late = CreateRequest {
        head_sha: Some("aaaaaaa".parse().unwrap()),
        namespace_is_gone: true,
        ..CreateRequest::new("github.com/acme/shop#7", Tier::Lightweight, MadeBy::Terraform, "run-2")
    };
    let lifted = at(2).lift(&tombstone, 1).unwrap();
    assert!(at(3).create(Some(&lifted), &late).is_ok());
    let taken_back = at(3).unlift(&lifted, 1).unwrap();
    assert_eq!(taken_back, tombstone);
    let refused = TransitionError::Tombstone { reason: EndReason::Closed };
    assert_eq!(at(4).create(Some(&taken_back), &late), Err(refused));
    assert!(at(4).unlift(&taken_back, 1).is_err(), "it is not lifted");
    assert!(at(4).unlift(&live(), 1).is_err(), "it lives");
    assert_eq!(at(4).unlift(&lifted, 2), Err(TransitionError::Stale { requested: 2, current: 1 }));
}
