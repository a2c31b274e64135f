//! Scenes about bad input: nothing is deleted on doubt, and everything is reported with its object.

use eod_domain::labels;
use eod_domain::ledger::{Actor, Event, EventKind, LEDGER_BYTES_MAX, StepOutcome, Transitions};

use super::scene::Scene;
use super::schedule::{HOUR, MINUTE, Step};
use super::world::{SimNamespace, World, name_of};
use crate::mutation::{Mutation, with_mutation};
use crate::report::{ReportedProblem, RunOutcome, RunReport};

/// Damages the first environment, closes its pull request, and runs long enough for its end. Returns the last report.
fn run_with_damage(scene: &Scene, damage: impl Fn(&mut World)) -> RunReport {
    scene.sim.with(|world| damage(world));
    scene.step(&Step::Close(1));
    scene.run();
    scene.wait(5 * HOUR);
    scene.run();
    scene.wait(30 * MINUTE);
    scene.run()
}

fn assert_kept(damage: impl Fn(&mut SimNamespace), expected: &str) {
    let scene = Scene::with_environments(1);
    let report = run_with_damage(&scene, |world| damage(world.namespaces.get_mut("shop-pr-1").unwrap()));
    assert_eq!((scene.living().len(), scene.phase().as_str()), (1, "live"), "{expected}: {report:?}");
    assert_eq!(report.exit_code(), 3, "{expected}: {report:?}");
    let is_named =
        report.problems.iter().any(|problem| problem.target == "shop-pr-1" && problem.problem.contains(expected));
    assert!(is_named, "{expected}: {report:?}");
    let is_blocked = |(_, text): &(i64, String)| text == "blocked shop-pr-1";
    assert!(scene.sim.with(|world| world.notifications.iter().any(is_blocked)), "{expected}");
    assert_eq!(scene.sim.with(|world| (world.copies.len(), world.parts.len())), (1, 3), "{expected}");
}

#[test]
fn environment_with_a_value_that_cannot_be_read_is_kept_and_reported() {
    let annotations = [
        (labels::EXPIRES_AT, "tomorrow"),
        (labels::EXPIRES_AT, ""),
        (labels::EXPIRES_AT, "2206-01-01T00:00:00Z"),
        (labels::EXPIRES_AT, "2006-01-01T00:00:00Z"),
        (labels::LAST_ACTIVITY_AT, "1800000000"),
        (labels::CREATED_AT, "yesterday"),
        (labels::PROTECTED, "yes"),
        (labels::REAP_AFTER, "soon"),
        (labels::APPROVED, "alice"),
        (labels::SPEC, "{"),
        (labels::MADE_BY, "hand"),
        (labels::DEPLOYED_AT, "now"),
        (labels::HEAD_SHA, "main"),
        (labels::IDENTITY, "shop 1"),
    ];
    for (key, text) in annotations {
        let expected = match text {
            "2206-01-01T00:00:00Z" => "more than",
            "2006-01-01T00:00:00Z" => "before the creation",
            _ => key,
        };
        assert_kept(|namespace| drop(namespace.annotations.insert(key.to_owned(), text.to_owned())), expected);
    }
    for key in [labels::TIER, labels::TTL] {
        assert_kept(|namespace| drop(namespace.labels.insert(key.to_owned(), "gold".to_owned())), key);
    }
    assert_kept(|namespace| drop(namespace.annotations.remove(labels::IDENTITY)), labels::IDENTITY);
    let damaged_mark = |namespace: &mut SimNamespace| {
        namespace.annotations.insert(labels::REAP_AFTER.to_owned(), "2026-01-01T00:00:00Z".to_owned());
    };
    assert_kept(damaged_mark, labels::REAP_REASON);
}

#[test]
fn namespace_without_the_ownership_labels_is_kept_and_reported() {
    for key in [labels::INSTALLATION, labels::MANAGED_BY, labels::ENV] {
        for is_removed in [false, true] {
            let damage = |namespace: &mut SimNamespace| {
                if is_removed || key == labels::ENV {
                    namespace.labels.remove(key);
                } else {
                    namespace.labels.insert(key.to_owned(), "other".to_owned());
                }
            };
            let scene = Scene::with_environments(2);
            let report = run_with_damage(&scene, |world| damage(world.namespaces.get_mut("shop-pr-1").unwrap()));
            assert!(scene.living().contains(&"shop-pr-1".to_owned()), "{report:?}");
            assert_eq!((report.exit_code(), scene.phase().as_str()), (3, "live"));
            let is_named = |problem: &&ReportedProblem| problem.problem.contains("exists without the ownership labels");
            let problem = report.problems.iter().find(is_named).map(|problem| problem.target.as_str());
            assert_eq!(problem, Some("shop-pr-1"), "{report:?}");
            assert!(scene.sim.with(|world| world.copies.contains_key("preview/shop-pr-1/app")));
        }
    }
}

#[test]
fn namespaces_without_the_ownership_labels_do_not_count_for_the_breaker() {
    let scene = Scene::with_environments(12);
    scene.sim.with(|world| world.namespaces.values_mut().for_each(|namespace| namespace.labels.clear()));
    (1..=12).for_each(|number| scene.step(&Step::Close(number)));
    let report = scene.run();
    assert_eq!((report.exit_code(), report.problems.len()), (3, 12), "{report:?}");
    assert_eq!(report.outcome, RunOutcome::Complete);
}

#[test]
fn ledger_that_cannot_be_used_ends_nothing() {
    let unreadable: fn(&mut World) = |world| world.ledgers.get_mut("shop-pr-1").unwrap().is_unreadable = true;
    let foreign: fn(&mut World) =
        |world| world.ledgers.get_mut("shop-pr-1").unwrap().head.identity = "github.com/acme/other#1".to_owned();
    for (damage, expected) in [(unreadable, "its ledger cannot be read"), (foreign, "github.com/acme/other#1")] {
        let scene = Scene::with_environments(1);
        let report = run_with_damage(&scene, damage);
        assert_eq!((scene.living().len(), scene.phase().as_str(), report.exit_code()), (1, "live", 3), "{report:?}");
        assert!(report.problems.iter().any(|problem| problem.problem.contains(expected)), "{report:?}");
        // Without its namespace, too.
        scene.step(&Step::DeleteNamespace(1));
        scene.wait(HOUR);
        let report = scene.run();
        let items = scene.sim.with(|world| (world.copies.len(), world.parts.len()));
        if expected.starts_with("its ledger") {
            assert_eq!((items, scene.phase().as_str(), report.exit_code()), ((1, 3), "live", 3), "{report:?}");
        }
    }
}

#[test]
fn config_map_that_is_not_a_ledger_stops_no_end() {
    let scene = Scene::with_environments(1);
    let report = run_with_damage(&scene, |world| world.has_false_ledger = true);
    assert_eq!((scene.living().len(), scene.phase().as_str(), report.exit_code()), (0, "ended", 3), "{report:?}");
    assert!(report.problems.iter().any(|problem| problem.problem == "not a ledger"), "{report:?}");
}

/// Fills the ledger of the first environment until the server refuses a further event.
fn fill(world: &mut World) {
    let text = "x".repeat(200);
    let small = Event::new(world.time(), 1, EventKind::Activity, Actor::Cli);
    let large = (0..8).fold(small.clone(), |event, number| event.with(&format!("detail-{number}"), &text));
    for event in [large, small] {
        while world.append("shop-pr-1", std::slice::from_ref(&event)).is_ok() {}
    }
}

#[test]
pub(super) fn full_ledger_stops_no_end() {
    let scene = Scene::with_environments(1);
    let report = run_with_damage(&scene, fill);
    assert_eq!((scene.living().len(), scene.phase().as_str(), report.exit_code()), (0, "ended", 0), "{report:?}");
    assert!(scene.events().ends_with(&[EventKind::Ended]), "its events are sealed, so there is room");

    // Without a valid chain nothing can be sealed.
    let broken = |mutation| {
        let scene = Scene::with_environments(1);
        scene.step(&Step::LooseEvent(1));
        scene.run();
        let damage = |world: &mut World| {
            let ledger = world.ledgers.get_mut("shop-pr-1").unwrap();
            ledger.sealed = ledger.sealed.replace("activity", "extended");
            fill(world);
        };
        scene.sim.with(damage);
        scene.step(&Step::Close(1));
        let reports = with_mutation(mutation, || {
            let marked = scene.run();
            scene.wait(30 * MINUTE);
            [marked, scene.run()]
        });
        let mut problems = reports.iter().flat_map(|report| &report.problems);
        let is_reported = problems.any(|problem| problem.problem.contains("recorded"));
        let [_, last] = reports;
        (scene.living().len(), scene.phase(), last.exit_code(), is_reported, scene.sim.with(|w| w.history.len()))
    };
    assert_eq!(broken(None), (0, "ended".to_owned(), 3, true, 1));
    assert_ne!(broken(Some(Mutation::FullLedgerStopsEnd)).0, 0);
}

#[test]
fn full_ledger_that_cannot_be_sealed_stops_no_end() {
    let scene = Scene::with_environments(1);
    scene.step(&Step::LooseEvent(1));
    let report = run_with_damage(&scene, |world| {
        let ledger = world.ledgers.get_mut("shop-pr-1").unwrap();
        ledger.padding = LEDGER_BYTES_MAX - ledger.sealed.len() - ledger.fill.bytes;
    });
    assert_eq!((scene.living().len(), scene.phase().as_str(), report.exit_code()), (0, "ended", 3), "{report:?}");
    assert!(report.problems.iter().any(|problem| problem.problem.contains("were not sealed")), "{report:?}");
    assert!(!scene.events().contains(&EventKind::EndStarted), "there is no room for its events");
}

#[test]
pub(super) fn invalid_write_of_a_head_loses_no_event() {
    let has_begun = |mutation| {
        let scene = Scene::with_environments(1);
        scene.close_all(1);
        scene.wait(10 * MINUTE);
        scene.sim.with(|world| world.is_head_refused = true);
        let report = with_mutation(mutation, || scene.run());
        assert_eq!(report.exit_code(), 3, "{report:?}");
        scene.run();
        (scene.phase(), scene.events().contains(&EventKind::EndStarted))
    };
    assert_eq!(has_begun(None), ("ended".to_owned(), true));
    assert_eq!(has_begun(Some(Mutation::InvalidIsFull)), ("ended".to_owned(), false));
}

#[test]
fn no_ledger_of_ten_thousand_overflows_and_a_full_one_refuses_events() {
    const LEDGERS: u64 = 10_000;
    const HOT: u64 = 12;
    let mut scene = Scene::with_environments(0);
    scene.settings.seal_calls_per_run = 20;
    scene.sim.with(|world| {
        world.page = 2_000;
        for number in 1..=LEDGERS {
            let head = Transitions::at(world.time()).announced();
            world.write_head(&name_of(number), None, &head, &[]).unwrap();
        }
    });
    let event = |world: &World| {
        let text = "x".repeat(250);
        let event = Event::new(world.time(), 0, EventKind::BuildStarted, Actor::Cli);
        (0..7).fold(event, |event, number| event.with(&format!("detail-{number}"), &text))
    };
    let mut refused = Vec::new();
    for run in 0..12 {
        // Some pipelines record without a pause, and one of them more than any run can seal. All others record now and then.
        scene.sim.with(|world| {
            let large = event(world);
            let hot = (1..=HOT).flat_map(|number| (0..60).map(move |_| number));
            let one = (0..400).map(|_| HOT + 1).filter(|_| run < 2);
            for number in hot.chain(one) {
                refused.extend(world.append_checked(&name_of(number), large.clone()).err().map(|full| (number, full)));
            }
            for number in (run..LEDGERS).step_by(20) {
                world.append(&name_of(number + 1), std::slice::from_ref(&large)).unwrap();
            }
        });
        let report = scene.run();
        assert_eq!(report.exit_code(), 0, "{report:?}");
    }
    assert!(refused.iter().all(|(number, _)| *number == HOT + 1), "every other ledger was sealed in time: {refused:?}");
    let (_, full) = refused.first().expect("the ledger that fills within one interval refuses events");
    assert!(full.to_string().contains("are not sealed yet"), "{full}");
    scene.sim.with(|world| {
        let fullest = world.ledgers.values().map(|ledger| ledger.fill.percent()).max();
        assert!(fullest < Some(100), "{fullest:?}");
    });
}

#[test]
fn broken_chain_stops_no_end_and_is_reported() {
    let scene = Scene::with_environments(1);
    scene.step(&Step::LooseEvent(1));
    scene.run();
    let tamper = |world: &mut World| {
        let ledger = world.ledgers.get_mut("shop-pr-1").unwrap();
        assert!(ledger.sealed.contains("activity"), "{}", ledger.sealed);
        ledger.sealed = ledger.sealed.replace("activity", "extended");
    };
    let report = run_with_damage(&scene, tamper);
    assert!(scene.living().is_empty(), "{report:?}");
    assert_eq!((scene.phase().as_str(), report.exit_code()), ("ended", 3));
    assert!(report.problems.iter().any(|problem| problem.problem.contains("chain of its events is broken")));
    assert_eq!(scene.sim.with(|world| world.history.len()), 1);
}

#[test]
fn summary_that_cannot_be_read_causes_no_end() {
    let scene = Scene::with_environments(1);
    scene.sim.with(|world| world.summary = Some("{".to_owned()));
    let report = scene.run();
    assert_eq!((report.outcome, scene.living().len()), (RunOutcome::Complete, 1));
    assert!(scene.sim.with(|world| world.summary.as_ref().unwrap().contains("\"v\":1")));
}

#[test]
fn backend_that_is_down_holds_up_only_its_own_step() {
    let scene = Scene::with_environments(1);
    let report = run_with_damage(&scene, |world| world.is_vault_down = true);
    assert!(scene.living().is_empty() && scene.phase() == "ended", "the environment is ended: {report:?}");
    assert_eq!(scene.sim.with(|world| (world.copies.len(), world.parts.len())), (1, 0), "only Vault is left");
    assert_eq!((report.left["shop-pr-1"].len(), report.exit_code()), (1, 3));
    let report = scene.run();
    assert!(report.problems.iter().any(|problem| problem.problem.contains("vault is left")), "it is tried again");
    scene.sim.with(|world| world.is_vault_down = false);
    let report = scene.run();
    assert_eq!((scene.sim.with(|world| world.copies.len()), report.left.len()), (0, 0), "{report:?}");
    let steps = scene.sim.with(|world| world.ledgers["shop-pr-1"].head.steps.clone());
    assert!(steps.values().all(|outcome| matches!(outcome, StepOutcome::Done | StepOutcome::Kept)), "{steps:?}");
}

#[test]
fn namespace_that_is_stuck_is_reported_and_its_end_continues() {
    let scene = Scene::with_environments(1);
    let report = run_with_damage(&scene, |world| world.is_deletion_stuck = true);
    assert_eq!((scene.phase().as_str(), report.exit_code()), ("ending", 3), "{report:?}");
    let blocked = report.problems.iter().find(|problem| problem.problem.contains("still being deleted"));
    assert!(blocked.is_some_and(|problem| problem.problem.contains("Pod web")), "{report:?}");
    assert_eq!(scene.sim.with(|world| world.copies.len()), 1, "Vault waits for the namespace");
    scene.run();
    let notified = |scene: &Scene| {
        let is_blocked = |text: &&String| text.as_str() == "blocked shop-pr-1";
        scene.sim.with(|world| world.notifications.iter().map(|(_, text)| text).filter(is_blocked).count())
    };
    assert_eq!(notified(&scene), 1, "one notification a day");
    scene.wait(24 * HOUR);
    scene.run();
    assert_eq!(notified(&scene), 2);
    scene.sim.with(|world| world.namespaces.clear());
    scene.run();
    assert_eq!((scene.phase().as_str(), scene.sim.with(|world| world.copies.len())), ("ended", 0));
}

#[test]
fn thing_with_an_impossible_environment_is_reported_and_kept() {
    let scene = Scene::with_environments(0);
    scene.sim.with(|world| {
        let item = crate::ports::BackendItem {
            kind: "secret".to_owned(),
            name: "preview/X/app".to_owned(),
            environment: "Not A Name".to_owned(),
            version: "1".to_owned(),
        };
        world.copies.insert(item.name.clone(), item);
    });
    for _ in 0..3 {
        let report = scene.run();
        scene.wait(2 * HOUR);
        assert_eq!((report.unknown.get("vault"), report.exit_code()), (Some(&1), 3), "{report:?}");
    }
    assert_eq!(scene.sim.with(|world| world.copies.len()), 1);
}
