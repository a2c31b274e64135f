//! Scenes about the time limit of a run.

use jiff::SignedDuration;

use super::models::SimPorts;
use super::scene::Scene;
use super::schedule::{HOUR, MINUTE};
use super::world::timestamp;
use crate::ports::{LeaseRecord, ObjectVersion, StoredLease};
use crate::report::{RunOutcome, RunReport};
use crate::settings::RunOptions;

/// Scene with so many environments that were warned of their end, which is due.
fn due(count: u64) -> Scene {
    let mut scene = Scene::with_environments(count);
    scene.settings.lease = Some(SignedDuration::from_mins(1));
    scene.wait(4 * HOUR);
    scene.run();
    scene.wait(HOUR);
    scene
}

/// Runs the reaper while another run holds the lease, with this time to wait for it. The other run renews its lease once, or was
/// killed.
fn run_beside_another(is_renewed: bool, wait: SignedDuration) -> (Scene, RunReport) {
    let scene = due(1);
    let record = LeaseRecord {
        holder: Some("other".to_owned()),
        renewed_at: timestamp(scene.sim.executor.now()),
        duration: SignedDuration::from_mins(1),
        transitions: 3,
    };
    let version = ObjectVersion { uid: "lease".to_owned(), resource_version: "0".to_owned() };
    scene.sim.with(|world| world.lease = Some(StoredLease { version, record }));
    let options = RunOptions { lease_wait: Some(wait), ..RunOptions::default() };
    let report = scene.start(SimPorts::new(&scene.sim, 0), options);
    scene.wait(8_000);
    if is_renewed {
        scene.sim.with(|world| {
            let next = world.next().to_string();
            let lease = world.lease.as_mut().unwrap();
            lease.version.resource_version = next;
            lease.record.renewed_at += SignedDuration::from_secs(8);
        });
    }
    scene.wait(i64::try_from(wait.as_millis()).unwrap() - 3_000);
    let has_left = report.borrow().is_some();
    scene.wait(15 * MINUTE);
    let report = report.take().expect("a run ends within 15 minutes");
    assert!(has_left || report.outcome == RunOutcome::Complete, "a run leaves soon after its wait: {report:?}");
    (scene, report)
}

#[test]
fn run_leaves_before_its_time_limit_if_another_run_holds_the_lease() {
    let (scene, report) = run_beside_another(true, SignedDuration::from_secs(15));
    assert!(report.problems.is_empty(), "{report:?}");
    assert_eq!((report.exit_code(), report.outcome), (0, RunOutcome::Busy { holder: "other".to_owned() }));
    assert_eq!(scene.phase(), "live");
}

#[test]
fn dead_lease_is_reported_by_a_short_run_and_taken_over_by_a_longer_one() {
    let (scene, report) = run_beside_another(false, SignedDuration::from_secs(40));
    assert_eq!((report.exit_code(), &report.outcome), (3, &RunOutcome::Busy { holder: "other".to_owned() }));
    assert!(report.problems[0].problem.contains("did not renew it within 40 s"), "{report:?}");
    assert_eq!(scene.phase(), "live");
    let (scene, report) = run_beside_another(false, scene.settings.takeover_wait());
    assert_eq!((report.exit_code(), report.outcome), (0, RunOutcome::Complete));
    assert_eq!(scene.phase(), "ending");
}

#[test]
fn run_with_a_used_up_time_limit_begins_no_end_and_releases_its_lease() {
    let scene = due(3);
    let report = scene.run_with(SimPorts::new(&scene.sim, 0).with_time_limit(0), RunOptions::default());
    assert_eq!((report.exit_code(), &report.outcome), (3, &RunOutcome::Complete), "{report:?}");
    assert_eq!(report.problems.len(), 1, "one problem, not one for each environment: {report:?}");
    assert!(report.problems[0].problem.contains("the rest is left to the next run"), "{report:?}");
    assert_eq!((scene.living().len(), scene.phase().as_str()), (3, "live"));
    let holder = scene.sim.with(|world| world.lease.clone()).unwrap().record.holder;
    assert_eq!(holder, None);
    assert_eq!(scene.run().exit_code(), 0);
    assert_eq!(scene.phase(), "ending", "the next run begins the ends");
}

#[test]
fn end_that_the_time_limit_interrupts_is_released_and_continued_at_once() {
    let mut scene = due(1);
    scene.settings.deletion_wait = SignedDuration::from_hours(1);
    // The first run begins the hand-over, which is over in the next one.
    scene.run();
    scene.wait(5 * MINUTE);
    scene.sim.with(|world| world.is_deletion_stuck = true);
    let report = scene.run_with(SimPorts::new(&scene.sim, 0).with_time_limit(MINUTE), RunOptions::default());
    assert!(report.duration < SignedDuration::from_mins(2), "{report:?}");
    let head = scene.sim.with(|world| world.ledgers["shop-pr-1"].head.clone());
    assert_eq!((head.phase.as_str(), head.holder), ("ending", None), "no hold delays the next run");
    let holder = scene.sim.with(|world| world.lease.clone()).unwrap().record.holder;
    assert_eq!(holder, None);
}
