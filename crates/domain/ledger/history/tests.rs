use std::collections::BTreeMap;

use super::*;
use crate::ledger::chain::{LooseEvent, SealedEvents, seal, verify_chain};
use crate::ledger::event::{Actor, EventText};
use crate::ledger::key::month_before;
use crate::ledger::phase::{LedgerPhase, MadeBy};
use crate::ledger::steps::EndStep;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
}

fn event(hour: i64, kind: EventKind) -> Event {
    Event::new(at(hour), 2, kind, Actor::Terraform)
}

fn head() -> LedgerHead {
    let mut head = LedgerHead::new("github.com/acme/shop#7", Tier::Full, MadeBy::Terraform, LedgerPhase::Ended, at(0));
    head.generation = 2;
    head.reason = Some(EndReason::Closed);
    head.owner = Some("alice".parse().unwrap());
    head
}

/// Events of a ledger after they were sealed.
fn sealed(events: &[Event]) -> Vec<Event> {
    let keyed = |(index, event): (usize, &Event)| LooseEvent { key: index.to_string(), event: event.clone() };
    let loose: Vec<LooseEvent> = events.iter().enumerate().map(keyed).collect();
    let SealedEvents { head, text, .. } = seal(&head(), "", &loose).unwrap();
    verify_chain(&head, &text).unwrap().events.into_iter().map(|(_, event)| event).collect()
}

/// Every fact that the reports need is computed from the events of a ledger alone.
#[test]
fn all_facts_of_the_reports_are_in_the_ledger() {
    let of_run = |event: Event| Event { who: EventText::cut("alice"), run: EventText::cut("https://ci/1"), ..event };
    let step = |hour: i64, step: EndStep, seconds: u64| {
        event(hour, EventKind::Step).with("step", &step).with("outcome", "done").with("seconds", &seconds)
    };
    let before = |hour: i64, kind: EventKind| Event::new(at(hour), 1, kind, Actor::Cli);
    let events = sealed(&[
        Event::new(at(-9), 1, EventKind::Ended, Actor::Reaper),
        of_run(before(0, EventKind::Requested)),
        before(1, EventKind::Queued),
        before(2, EventKind::BuildStarted),
        before(3, EventKind::BuildFinished),
        of_run(event(4, EventKind::CreateStarted).with("sha", "0123456")),
        event(5, EventKind::Provisioned).with("price_micros", &24_000_000),
        event(6, EventKind::Deployed).with("sha", "0123456"),
        of_run(event(7, EventKind::Commit).with("sha", "abcdef0")),
        event(8, EventKind::Failing).with("cause", "CrashLoopBackOff"),
        event(9, EventKind::Recovered),
        event(10, EventKind::Deployed).with("sha", "abcdef0"),
        event(11, EventKind::TierChanged).with("price_micros", &48_000_000),
        event(12, EventKind::Activity),
        event(13, EventKind::Activity),
        event(20, EventKind::Warned).with("reason", "expired"),
        event(24, EventKind::EndStarted).with("reason", "expired"),
        step(24, EndStep::Namespace, 40),
        step(24, EndStep::Vault, 2),
        event(25, EventKind::Ended).with("reason", "expired"),
    ]);
    let lives = Lives::of(&events);
    let life: Vec<&Event> = events.iter().filter(|event| lives.life(event) == 2).collect();
    let times = |kind: EventKind| life.iter().filter(|event| event.e == kind).map(|event| event.t).collect::<Vec<_>>();
    let facts = [
        (EventKind::Requested, vec![at(0)]),
        (EventKind::Queued, vec![at(1)]),
        (EventKind::BuildStarted, vec![at(2)]),
        (EventKind::BuildFinished, vec![at(3)]),
        (EventKind::CreateStarted, vec![at(4)]),
        (EventKind::Provisioned, vec![at(5)]),
        (EventKind::Failing, vec![at(8)]),
        (EventKind::Recovered, vec![at(9)]),
        (EventKind::Activity, vec![at(12), at(13)]),
        (EventKind::Warned, vec![at(20)]),
        (EventKind::Ended, vec![at(25)]),
    ];
    for (kind, expected) in facts {
        assert_eq!(times(kind), expected, "{kind}");
    }
    let detail = |event: &Event, name: &str| event.d[name].as_str().to_owned();
    let deployed = life.iter().filter(|event| event.e == EventKind::Deployed);
    let deployed: Vec<(String, Timestamp)> = deployed.map(|event| (detail(event, "sha"), event.t)).collect();
    assert_eq!(deployed, [("0123456".to_owned(), at(6)), ("abcdef0".to_owned(), at(10))]);
    let mut sums = EventSums::default();
    life.iter().for_each(|event| sums.add(&EventSums::of(event)));
    assert_eq!(sums.step_seconds, BTreeMap::from([(EndStep::Namespace, 40), (EndStep::Vault, 2)]));
    let prices = life.iter().filter_map(|event| Some((event.t, event.number("price_micros")?)));
    assert_eq!(prices.collect::<Vec<_>>(), [(at(5), 24_000_000), (at(11), 48_000_000)]);
    let of_alice = life.iter().filter(|event| (event.who.as_str(), event.run.as_str()) == ("alice", "https://ci/1"));
    let kinds: Vec<EventKind> = of_alice.map(|event| event.e).collect();
    assert_eq!(kinds, [EventKind::Requested, EventKind::CreateStarted, EventKind::Commit]);
    let row = history_row(&"shop-pr-7".parse().unwrap(), &head(), &events, at(25)).unwrap();
    assert_eq!((row.pushes, row.cost_micros), (1, 6_000_000 + 28_000_000));
    assert_eq!(
        (row.seconds_to_provisioned, row.seconds_to_deployed, row.seconds_to_ready),
        (Some(3600), Some(2 * 3600), Some(6 * 3600))
    );
}

#[test]
fn a_row_is_computed_from_the_events_of_its_life() {
    let events = [
        Event::new(at(-9), 1, EventKind::Deployed, Actor::Terraform).with("price_micros", &99_000_000),
        event(0, EventKind::Requested),
        event(0, EventKind::BuildStarted),
        event(1, EventKind::BuildFinished),
        event(1, EventKind::CreateStarted).with("price_micros", &24_000_000),
        event(2, EventKind::Provisioned),
        event(4, EventKind::Deployed).with("sha", "0123456"),
        event(5, EventKind::Commit),
        event(6, EventKind::Deployed).with("sha", "abcdef0"),
        event(7, EventKind::Commit),
        event(13, EventKind::TierChanged).with("price_micros", &48_000_000),
    ];
    let row = history_row(&"shop-pr-7".parse().unwrap(), &head(), &events, at(25)).unwrap();
    assert_eq!((row.name.as_str(), row.generation, row.owner.as_deref()), ("shop-pr-7", 2, Some("alice")));
    assert_eq!((row.created, row.ended, row.reason), (Some(at(1)), at(25), EndReason::Closed));
    assert_eq!(row.seconds_to_provisioned, Some(3600));
    assert_eq!(row.seconds_to_deployed, Some(3 * 3600));
    assert_eq!(row.seconds_to_ready, Some(4 * 3600));
    assert_eq!(row.pushes, 2);
    // 12 hours at 24 dollars a day, then 12 hours at 48.
    assert_eq!(row.cost_micros, 12_000_000 + 24_000_000);
    let text = serde_json::to_string(&row).unwrap();
    assert_eq!(serde_json::from_str::<HistoryRow>(&text).unwrap(), row);
}

#[test]
fn events_before_the_create_count_for_the_life_that_follows() {
    let of = |hour: i64, generation: u64, kind: EventKind| Event::new(at(hour), generation, kind, Actor::Cli);
    let events = [
        of(-9, 1, EventKind::Requested),
        of(-8, 1, EventKind::Deployed),
        of(-5, 1, EventKind::Ended),
        of(0, 1, EventKind::Requested),
        of(0, 1, EventKind::Queued),
        of(2, 2, EventKind::CreateStarted),
        of(4, 2, EventKind::Deployed),
    ];
    let name = "shop-pr-7".parse().unwrap();
    assert_eq!(history_row(&name, &head(), &events, at(9)).unwrap().seconds_to_ready, Some(4 * 3600));
    let first = LedgerHead { generation: 1, ..head() };
    assert_eq!(history_row(&name, &first, &events, at(-5)).unwrap().seconds_to_ready, Some(3600));
    let unborn = [of(-1, 0, EventKind::BuildStarted), of(-2, 0, EventKind::Requested), of(1, 1, EventKind::Deployed)];
    assert_eq!(history_row(&name, &first, &unborn, at(9)).unwrap().seconds_to_ready, Some(3 * 3600));
}

#[test]
fn life_that_ends_again_has_the_row_of_its_first_end() {
    let events = [
        event(0, EventKind::CreateStarted).with("price_micros", &24_000_000),
        event(24, EventKind::Ended).with("reason", "expired"),
        event(48, EventKind::Requested),
        event(800, EventKind::Ended).with("reason", "closed"),
    ];
    let name = "shop-pr-7".parse().unwrap();
    let first = history_row(&name, &LedgerHead { reason: Some(EndReason::Expired), ..head() }, &events[..1], at(24));
    for events in [&events[..3], &events] {
        assert_eq!(history_row(&name, &head(), events, at(800)), first);
    }
    let row = first.unwrap();
    assert_eq!((row.ended, row.reason, row.cost_micros), (at(24), EndReason::Expired, 24_000_000));
    let next = LedgerHead { generation: 3, ..head() };
    let next_events = [&events[..], &[Event::new(at(900), 3, EventKind::Deployed, Actor::Terraform)]].concat();
    let row = history_row(&name, &next, &next_events, at(901)).unwrap();
    assert_eq!(row.seconds_to_ready, Some(852 * 3600), "a request after the first end is of the next life");
}

#[test]
fn row_may_be_in_the_month_before_if_its_end_began_there_or_at_an_unknown_time() {
    let name = "shop-pr-7".parse().unwrap();
    let started = [event(0, EventKind::EndStarted)];
    let row = |head: &LedgerHead, events: &[Event], hours: i64| {
        history_row(&name, head, events, at(hours)).unwrap().may_be_in_month_before()
    };
    assert!(!row(&head(), &started, 1));
    assert!(row(&head(), &started, 31 * 24));
    assert!(row(&head(), &[], 1), "the start of the end is not recorded");
    let ending = LedgerHead { phase: LedgerPhase::Ending, since: at(0), ..head() };
    assert!(!row(&ending, &[], 1));
    assert!(row(&ending, &[], 31 * 24));
}

#[test]
fn month_before_is_the_last_month_in_utc() {
    let cases = [
        ("2026-12-01T00:30:00Z", "2026-11"),
        ("2026-12-31T23:30:00Z", "2026-11"),
        ("2027-01-15T08:00:00Z", "2026-12"),
        ("2028-03-31T08:00:00Z", "2028-02"),
    ];
    for (time, expected) in cases {
        let before = month_before(time.parse().unwrap()).to_string();
        assert_eq!(before.get(..7), Some(expected), "{time}");
    }
}

#[test]
fn missing_events_are_missing_in_the_row() {
    let row = history_row(&"shop-pr-7".parse().unwrap(), &head(), &[], at(25)).unwrap();
    assert_eq!((row.created, row.seconds_to_provisioned, row.seconds_to_ready), (None, None, None));
    assert_eq!((row.pushes, row.cost_micros), (0, 0));
    let living = LedgerHead { reason: None, ..head() };
    assert_eq!(history_row(&"shop-pr-7".parse().unwrap(), &living, &[], at(25)), None);
}

#[test]
fn a_repeated_end_has_one_row_and_a_full_part_takes_none() {
    let row = history_row(&"shop-pr-7".parse().unwrap(), &head(), &[], at(25)).unwrap();
    let once = append_row("", &row).unwrap();
    assert_eq!(append_row(&once, &row).unwrap(), once);
    let next = HistoryRow { generation: 3, ..row.clone() };
    let twice = append_row(&once, &next).unwrap();
    assert_eq!((twice.lines().count(), twice.starts_with(&once)), (2, true));
    let damaged = append_row("damaged\n", &row).unwrap();
    assert!(damaged.starts_with("damaged\n"), "a line that cannot be parsed stays");
    let full = format!("{}\n", "x".repeat(HISTORY_BYTES_MAX - 10));
    assert_eq!(append_row(&full, &row), None);
}
