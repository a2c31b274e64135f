use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::ledger::chain::{EVENTS_MAX, LooseEvent, SealedEvents, seal, verify_chain};
use crate::ledger::event::Actor;
use crate::ledger::head::LedgerHead;
use crate::ledger::history::history_row;
use crate::ledger::phase::{EndReason, LedgerPhase, MadeBy};
use crate::ledger::steps::EndStep;
use crate::tier::Tier;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn head(generation: u64) -> LedgerHead {
    let mut head = LedgerHead::new("github.com/acme/shop#7", Tier::Full, MadeBy::Terraform, LedgerPhase::Ended, at(0));
    head.generation = generation;
    head.reason = Some(EndReason::Closed);
    head
}

fn event(second: i64, generation: u64, kind: EventKind) -> Event {
    Event::new(at(second), generation, kind, Actor::Terraform)
}

/// Events as they are in the ledger after seals of so many events each. The generation is that of each seal.
fn sealed(events: &[Event], sizes: &[usize]) -> (Vec<Event>, u64) {
    let (mut text, mut now, mut rest, mut folded) = (String::new(), head(1), events, 0);
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, later) = rest.split_at((*size).min(rest.len()));
        now.generation = chunk.iter().map(|event| event.g).chain([now.generation]).max().unwrap();
        let keyed = |(index, event): (usize, &Event)| LooseEvent { key: index.to_string(), event: event.clone() };
        let loose: Vec<LooseEvent> = chunk.iter().enumerate().map(keyed).collect();
        let SealedEvents { head, text: next, .. } = seal(&now, &text, &loose).unwrap();
        (now, text, rest) = (head, next, later);
        folded = verify_chain(&now, &text).unwrap().folded;
        assert!(text.lines().count() <= EVENTS_MAX);
    }
    let report = verify_chain(&now, &text).unwrap();
    (report.events.into_iter().map(|(_, event)| event).collect(), folded)
}

fn sums(events: &[Event]) -> EventSums {
    let mut sums = EventSums::default();
    events.iter().for_each(|event| sums.add(&EventSums::of(event)));
    sums
}

#[track_caller]
fn check_equal(events: &[Event], sealed: &[Event]) {
    let generation = events.iter().map(|event| event.g).max().unwrap();
    let row = |events: &[Event]| history_row(&"shop-pr-7".parse().unwrap(), &head(generation), events, at(10_000_000));
    assert_eq!(row(sealed), row(events), "of {} sealed events", sealed.len());
    let (before, after) = (sums(events), sums(sealed));
    assert_eq!((after.count, after.kinds, after.step_seconds), (before.count, before.kinds, before.step_seconds));
}

/// A pull request with 120 pushes, each with a build, tests and a deployment.
#[test]
fn row_of_many_pushes_is_equal_after_one_and_two_folds() {
    let price = |event: Event, price: u64| event.with("price_micros", &price);
    let mut events = vec![
        event(0, 0, EventKind::Requested),
        event(5, 0, EventKind::Queued),
        event(100, 1, EventKind::CreateStarted),
        price(event(160, 1, EventKind::Provisioned), 24_000_000),
        event(300, 1, EventKind::Deployed),
    ];
    for push in 1..120 {
        let start = 1000 * push;
        let kinds = [
            EventKind::Requested,
            EventKind::BuildStarted,
            EventKind::BuildFinished,
            EventKind::Commit,
            EventKind::Deployed,
            EventKind::TestsStarted,
            EventKind::TestsFinished,
        ];
        events.extend((0..).zip(kinds).map(|(second, kind)| event(start + second, 1, kind)));
        if push % 30 == 0 {
            events.push(price(
                event(start + 10, 1, EventKind::TierChanged),
                24_000_000 + push.unsigned_abs() * 1_000_000,
            ));
        }
    }
    events.push(event(200_000, 1, EventKind::Step).with("step", &EndStep::Namespace).with("seconds", &40));
    let row = history_row(&"shop-pr-7".parse().unwrap(), &head(1), &events, at(200_050)).unwrap();
    assert_eq!((row.pushes, row.seconds_to_provisioned, row.seconds_to_ready), (119, Some(60), Some(300)));
    for length in [205, events.len()] {
        let events = events.get(..length).unwrap();
        let (once, folded) = sealed(events, &[length]);
        assert!(folded > 0, "{length} events are folded");
        check_equal(events, &once);
    }
    let (often, _) = sealed(&events, &[40]);
    check_equal(&events, &often);
}

#[test]
fn cost_of_more_prices_than_the_bound_is_equal_after_folds() {
    let price = |change: i64| {
        let event = event(3600 * change, 1, EventKind::TierChanged);
        event.with("price_micros", &(1_000_000 + change.unsigned_abs()))
    };
    let events: Vec<Event> = [event(0, 1, EventKind::CreateStarted)].into_iter().chain((1..700).map(price)).collect();
    let (sealed, folded) = sealed(&events, &[60]);
    assert!(folded > 400, "{folded}");
    check_equal(&events, &sealed);
}

#[test]
fn events_before_the_next_create_are_kept_for_it() {
    let mut events: Vec<Event> = (0..150).map(|second| event(second, 1, EventKind::Commit)).collect();
    events.push(event(150, 1, EventKind::Ended));
    events.extend((151..251).map(|second| event(second, 1, EventKind::Requested)));
    let (before, folded) = sealed(&events, &[251]);
    assert!(folded > 0);
    check_equal(&events, &before);
    events.extend([event(300, 2, EventKind::CreateStarted), event(400, 2, EventKind::Deployed)]);
    events.extend((401..601).map(|second| event(second, 2, EventKind::Activity)));
    let (after, _) = sealed(&events, &[251, 50]);
    let row = history_row(&"shop-pr-7".parse().unwrap(), &head(2), &after, at(700)).unwrap();
    assert_eq!(row.seconds_to_ready, Some(400 - 151));
    check_equal(&events, &after);
}

/// Event of a life: kind, seconds after the one before, seconds by which its time is late or early, and a number.
type RandomEvent = (EventKind, i64, i64, u64);

fn random_life() -> impl Strategy<Value = (Vec<RandomEvent>, Vec<RandomEvent>)> {
    let before = [EventKind::Requested, EventKind::Queued, EventKind::BuildStarted, EventKind::BuildFinished];
    let within: Vec<EventKind> = EventKind::ALL
        .iter()
        .copied()
        .filter(|kind| !before.contains(kind) && ![EventKind::Ended, EventKind::Folded].contains(kind))
        .chain(before)
        .collect();
    let events = |kinds: Vec<EventKind>| (select(kinds), 0_i64..500, -900_i64..900, 0_u64..50_000_000);
    let before = proptest::collection::vec(events(before.to_vec()), 0..12);
    (before, proptest::collection::vec(events(within), 1..350))
}

/// Events of lives one after another. Times within a life are not in order.
fn random_ledger(lives: Vec<(Vec<RandomEvent>, Vec<RandomEvent>)>) -> Vec<Event> {
    let (mut events, mut now) = (Vec::new(), 0_i64);
    for (generation, (before, within)) in (1_u64..).zip(lives) {
        for (kind, after, _, _) in before {
            now += after;
            events.push(event(now, generation - 1, kind));
        }
        now += 1000;
        for (kind, after, late, number) in within {
            now += after;
            let random = event(now + late, generation, kind);
            events.push(match kind {
                EventKind::Step => {
                    let step = EndStep::ALL[usize::try_from(number).unwrap() % EndStep::ALL.len()];
                    random.with("step", &step).with("seconds", &(number % 100))
                }
                EventKind::Provisioned | EventKind::Adopted | EventKind::TierChanged if number % 3 == 0 => {
                    random.with("price_micros", &number)
                }
                _ => random,
            });
        }
        now += 1000;
        events.push(event(now, generation, EventKind::Ended));
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The row of the newest life and the sums of all events do not depend on what was folded, and how often.
    #[test]
    fn history_row_is_equal_before_and_after_folds(
        lives in proptest::collection::vec(random_life(), 1..4),
        sizes in proptest::collection::vec(1_usize..160, 1..6),
        cut in any::<Index>(),
    ) {
        let mut events = random_ledger(lives);
        events.truncate(1 + cut.index(events.len()));
        if events.iter().any(|event| event.g > 0) {
            check_equal(&events, &sealed(&events, &sizes).0);
        }
    }
}
