use crate::ledger::head::HASH_LENGTH;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::ledger::event::Actor;
use crate::ledger::phase::{LedgerPhase, MadeBy};
use crate::tier::Tier;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn empty() -> LedgerHead {
    LedgerHead { generation: 1, ..LedgerHead::new("#7", Tier::Full, MadeBy::Terraform, LedgerPhase::Live, at(0)) }
}

fn loose(second: i64, generation: u64, kind: EventKind) -> LooseEvent {
    let event = Event::new(at(second), generation, kind, Actor::Cli).with("seconds", &2);
    LooseEvent { key: format!("loose.{second}-{kind}"), event }
}

fn sealed(events: &[LooseEvent]) -> SealedEvents {
    seal(&empty(), "", events).unwrap()
}

#[test]
fn loose_events_are_sealed_in_the_order_of_their_times() {
    let first = sealed(&[loose(9, 1, EventKind::Commit), loose(3, 1, EventKind::Provisioned)]);
    assert_eq!((first.head.seq, first.head.hash.len()), (2, HASH_LENGTH));
    assert_eq!(first.sealed_keys, ["loose.9-commit", "loose.3-provisioned"]);
    let next = seal(&first.head, &first.text, &[loose(20, 1, EventKind::Activity)]).unwrap();
    assert!(next.text.starts_with(&first.text), "sealed lines do not change");
    let report = verify_chain(&next.head, &next.text).unwrap();
    let kinds: Vec<_> = report.events.iter().map(|(n, event)| (*n, event.e)).collect();
    assert_eq!(kinds, [(1, EventKind::Provisioned), (2, EventKind::Commit), (3, EventKind::Activity)]);
    assert_eq!(report.folded, 0);
}

#[test]
fn events_of_one_second_are_sealed_in_the_order_of_a_life() {
    let kinds = [(1, EventKind::Ended), (1, EventKind::EndStarted), (2, EventKind::CreateStarted)];
    let first = sealed(&kinds.map(|(generation, kind)| loose(9, generation, kind)));
    let report = verify_chain(&first.head, &first.text).unwrap();
    let kinds: Vec<_> = report.events.iter().map(|(_, event)| event.e).collect();
    assert_eq!(kinds, [EventKind::EndStarted, EventKind::Ended, EventKind::CreateStarted]);
}

#[test]
fn an_empty_ledger_is_valid_and_sealing_nothing_changes_nothing() {
    assert!(verify_chain(&empty(), "").unwrap().events.is_empty());
    let sealed = seal(&empty(), "", &[]).unwrap();
    assert_eq!((sealed.head, sealed.text), (empty(), String::new()));
}

#[test]
fn every_manipulation_breaks_the_chain() {
    let events: Vec<_> = (0..5).map(|second| loose(second, 1, EventKind::Activity)).collect();
    let SealedEvents { head, text, .. } = sealed(&events);
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let without = |removed: usize| {
        joined(
            &lines.iter().enumerate().filter(|(index, _)| *index != removed).map(|(_, line)| *line).collect::<Vec<_>>(),
        )
    };
    for index in 0..5 {
        assert!(verify_chain(&head, &without(index)).is_err(), "line {index} removed");
        let changed = lines[index].replace("activity", "commit");
        let mut all = lines.clone();
        all[index] = &changed;
        assert!(matches!(verify_chain(&head, &joined(&all)), Err(ChainError::Hash { .. })), "line {index} changed");
    }
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    assert!(matches!(verify_chain(&head, &joined(&swapped)), Err(ChainError::Number { line: 2, .. })));
    assert!(matches!(verify_chain(&head, &format!("{text}garbage\n")), Err(ChainError::Format { line: 6, .. })));
    assert!(matches!(verify_chain(&head, ""), Err(ChainError::Head { found: 0, expected: 5, .. })));
    let other = LedgerHead { hash: "0".repeat(HASH_LENGTH), ..head.clone() };
    assert!(matches!(verify_chain(&other, &text), Err(ChainError::Head { .. })));
    assert!(matches!(seal(&other, &text, &[]), Err(SealError::Chain(_))), "a broken chain is not sealed over");
}

#[test]
fn the_oldest_half_is_folded_above_the_bound() {
    let events: Vec<_> = (0..=200)
        .map(|second| {
            let kind = if second == 0 { EventKind::CreateStarted } else { EventKind::Activity };
            loose(second, 1, kind)
        })
        .collect();
    let SealedEvents { head, text, .. } = sealed(&events);
    assert_eq!(head.seq, 201, "folding changes no number");
    let report = verify_chain(&head, &text).unwrap();
    assert_eq!(report.folded, 99);
    let kinds: Vec<_> = report.events.iter().take(3).map(|(n, event)| (*n, event.e)).collect();
    assert_eq!(kinds, [(1, EventKind::CreateStarted), (100, EventKind::Folded), (101, EventKind::Activity)]);
    let summary = &report.events[1].1;
    assert_eq!((summary.number("count"), summary.number("seconds")), (Some(99), Some(198)));
    assert_eq!(summary.d["kinds"].as_str(), "activity:99");
    assert_eq!(summary.d["from"].as_str(), at(1).to_string());
    assert_eq!(summary.d["hash"].as_str().len(), HASH_LENGTH);
}

#[test]
fn the_first_and_last_event_of_each_generation_stay() {
    let events: Vec<_> =
        (0..=200).map(|second| loose(second, 1 + u64::try_from(second / 20).unwrap(), EventKind::Activity)).collect();
    let head = LedgerHead { generation: 11, ..empty() };
    let SealedEvents { head, text, .. } = seal(&head, "", &events).unwrap();
    let report = verify_chain(&head, &text).unwrap();
    for generation in 1..=5 {
        let kept = |(_, event): &&(u64, Event)| event.g == generation && event.e == EventKind::Activity;
        assert_eq!(report.events.iter().filter(kept).count(), 2, "generation {generation}");
    }
}

#[test]
fn a_ledger_of_many_short_generations_stays_in_its_bounds() {
    let (mut head, mut text) = (empty(), String::new());
    for generation in 1..500 {
        head.generation = generation;
        let second = i64::try_from(generation).unwrap();
        let new = [
            loose(2 * second, generation, EventKind::CreateStarted),
            loose(2 * second + 1, generation, EventKind::Ended),
        ];
        let sealed = seal(&head, &text, &new).unwrap();
        (head, text) = (sealed.head, sealed.text);
        assert!(text.lines().count() <= EVENTS_MAX && text.len() <= EVENTS_BYTES_MAX, "generation {generation}");
    }
    let report = verify_chain(&head, &text).unwrap();
    let shown = report.events.iter().filter(|(_, event)| event.e != EventKind::Folded).count();
    assert_eq!(head.seq, 998);
    assert_eq!(report.folded + u64::try_from(shown).unwrap(), 998, "no event is lost");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any sequence of runs seals a valid chain, in its bounds, without the loss of an event.
    #[test]
    fn sealing_is_complete(runs in proptest::collection::vec(proptest::collection::vec((0_i64..1000, 1_u64..4), 0..60), 1..12)) {
        let (mut head, mut text, mut total) = (empty(), String::new(), 0_u64);
        for run in runs {
            let new: Vec<_> = run.iter().enumerate().map(|(index, (second, generation))| {
                let event = Event::new(at(*second), *generation, EventKind::Activity, Actor::Reaper);
                LooseEvent { key: format!("loose.{index}"), event }
            }).collect();
            total += u64::try_from(new.len()).unwrap();
            let sealed = seal(&head, &text, &new).unwrap();
            prop_assert_eq!(sealed.sealed_keys.len(), new.len());
            (head, text) = (sealed.head, sealed.text);
            prop_assert!(text.lines().count() <= EVENTS_MAX && text.len() <= EVENTS_BYTES_MAX);
            let report = verify_chain(&head, &text).unwrap();
            let shown = report.events.iter().filter(|(_, event)| event.e != EventKind::Folded).count();
            prop_assert_eq!(report.folded + u64::try_from(shown).unwrap(), total);
            prop_assert_eq!(head.seq, total);
        }
    }
}
