use super::*;
use crate::ledger::event::Actor;
use crate::ledger::phase::{LedgerPhase, MadeBy};

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

/// Everything that the reports need is computed from the events alone.
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
