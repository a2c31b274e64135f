use proptest::prelude::*;

use super::*;

const SHOP: &str = "github.com/acme/shop#7";

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn on(minute: i64) -> Transitions {
    Transitions::at(at(minute))
}

fn request(holder: &str) -> CreateRequest {
    CreateRequest {
        head_sha: Some("0123456789abcdef".parse().unwrap()),
        ..CreateRequest::new(SHOP, Tier::Full, MadeBy::Terraform, holder)
    }
}

fn end(generation: u64, reason: EndReason) -> EndRequest {
    EndRequest { generation, uid: Some("u1".to_owned()), reason, keep_vault: false, holder: "reaper".to_owned() }
}

fn live() -> LedgerHead {
    let creating = on(0).create(None, &request("run")).unwrap();
    on(1).provisioned(&creating, 1, "u1").unwrap()
}

fn ending(reason: EndReason) -> LedgerHead {
    on(10).begin_end(&live(), &end(1, reason)).unwrap()
}

/// Records the steps of an end up to and with `last` as done.
fn after(head: &LedgerHead, last: EndStep) -> LedgerHead {
    let mut head = head.clone();
    while let Some(step) = head.next_steps().first().copied().filter(|step| *step <= last) {
        head = on(11).step(&head, head.generation, "reaper", step, StepOutcome::Done).unwrap();
    }
    head
}

fn ended(reason: EndReason) -> LedgerHead {
    on(12).finish_end(&after(&ending(reason), EndStep::Objects), 1, "reaper").unwrap()
}

#[test]
fn a_life_goes_from_create_to_tombstone() {
    let creating = on(0).create(None, &request("run")).unwrap();
    assert_eq!(
        (creating.phase, creating.generation, creating.holder.as_deref()),
        (LedgerPhase::Creating, 1, Some("run"))
    );
    let live = on(1).provisioned(&creating, 1, "u1").unwrap();
    assert_eq!(on(9).provisioned(&live, 1, "u1").unwrap(), live, "the reaper may have recorded it already");
    assert!(on(9).provisioned(&live, 1, "u2").is_err());
    assert_eq!(
        (live.phase, live.uid.as_deref(), live.since, &live.holder),
        (LedgerPhase::Live, Some("u1"), at(1), &None)
    );
    let ending = on(10).begin_end(&live, &end(1, EndReason::Closed)).unwrap();
    assert_eq!((ending.phase, ending.reason, ending.generation), (LedgerPhase::Ending, Some(EndReason::Closed), 1));
    assert_eq!(ending.next_steps(), [EndStep::Snapshot]);
    let ended = ended(EndReason::Closed);
    assert_eq!((ended.phase, ended.reason, ended.left()), (LedgerPhase::Ended, Some(EndReason::Closed), Vec::new()));
    assert_eq!(ended.uid.as_deref(), Some("u1"), "a refresh recognises its own namespace in the tombstone");
}

#[test]
fn an_interrupted_create_is_continued_by_its_run_or_after_silence() {
    let creating = on(0).create(None, &request("one")).unwrap();
    assert_eq!(on(1).create(Some(&creating), &request("one")).unwrap().generation, 1);
    let error = on(14).create(Some(&creating), &request("two")).unwrap_err();
    assert_eq!(
        error,
        TransitionError::Held { holder: "one".to_owned(), phase: LedgerPhase::Creating, silent: 14 * 60 }
    );
    let taken = on(15).create(Some(&creating), &request("two")).unwrap();
    assert_eq!((taken.generation, taken.holder.as_deref()), (1, Some("two")));
    let beaten = on(14).beat(&creating, 1, "one").unwrap();
    assert!(on(28).create(Some(&beaten), &request("two")).is_err(), "a heartbeat counts");
    assert!(on(14).beat(&creating, 1, "two").is_err());
}

#[test]
fn another_identity_is_an_obstacle_only_while_it_lives() {
    let other = CreateRequest { identity: "github.com/other/shop#7".to_owned(), ..request("run") };
    for head in [live(), ending(EndReason::Expired), on(0).create(None, &request("x")).unwrap()] {
        let error = on(60).create(Some(&head), &other).unwrap_err();
        assert!(matches!(error, TransitionError::OtherIdentity { .. }), "{error}");
    }
    let next = on(60).create(Some(&ended(EndReason::Closed)), &other).unwrap();
    assert_eq!((next.generation, next.identity.as_str()), (2, "github.com/other/shop#7"));
}

#[test]
fn a_living_environment_is_not_created_again_unless_its_namespace_is_gone() {
    assert_eq!(on(5).create(Some(&live()), &request("run")), Err(TransitionError::AlreadyLives(1)));
    let lost = CreateRequest { namespace_is_gone: true, ..request("run") };
    let next = on(5).create(Some(&live()), &lost).unwrap();
    assert_eq!((next.generation, next.phase, next.uid), (2, LedgerPhase::Creating, None));
}

#[test]
fn a_namespace_without_a_ledger_is_adopted_as_a_new_life() {
    let first = on(0).adopt(None, &request("reaper"), "u1").unwrap();
    assert_eq!((first.phase, first.generation, first.uid.as_deref()), (LedgerPhase::Live, 1, Some("u1")));
    assert_eq!(on(1).adopt(Some(&first), &request("reaper"), "u1"), Err(TransitionError::AlreadyLives(1)));
    let again = on(2).adopt(Some(&first), &request("reaper"), "u2").unwrap();
    assert_eq!((again.generation, again.uid.as_deref()), (2, Some("u2")), "created again by others");
    let tombstone = ended(EndReason::Closed);
    assert_eq!(on(60).adopt(Some(&tombstone), &request("reaper"), "u2").unwrap().generation, 2);
    assert!(matches!(on(60).adopt(Some(&tombstone), &request("reaper"), "u1"), Err(TransitionError::Phase { .. })));
    let other = CreateRequest { identity: "github.com/other/shop#7".to_owned(), ..request("reaper") };
    assert_eq!(on(60).adopt(Some(&tombstone), &other, "u2").unwrap().identity, "github.com/other/shop#7");
    assert!(matches!(on(60).adopt(Some(&first), &other, "u2"), Err(TransitionError::OtherIdentity { .. })));
    let creating = on(0).create(None, &request("run")).unwrap();
    assert!(matches!(on(5).adopt(Some(&creating), &request("reaper"), "u1"), Err(TransitionError::Held { .. })));
    assert_eq!(on(15).adopt(Some(&creating), &request("reaper"), "u1").unwrap().generation, 1);
}

#[test]
fn a_return_waits_for_a_running_end_and_takes_over_a_silent_one() {
    let ending = ending(EndReason::Expired);
    assert!(matches!(on(24).create(Some(&ending), &request("run")), Err(TransitionError::Held { .. })));
    let next = on(25).create(Some(&ending), &request("run")).unwrap();
    assert_eq!((next.generation, next.phase, next.reason), (2, LedgerPhase::Creating, None));
    assert!(next.steps.is_empty(), "steps that have not begun are dropped");
    let stale = on(26).step(&next, 1, "reaper", EndStep::Dns, StepOutcome::Done).unwrap_err();
    assert_eq!(stale, TransitionError::Stale { requested: 1, current: 2 });
}

#[test]
fn a_destroy_does_not_delay_a_create_once_its_namespace_is_gone() {
    let destroying = ending(EndReason::Destroyed);
    let gone = CreateRequest { namespace_is_gone: true, ..request("run") };
    assert!(matches!(on(11).create(Some(&destroying), &request("run")), Err(TransitionError::Held { .. })));
    let next = on(11).create(Some(&destroying), &gone).unwrap();
    assert_eq!((next.generation, next.phase), (2, LedgerPhase::Creating));
    assert!(matches!(on(11).create(Some(&ending(EndReason::Expired)), &gone), Err(TransitionError::Held { .. })));
}

#[test]
fn a_finished_destroy_leaves_the_rest_to_the_reaper() {
    for before in [live(), on(0).create(None, &request("reaper")).unwrap()] {
        let ending = on(10).begin_end(&before, &end(1, EndReason::Destroyed)).unwrap();
        let ended = on(11).finish_destroy(&ending, 1, "reaper").unwrap();
        assert_eq!((ended.phase, ended.reason), (LedgerPhase::Ended, Some(EndReason::Destroyed)));
        assert_eq!(ended.left(), [EndStep::Database, EndStep::Objects]);
        assert_eq!(ended.kept_until_closed(), [EndStep::Vault]);
        assert!(on(11).finish_destroy(&ending, 1, "another").is_err());
        assert_eq!(on(12).create(Some(&ended), &request("run")).unwrap().generation, 2);
    }
}

#[test]
fn a_closed_tombstone_refuses_a_late_create_of_the_same_commit() {
    let other_commit = CreateRequest { head_sha: Some("fedcba9876543210".parse().unwrap()), ..request("run") };
    let short = CreateRequest { head_sha: Some("0123456".parse().unwrap()), ..request("run") };
    let no_commit = CreateRequest { head_sha: None, ..request("run") };
    let lifted = CreateRequest { lifted: true, ..request("run") };
    for reason in [EndReason::Closed, EndReason::BranchDeleted] {
        let tombstone = ended(reason);
        for late in [&request("run"), &short, &no_commit] {
            assert_eq!(on(60).create(Some(&tombstone), late), Err(TransitionError::Tombstone { reason }));
            assert_eq!(on(60).queue(Some(&tombstone), late), Err(TransitionError::Tombstone { reason }));
        }
        assert_eq!(on(60).create(Some(&tombstone), &other_commit).unwrap().generation, 2);
        assert_eq!(on(60).create(Some(&tombstone), &lifted).unwrap().generation, 2);
        let woken = on(59).lift(&tombstone, 1).unwrap();
        let next = on(60).create(Some(&woken), &request("run")).unwrap();
        assert_eq!((next.generation, next.lifted), (2, false));
    }
    for reason in [EndReason::Expired, EndReason::Unlabelled, EndReason::Requested, EndReason::Destroyed] {
        assert!(on(60).create(Some(&ended(reason)), &request("run")).is_ok(), "{reason}");
    }
}

#[test]
fn an_end_is_begun_once_and_only_for_the_namespace_of_the_decision() {
    let live = live();
    assert!(matches!(on(9).begin_end(&live, &end(2, EndReason::Closed)), Err(TransitionError::Stale { .. })));
    let other = EndRequest { uid: Some("u2".to_owned()), ..end(1, EndReason::Closed) };
    assert!(matches!(on(9).begin_end(&live, &other), Err(TransitionError::OtherNamespace { .. })));
    for head in [ending(EndReason::Closed), ended(EndReason::Closed)] {
        assert!(matches!(on(13).begin_end(&head, &end(1, EndReason::Closed)), Err(TransitionError::Phase { .. })));
    }
    let creating = on(0).create(None, &request("run")).unwrap();
    assert!(matches!(on(9).begin_end(&creating, &end(1, EndReason::Expired)), Err(TransitionError::Held { .. })));
    assert!(on(15).begin_end(&creating, &end(1, EndReason::Expired)).is_ok(), "an interrupted create expires, too");
}

#[test]
fn an_end_is_resumed_by_its_run_or_after_silence() {
    let ending = ending(EndReason::Closed);
    assert!(on(11).resume_end(&ending, 1, "reaper").is_ok());
    assert!(matches!(on(24).resume_end(&ending, 1, "two"), Err(TransitionError::Held { .. })));
    let resumed = on(25).resume_end(&ending, 1, "two").unwrap();
    assert_eq!(resumed.steps, ending.steps, "the steps stay as they are");
    let late = on(26).step(&resumed, 1, "reaper", EndStep::Snapshot, StepOutcome::Done).unwrap_err();
    assert!(matches!(late, TransitionError::Held { .. }), "the first run has lost the end");
    assert!(matches!(on(26).resume_end(&live(), 1, "two"), Err(TransitionError::Phase { .. })));
}

#[test]
fn heartbeat_of_a_clock_that_was_set_back_does_not_hold_an_end() {
    let ending = ending(EndReason::Closed);
    assert!(matches!(on(8).resume_end(&ending, 1, "two"), Err(TransitionError::Held { .. })), "at most two minutes");
    let resumed = on(7).resume_end(&ending, 1, "two").unwrap();
    assert_eq!(resumed.beat, Some(at(7)));
    let creating = on(10).create(None, &request("run")).unwrap();
    assert!(!creating.is_silent(at(8)) && creating.is_silent(at(7)));
}

#[test]
fn steps_are_recorded_in_order_and_stay_settled() {
    let ending = ending(EndReason::Closed);
    let early = on(11).step(&ending, 1, "reaper", EndStep::Vault, StepOutcome::Done).unwrap_err();
    assert_eq!(early, TransitionError::StepOrder { step: EndStep::Vault, missing: EndStep::Namespace });
    let done = on(11).step(&ending, 1, "reaper", EndStep::Snapshot, StepOutcome::Done).unwrap();
    let again = on(12).step(&done, 1, "reaper", EndStep::Snapshot, StepOutcome::Failed).unwrap();
    assert_eq!(again.steps[&EndStep::Snapshot], StepOutcome::Done);
    assert!(on(12).finish_end(&done, 1, "reaper").is_err(), "the namespace is not gone");
}

#[test]
fn steps_that_an_end_leaves_are_tried_again_after_it() {
    let gone = after(&ending(EndReason::Closed), EndStep::Namespace);
    let ended = on(12).finish_end(&gone, 1, "reaper").unwrap();
    assert_eq!(
        (ended.phase, ended.left()),
        (LedgerPhase::Ended, vec![EndStep::Database, EndStep::Vault, EndStep::Objects])
    );
    let queued = on(98).queue(Some(&on(98).lift(&ended, 1).unwrap()), &request("run")).unwrap();
    assert_eq!(queued.left(), ended.left(), "waiting for a place forgets nothing");
    let later = on(99).step(&ended, 1, "next-run", EndStep::Vault, StepOutcome::Done).unwrap();
    assert_eq!((later.phase, later.left()), (LedgerPhase::Ended, vec![EndStep::Database, EndStep::Objects]));
}

#[test]
fn an_end_is_cancelled_only_before_something_is_deleted() {
    let ending = ending(EndReason::Closed);
    // DNS records are created again by the next apply, so their deletion does not prevent it.
    for last in [EndStep::Ledger, EndStep::Snapshot, EndStep::TriggerLabel, EndStep::HandOver, EndStep::Dns] {
        let cancelled = on(12).cancel_end(&after(&ending, last), 1, "reaper", true).unwrap();
        assert_eq!((cancelled.phase, cancelled.reason, cancelled.generation), (LedgerPhase::Live, None, 1), "{last}");
    }
    for last in [EndStep::Namespace, EndStep::Vault] {
        let error = on(12).cancel_end(&after(&ending, last), 1, "reaper", true).unwrap_err();
        assert!(matches!(error, TransitionError::TooLate(EndStep::Namespace)), "{last}: {error}");
    }
    assert!(matches!(on(12).cancel_end(&ending, 1, "two", true), Err(TransitionError::Held { .. })));
    let interrupted = on(12).cancel_end(&ending, 1, "reaper", false).unwrap();
    assert_eq!(interrupted.phase, LedgerPhase::Creating, "an interrupted create is still one");
}

#[test]
fn the_first_refusal_counts_in_the_queue_for_an_hour() {
    let queued = on(0).queue(None, &request("one")).unwrap();
    assert_eq!((queued.phase, queued.generation, queued.queued_at), (LedgerPhase::Queued, 0, Some(at(0))));
    let again = on(59).queue(Some(&queued), &request("two")).unwrap();
    assert_eq!(again.queued_at, Some(at(0)), "requested again within an hour");
    let later = on(118).queue(Some(&again), &request("two")).unwrap();
    assert_eq!(later.queued_at, Some(at(0)));
    let late = on(178).queue(Some(&later), &request("two")).unwrap();
    assert_eq!(late.queued_at, Some(at(178)), "the place is lost after an hour");
    let other = CreateRequest { identity: "github.com/other/shop#7".to_owned(), ..request("two") };
    let taken = on(179).queue(Some(&late), &other).unwrap();
    assert_eq!(taken.queued_at, Some(at(179)), "another identity does not inherit the place");
    let created = on(180).create(Some(&late), &request("two")).unwrap();
    assert_eq!((created.phase, created.generation, created.queued_at), (LedgerPhase::Creating, 1, None));
    // A create that is over the maximum after its claim goes back to the queue.
    let back = on(181).queue(Some(&created), &request("two")).unwrap();
    assert_eq!((back.phase, back.generation, back.holder), (LedgerPhase::Queued, 1, None));
    assert!(matches!(on(5).queue(Some(&live()), &request("run")), Err(TransitionError::Phase { .. })));
}

#[test]
fn queued_return_keeps_the_reason_and_the_steps_of_its_end() {
    let expired = ended(EndReason::Expired);
    let queued = on(20).queue(Some(&expired), &request("run")).unwrap();
    assert_eq!((queued.phase, queued.generation, queued.reason), (LedgerPhase::Queued, 1, Some(EndReason::Expired)));
    assert_eq!(queued.steps, expired.steps);
    let again = on(21).queue(Some(&queued), &request("run")).unwrap();
    assert_eq!((again.reason, &again.steps), (Some(EndReason::Expired), &expired.steps));
    let created = on(22).create(Some(&again), &request("run")).unwrap();
    assert_eq!((created.generation, created.reason, created.steps.len()), (2, None, 0));
}

#[test]
fn queued_return_that_was_allowed_once_is_not_refused_at_the_next_try() {
    let woken = on(59).lift(&ended(EndReason::Closed), 1).unwrap();
    let requested = CreateRequest { lifted: true, ..request("run") };
    for queued in [
        on(60).queue(Some(&woken), &request("run")).unwrap(),
        on(60).queue(Some(&ended(EndReason::Closed)), &requested).unwrap(),
    ] {
        let again = on(61).queue(Some(&queued), &request("run")).unwrap();
        assert_eq!((again.queued_at, again.beat), (Some(at(60)), Some(at(61))));
        assert_eq!(on(62).create(Some(&again), &request("run")).unwrap().generation, 2);
        let end = EndRequest { uid: None, ..end(1, EndReason::Closed) };
        let closed = on(63).begin_end(&again, &end).unwrap();
        assert_eq!((closed.phase, closed.reason), (LedgerPhase::Ending, Some(EndReason::Closed)));
    }
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Create { holder: u8, other: bool, gone: bool, commit: bool },
    Provisioned,
    Queue,
    BeginEnd(u8),
    Resume(u8),
    Step(usize, bool),
    Cancel,
    Finish,
    Lift,
    Unlift,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0_u8..3, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(holder, other, gone, commit)| Move::Create {
            holder,
            other,
            gone,
            commit
        }),
        Just(Move::Provisioned),
        Just(Move::Queue),
        (0_u8..7).prop_map(Move::BeginEnd),
        (0_u8..3).prop_map(Move::Resume),
        (0_usize..11, any::<bool>()).prop_map(|(step, done)| Move::Step(step, done)),
        Just(Move::Cancel),
        Just(Move::Finish),
        Just(Move::Lift),
        Just(Move::Unlift),
    ]
}

fn apply(head: Option<&LedgerHead>, step: Move, now: Transitions) -> Result<LedgerHead, TransitionError> {
    let none = TransitionError::NoLedger;
    let generation = head.map_or(0, |head| head.generation);
    let holder = head.and_then(|head| head.holder.clone()).unwrap_or_default();
    match step {
        Move::Create { holder, other, gone, commit } => {
            let mut request = CreateRequest { namespace_is_gone: gone, ..request(&format!("run-{holder}")) };
            if other {
                request.identity = "github.com/other/shop#7".to_owned();
            }
            if commit {
                request.head_sha = Some("fedcba9876543210".parse().unwrap());
            }
            now.create(head, &request)
        }
        Move::Queue => now.queue(head, &request("run-0")),
        Move::Provisioned => now.provisioned(head.ok_or(none)?, generation, "u1"),
        Move::BeginEnd(reason) => {
            let reason = EndReason::ALL[usize::from(reason)];
            now.begin_end(head.ok_or(none)?, &EndRequest { uid: None, ..end(generation, reason) })
        }
        Move::Resume(holder) => now.resume_end(head.ok_or(none)?, generation, &format!("run-{holder}")),
        Move::Step(step, done) => {
            let outcome = if done { StepOutcome::Done } else { StepOutcome::Failed };
            now.step(head.ok_or(none)?, generation, &holder, EndStep::ALL[step], outcome)
        }
        Move::Cancel => now.cancel_end(head.ok_or(none)?, generation, &holder, true),
        Move::Finish => now.finish_end(head.ok_or(none)?, generation, &holder),
        Move::Lift => now.lift(head.ok_or(none)?, generation),
        Move::Unlift => now.unlift(head.ok_or(none)?, generation),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Over any schedule: generations only grow, the namespace goes before what it uses, and nothing deleted lives again
    /// without a new generation.
    #[test]
    fn every_schedule_keeps_the_invariants(schedule in proptest::collection::vec((moves(), 0_i64..40), 0..60)) {
        let (mut head, mut minute): (Option<LedgerHead>, i64) = (None, 0);
        for (step, wait) in schedule {
            minute += wait;
            let Ok(next) = apply(head.as_ref(), step, on(minute)) else { continue };
            if let Some(before) = &head {
                prop_assert!(next.generation >= before.generation);
                prop_assert!(next.generation <= before.generation + 1);
                let deleted = before.steps.get(&EndStep::Namespace) == Some(&StepOutcome::Done);
                if deleted && next.generation == before.generation {
                    prop_assert!(matches!(next.phase, LedgerPhase::Ending | LedgerPhase::Ended | LedgerPhase::Queued), "{:?} {:?}", before, next);
                }
                if next.identity != before.identity {
                    prop_assert!(matches!(before.phase, LedgerPhase::Queued | LedgerPhase::Ended));
                }
            }
            for step in [EndStep::Database, EndStep::Vault, EndStep::Objects, EndStep::Record] {
                if next.steps.get(&step) == Some(&StepOutcome::Done) {
                    prop_assert!(next.steps[&EndStep::Namespace].is_settled());
                }
            }
            prop_assert!(next.reason.is_some() || !next.is_absent());
            prop_assert!(next.reason.is_none() || next.is_absent() || next.phase == LedgerPhase::Queued);
            prop_assert_eq!(LedgerHead::from_json(&next.to_json().unwrap()).unwrap(), next.clone());
            head = Some(next);
        }
    }
}
