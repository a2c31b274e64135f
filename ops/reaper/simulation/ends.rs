//! Scenes about ends: their marks, their steps, their cancellation, and Argo CD.

use eod_domain::ledger::{EndReason, EndStep, EventKind, LedgerHead, LedgerPhase, MadeBy, StepOutcome};
use eod_domain::{Tier, labels};
use jiff::SignedDuration;

use super::argocd;
use super::models::{ClockJump, SimPorts};
use super::rest;
use super::scene::Scene;
use super::schedule::{HOUR, MINUTE, Step};
use super::world::{SimApplication, World, milliseconds};
use crate::mutation::{Mutation, with_mutation};
use crate::report::RunReport;
use crate::settings::RunOptions;

/// Lets the first environment expire, until its end has begun and waits for its tool.
fn begin_end_of_the_first(scene: &Scene, warned_after: i64, ended_after: i64) {
    scene.run();
    scene.wait(warned_after);
    scene.run();
    scene.wait(ended_after);
    scene.step(&Step::Approve(1));
    scene.run();
    assert_eq!(scene.phase(), "ending");
}

#[test]
pub(super) fn environment_that_is_protected_during_its_end_lives_on() {
    let phase = |mutation| {
        let scene = Scene::with_environments(1);
        begin_end_of_the_first(&scene, 2 * HOUR + 20 * MINUTE, 20 * MINUTE);
        scene.step(&Step::Protect(1, true));
        with_mutation(mutation, || scene.run());
        let is_labelled = scene.sim.with(|world| world.pulls[&1].labels.contains("preview"));
        (scene.phase(), scene.living().len(), is_labelled)
    };
    assert_eq!(phase(None), ("live".to_owned(), 1, true));
    assert_eq!(phase(Some(Mutation::ProtectedEndIsStuck)), ("ending".to_owned(), 1, false));
}

#[test]
pub(super) fn cancelled_end_waits_for_the_forge_and_puts_the_label_back() {
    let cancelled = |mutation, use_again: Step| {
        let scene = Scene::with_environments(1);
        begin_end_of_the_first(&scene, 2 * HOUR + 20 * MINUTE, 20 * MINUTE);
        scene.step(&use_again);
        scene.wait(MINUTE);
        scene.sim.with(|world| world.is_forge_down = true);
        let report = with_mutation(mutation, || scene.run());
        let is_reported = report.problems.iter().any(|found| found.problem.contains("as soon as the forge answers"));
        let first = (scene.phase(), scene.living().len(), is_reported);
        scene.sim.with(|world| world.is_forge_down = false);
        scene.run();
        scene.sim.with(rest::check);
        let is_labelled = scene.sim.with(|world| world.pulls[&1].labels.contains("preview"));
        let is_violated = |text: &String| text.contains("has not put the trigger label back");
        let is_left_off = scene.sim.with(|world| world.violations.iter().any(is_violated));
        (first, scene.phase(), scene.living().len(), is_labelled, is_left_off)
    };
    for use_again in [Step::Protect(1, true), Step::Extend(1)] {
        let waits = ("ending".to_owned(), 1, true);
        assert_eq!(cancelled(None, use_again.clone()), (waits, "live".to_owned(), 1, true, false));
        let lives = ("live".to_owned(), 1, false);
        let mutation = Some(Mutation::LabelLeftOff);
        assert_eq!(cancelled(mutation, use_again), (lives, "live".to_owned(), 1, false, true));
    }
}

#[test]
pub(super) fn deletion_by_argocd_is_confirmed_only_while_its_approval_is_valid() {
    let violations = |mutation| {
        let scene = Scene::with_environments(0);
        scene.sim.executor.spawn(argocd::reconcile(scene.sim.clone(), 1));
        scene.step(&Step::Open { number: 1, tier: Tier::Compliance, made_by: MadeBy::Argocd, fork: false });
        scene.wait(10 * MINUTE);
        begin_end_of_the_first(&scene, 3 * HOUR, 3 * HOUR);
        scene.step(&Step::Extend(1));
        scene.wait(10 * MINUTE);
        with_mutation(mutation, || scene.run());
        (scene.phase(), scene.sim.with(|world| world.violations.len()))
    };
    assert_eq!(violations(None), ("live".to_owned(), 0));
    assert_eq!(violations(Some(Mutation::NoLookBeforeHandOver)), ("ending".to_owned(), 1));
}

#[test]
fn push_at_the_removal_of_the_label_cancels_the_end() {
    let scene = Scene::with_environments(1);
    scene.wait(2 * HOUR + 35 * MINUTE);
    scene.run();
    scene.wait(20 * MINUTE);
    scene.step(&Step::PushAtLabelOff(1));
    scene.run();
    let is_labelled = scene.sim.with(|world| world.pulls[&1].labels.contains("preview"));
    assert_eq!((scene.phase().as_str(), scene.living().len(), is_labelled), ("live", 1, true));
}

#[test]
pub(super) fn clock_that_jumps_in_the_middle_of_a_run_ends_nothing() {
    let result = |mutation, jump: ClockJump| {
        let scene = Scene::with_environments(1);
        scene.wait(2 * HOUR + 35 * MINUTE);
        // The run is suspended between its decision and the mark, and the clocks are set back by the same time.
        scene.sim.suspend(|world| world.is_forge_listed, HOUR);
        let ports = SimPorts::new(&scene.sim, 0).with_jump(Some(jump));
        let report = with_mutation(mutation, || {
            let report = scene.start(ports, RunOptions::default());
            scene.wait(HOUR + MINUTE);
            report.take().unwrap()
        });
        scene.run();
        scene.wait(2 * MINUTE);
        scene.run();
        (report.exit_code(), scene.living().len(), scene.sim.with(|world| world.violations.len()))
    };
    for (local, server) in [(-HOUR, -HOUR), (0, -HOUR), (5 * HOUR, 0), (5 * HOUR, 5 * HOUR)] {
        let jump = ClockJump { after: MINUTE, local, server };
        assert_eq!(result(None, jump), (3, 1, 0), "{jump:?}");
    }
    let back = ClockJump { after: MINUTE, local: -HOUR, server: -HOUR };
    let (_, _, violations) = result(Some(Mutation::ClocksComparedOnce), back);
    assert_ne!(violations, 0, "the environment was not warned for the whole time");
}

#[test]
pub(super) fn mark_that_is_stored_late_still_warns_for_the_whole_time() {
    let is_whole = |mutation| {
        let scene = Scene::with_environments(1);
        scene.run();
        scene.wait(2 * HOUR + 20 * MINUTE);
        scene.sim.with(|world| world.is_annotation_late = true);
        with_mutation(mutation, || scene.run());
        scene.sim.with(|world| {
            let mark = world.reading("shop-pr-1").unwrap().mark.expect("it is marked");
            let (written, _) = world.namespaces["shop-pr-1"].marks.last().unwrap();
            milliseconds(mark.reap_after) - written >= 30 * MINUTE - 2_000
        })
    };
    assert!(is_whole(None));
    assert!(!is_whole(Some(Mutation::LateMarkStays)));
}

#[test]
pub(super) fn clock_that_jumps_during_an_end_holds_it_no_longer_than_a_silent_run() {
    // True if the end is finished, and true if a heartbeat is in the future.
    let outcome = |mutation, after| {
        let scene = Scene::with_environments(1);
        scene.wait(2 * HOUR + 35 * MINUTE);
        scene.run();
        scene.wait(30 * MINUTE);
        let jump = ClockJump { after, local: 5 * HOUR, server: 5 * HOUR };
        let ports = SimPorts::new(&scene.sim, 0).with_jump(Some(jump));
        with_mutation(mutation, || scene.run_with(ports, RunOptions::default()));
        let beat = scene.sim.with(|world| world.ledgers["shop-pr-1"].head.beat);
        let is_ahead = beat.is_some_and(|beat| scene.sim.with(|world| beat > world.time()));
        for _ in 0..4 {
            scene.wait(5 * MINUTE);
            scene.run();
        }
        assert_eq!(scene.sim.with(|world| world.violations.clone()), [""; 0]);
        (scene.phase() == "ended", is_ahead)
    };
    // A clock that is wrong from the first read on has not jumped.
    let moments = || (40..4_000).step_by(40);
    let held: Vec<i64> = moments().filter(|after| outcome(None, *after) != (true, false)).collect();
    assert_eq!(held, [0; 0], "moments of the jump in milliseconds");
    // A heartbeat in the future does not hold the end.
    let mutated = moments().map(|after| outcome(Some(Mutation::BeatOfJumpedClock), after));
    let (ended, ahead): (Vec<bool>, Vec<bool>) = mutated.unzip();
    assert!(ended.iter().all(|is_ended| *is_ended) && ahead.contains(&true));
}

#[test]
pub(super) fn namespace_that_was_created_again_is_not_deleted_by_the_old_end() {
    let result = |mutation| {
        let scene = Scene::with_environments(1);
        scene.close_all(1);
        let sim = scene.sim.clone();
        scene.sim.executor.spawn(async move {
            while sim.with(|world| world.namespaces.contains_key("shop-pr-1")) {
                sim.executor.sleep(100).await;
            }
            sim.with(|world| world.create_namespace(1, MadeBy::Terraform)).unwrap();
        });
        let report = with_mutation(mutation, || scene.run());
        let is_reported = report.problems.iter().any(|problem| problem.problem.contains("created again"));
        (scene.living().len(), is_reported)
    };
    assert_eq!(result(None), (1, true));
    assert_eq!(result(Some(Mutation::NoUid)), (0, false));
}

#[test]
pub(super) fn suspended_run_leaves_the_next_life_alone() {
    let violations = |mutation| {
        let scene = Scene::with_environments(1);
        scene.close_all(1);
        let is_deleted = |world: &World| {
            let steps = &world.ledgers["shop-pr-1"].head.steps;
            steps.get(&EndStep::Namespace) == Some(&StepOutcome::Done)
        };
        scene.sim.suspend(is_deleted, HOUR);
        with_mutation(mutation, || {
            let report = scene.start(SimPorts::new(&scene.sim, 0), RunOptions::default());
            scene.wait(10 * MINUTE);
            [Step::Reopen(1), Step::Push(1)].iter().for_each(|step| scene.step(step));
            scene.wait(10 * MINUTE);
            scene.step(&Step::Apply { number: 1, killed_after: None });
            scene.wait(2 * HOUR);
            assert!(report.take().is_some(), "the suspended run goes on and ends");
        });
        let head = scene.sim.with(|world| world.ledgers["shop-pr-1"].head.clone());
        assert_eq!((head.generation, head.phase.as_str()), (2, "live"));
        scene.sim.with(|world| world.violations.len())
    };
    assert_eq!(violations(None), 0);
    assert_ne!(violations(Some(Mutation::GenerationNotChecked)), 0);
}

#[test]
fn refused_removal_of_the_label_delays_no_end() {
    let scene = Scene::with_environments(1);
    scene.sim.with(|world| world.is_label_refused = true);
    scene.run();
    scene.wait(2 * HOUR + 20 * MINUTE);
    scene.run();
    scene.wait(20 * MINUTE);
    let report = scene.run();
    assert!(report.problems.iter().any(|problem| problem.problem.contains("label was not removed")), "{report:?}");
    scene.wait(HOUR);
    scene.run();
    assert_eq!((scene.phase().as_str(), scene.living().len()), ("ended", 0));
    assert!(scene.events().ends_with(&[EventKind::Ended]), "{:?}", scene.events());
    assert!(!scene.sim.with(|world| world.ledgers["shop-pr-1"].head.label.removed_by_us), "the label is still there");
}

#[test]
fn label_that_was_not_removed_by_the_end_is_not_set_again_after_its_removal_by_a_person() {
    let scene = Scene::with_environments(1);
    scene.run();
    scene.wait(2 * HOUR + 20 * MINUTE);
    scene.run();
    scene.wait(20 * MINUTE);
    scene.sim.with(|world| world.is_label_busy = true);
    scene.run();
    let record = || scene.sim.with(|world| world.ledgers["shop-pr-1"].head.label.removed_by_us);
    assert_eq!((scene.phase().as_str(), record()), ("ending", false), "the label is still there");
    scene.step(&Step::Touch(1));
    scene.step(&Step::LabelOff(1));
    scene.sim.with(|world| world.is_label_busy = false);
    scene.run();
    assert!(!scene.sim.with(|world| world.pulls[&1].labels.contains("preview")), "a person has removed it");
    assert_eq!(scene.sim.with(|world| world.violations.clone()), [""; 0]);
}

#[test]
fn forge_that_does_not_answer_delays_an_end_by_the_hand_over_only() {
    let scene = Scene::with_environments(1);
    scene.run();
    scene.wait(2 * HOUR + 20 * MINUTE);
    scene.run();
    scene.sim.with(|world| world.is_forge_down = true);
    scene.wait(20 * MINUTE);
    scene.run();
    assert_eq!((scene.phase().as_str(), scene.living().len()), ("ending", 1), "a person may still push");
    scene.wait(20 * MINUTE);
    let report = scene.run();
    assert!(report.problems.iter().any(|problem| problem.problem.contains("forge does not answer")), "{report:?}");
    scene.wait(HOUR);
    scene.run();
    assert_eq!((scene.phase().as_str(), scene.living().len()), ("ended", 0));
}

#[test]
fn interrupted_create_without_a_ledger_expires() {
    let scene = Scene::with_environments(1);
    scene.sim.with(|world| {
        world.ledgers.remove("shop-pr-1");
        world.namespaces.get_mut("shop-pr-1").unwrap().annotations.remove(labels::PROVISIONED_AT);
    });
    scene.run();
    scene.wait(4 * HOUR);
    scene.run();
    scene.wait(40 * MINUTE);
    for _ in 0..3 {
        scene.run();
        scene.wait(20 * MINUTE);
    }
    assert_eq!((scene.living().len(), scene.phase().as_str()), (0, "ended"));
}

#[test]
fn event_that_is_appended_during_an_end_does_not_stop_it() {
    let scene = Scene::with_environments(1);
    scene.close_all(1);
    scene.sim.suspend(|world| world.ledgers["shop-pr-1"].head.phase == LedgerPhase::Ending, MINUTE);
    let report = scene.start(SimPorts::new(&scene.sim, 0), RunOptions::default());
    scene.wait(MINUTE / 2);
    assert_eq!(scene.phase(), "ending");
    scene.sim.with(|world| {
        let event = serde_json::from_str(world.appended["shop-pr-1"].last().unwrap()).unwrap();
        world.append("shop-pr-1", &[event]).unwrap();
    });
    scene.wait(10 * MINUTE);
    assert_eq!(report.take().unwrap().exit_code(), 0);
    assert_eq!(scene.phase(), "ended");
}

#[test]
fn interrupted_last_write_of_a_create_is_repaired() {
    let scene = Scene::with_environments(1);
    scene.sim.with(|world| {
        let ledger = world.ledgers.get_mut("shop-pr-1").unwrap();
        ledger.head.phase = LedgerPhase::Creating;
        (ledger.head.holder, ledger.head.beat) = (Some("apply".to_owned()), Some(ledger.head.since));
    });
    let report = scene.start(SimPorts::new(&scene.sim, 0), RunOptions::default());
    scene.wait(MINUTE);
    assert_eq!((report.take().unwrap().exit_code(), scene.phase().as_str()), (0, "creating"), "it may still run");
    scene.wait(15 * MINUTE);
    assert_eq!(scene.run().exit_code(), 0);
    let head = scene.sim.with(|world| world.ledgers["shop-pr-1"].head.clone());
    assert_eq!((head.phase, head.generation), (LedgerPhase::Live, 1));
    assert_eq!(head.uid, scene.sim.with(|world| Some(world.namespaces["shop-pr-1"].uid.clone())));
}

#[test]
fn namespace_that_was_deleted_by_hand_is_recorded_as_lost() {
    let scene = Scene::with_environments(1);
    scene.step(&Step::DeleteNamespace(1));
    scene.wait(MINUTE);
    scene.run();
    assert!(scene.events().ends_with(&[EventKind::Lost, EventKind::EndStarted, EventKind::Step, EventKind::Ended]));
    assert_eq!((scene.phase().as_str(), scene.sim.with(|world| world.history.len())), ("ended", 1));
    assert_eq!(scene.sim.with(|world| (world.copies.len(), world.parts.len())), (1, 3), "nothing else is removed");
    scene.step(&Step::Close(1));
    scene.run();
    assert_eq!(scene.sim.with(|world| (world.copies.len(), world.parts.len())), (0, 0), "closed: nothing is left");
}

#[test]
fn waiting_approval_has_a_notification_daily_and_at_once_for_another_end() {
    let scene = Scene::with_environments_of(Tier::Compliance, 1);
    let notified =
        || scene.sim.with(|world| world.notifications.iter().filter(|(_, text)| text.starts_with("awaiting")).count());
    scene.wait(7 * HOUR);
    for _ in 0..9 {
        scene.run();
        // A run lasts 15 minutes here, and each call a different part of a second.
        scene.wait(6 * HOUR - 15 * MINUTE + 2_000);
    }
    assert_eq!(notified(), 3, "48 hours have three reminders");
    scene.step(&Step::Extend(1));
    scene.run();
    scene.wait(7 * HOUR);
    scene.run();
    assert_eq!((notified(), scene.living().len()), (4, 1));
}

/// Claims the namespace of the first environment by an Application, and lets the environment expire.
fn expired_under_an_application(change: fn(&mut SimApplication)) -> Vec<String> {
    let scene = Scene::with_environments(0);
    scene.step(&Step::Open { number: 1, tier: Tier::Lightweight, made_by: MadeBy::Argocd, fork: false });
    scene.sim.with(|world| {
        world.create_namespace(1, MadeBy::Argocd).unwrap();
        let mut application = SimApplication::default();
        change(&mut application);
        world.applications.insert("shop-pr-1".to_owned(), application);
    });
    scene.wait(2 * HOUR + 35 * MINUTE);
    scene.run();
    scene.wait(30 * MINUTE);
    scene.run();
    scene.wait(30 * MINUTE);
    let report = scene.run();
    assert_eq!(
        (scene.phase().as_str(), scene.living().len()),
        ("ending", 1),
        "it is never deleted under an Application"
    );
    assert_eq!(report.exit_code(), 3);
    report.problems.into_iter().map(|problem| problem.problem).collect()
}

#[test]
fn application_that_stays_is_reported_with_its_reason() {
    let problem = |change: fn(&mut SimApplication)| expired_under_an_application(change).join("\n");
    let deleting = problem(|application| application.is_deleting = true);
    assert!(deleting.contains("is still being deleted"), "{deleting}");
    let kept = problem(|application| application.is_never_deleted = true);
    assert!(kept.contains("is never deleted by its ApplicationSet"), "{kept}");
    let other = problem(|application| application.other_cluster = Some("https://10.0.0.1".to_owned()));
    assert!(other.contains("in the cluster `https://10.0.0.1`"), "{other}");
    let claimed = problem(|_| {});
    assert!(claimed.contains("still claims the namespace"), "{claimed}");
}

#[test]
fn rendered_namespace_that_is_created_again_is_not_deleted_in_a_loop() {
    let scene = Scene::with_environments(0);
    scene.step(&Step::Open { number: 1, tier: Tier::Lightweight, made_by: MadeBy::Argocd, fork: false });
    scene.sim.with(|world| world.create_namespace(1, MadeBy::Argocd)).unwrap();
    let sim = scene.sim.clone();
    // An Argo CD in another cluster, which ignores that the pull request is closed.
    scene.sim.executor.spawn(async move {
        loop {
            sim.executor.sleep(MINUTE).await;
            let _ = sim.with(|world| world.create_namespace(1, MadeBy::Argocd));
        }
    });
    scene.run();
    scene.step(&Step::Close(1));
    let mut uids = std::collections::BTreeSet::new();
    let mut reports = Vec::new();
    for _ in 0..12 {
        reports.push(scene.run());
        scene.wait(10 * MINUTE);
        uids.extend(scene.sim.with(|world| world.namespaces.get("shop-pr-1").map(|namespace| namespace.uid.clone())));
    }
    assert_eq!(uids.len(), 2, "it is deleted once");
    let last = reports.pop().unwrap();
    assert_eq!(last.exit_code(), 3);
    assert!(last.problems.iter().any(|problem| problem.problem.contains("not deleted again")), "{last:?}");
}

#[test]
fn rendered_namespace_is_kept_and_reported_if_argo_cd_is_elsewhere() {
    let problem = expired_under_an_application(|application| application.is_elsewhere = true).join("\n");
    assert!(problem.contains("`argocd.namespaces` is empty"), "{problem}");
}

/// Phases of the first environment after its time is over, if its ledger was changed like this and its create was interrupted.
fn expired_with(change: fn(&mut LedgerHead), mutation: Option<Mutation>) -> (usize, String) {
    let scene = Scene::with_environments(1);
    scene.sim.with(|world| {
        change(&mut world.ledgers.get_mut("shop-pr-1").unwrap().head);
        world.namespaces.get_mut("shop-pr-1").unwrap().annotations.remove(labels::PROVISIONED_AT);
    });
    with_mutation(mutation, || {
        scene.run();
        scene.wait(4 * HOUR);
        scene.run();
        scene.wait(40 * MINUTE);
        for _ in 0..3 {
            scene.run();
            scene.wait(20 * MINUTE);
        }
    });
    (scene.living().len(), scene.phase())
}

#[test]
pub(super) fn namespace_without_a_ledger_of_its_own_life_expires() {
    let other = |head: &mut LedgerHead| head.uid = Some("an earlier namespace".to_owned());
    let live: fn(&mut LedgerHead) = other;
    let ended: fn(&mut LedgerHead) = |head| {
        (head.phase, head.reason) = (LedgerPhase::Ended, Some(EndReason::Closed));
        head.uid = Some("an earlier namespace".to_owned());
    };
    let queued: fn(&mut LedgerHead) = |head| {
        head.phase = LedgerPhase::Queued;
        head.uid = Some("an earlier namespace".to_owned());
    };
    for change in [live, ended, queued] {
        assert_eq!(expired_with(change, None), (0, "ended".to_owned()));
        assert_eq!(expired_with(change, Some(Mutation::OldLifeIsEnded)).0, 1);
    }
}

/// Three ends, of which one may be in deletion at a time. Returns the report of the run and the scene.
fn three_ends_one_at_a_time(is_stuck: bool) -> (RunReport, Scene) {
    let mut scene = Scene::with_environments(3);
    scene.settings.in_deletion = 1;
    scene.settings.deletion_wait = SignedDuration::from_mins(10);
    scene.close_all(3);
    scene.sim.with(|world| world.is_deletion_stuck = is_stuck);
    (scene.run(), scene)
}

#[test]
fn end_that_was_held_back_continues_in_the_same_run_when_a_deletion_is_finished() {
    let (report, scene) = three_ends_one_at_a_time(false);
    assert_eq!((scene.living().len(), report.exit_code()), (0, 0), "{report:?}");
    assert_eq!(scene.sim.with(|world| world.history.len()), 3);
}

#[test]
fn ends_that_wait_for_other_deletions_are_reported_once_with_their_names() {
    let (report, scene) = three_ends_one_at_a_time(true);
    assert_eq!((scene.living().len(), report.exit_code()), (3, 3));
    let deleting = scene.sim.with(|world| world.namespaces.values().filter(|found| found.gone_at.is_some()).count());
    assert_eq!(deleting, 1, "the others wait");
    let held: Vec<&str> = report.problems.iter().map(|found| found.problem.as_str()).collect();
    let held: Vec<&&str> = held.iter().filter(|text| text.contains("the maximum is 1")).collect();
    let [held] = held.as_slice() else { panic!("it is reported once: {report:?}") };
    assert!(held.contains("shop-pr-2, shop-pr-3"), "{held}");
}
