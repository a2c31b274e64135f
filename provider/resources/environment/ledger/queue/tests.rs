use eod_domain::Tier;
use eod_domain::ledger::{CreateRequest, MadeBy, Transitions};

use super::*;

fn at(minute: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn name(number: u32) -> EnvironmentName {
    format!("shop-pr-{number}").parse().unwrap()
}

/// An environment that has waited since a minute.
fn waits(number: u32, since: i64) -> (EnvironmentName, LedgerHead) {
    let request = CreateRequest::new(&format!("#{number}"), Tier::Full, MadeBy::Terraform, "run");
    (name(number), Transitions::at(at(since)).queue(None, &request).unwrap())
}

fn waiting(queued: impl Into<Vec<(EnvironmentName, LedgerHead)>>) -> Waiting {
    Waiting { queued: queued.into(), own: ListedLedger::Missing }
}

#[test]
fn place_is_counted_by_first_refusal_then_by_name() {
    let waiting = waiting([waits(3, 2), waits(2, 1), waits(1, 1), waits(4, -60)]);
    let place = |number| waiting.recorded_place(&name(number), at(3)).map(|place| (place.position, place.waiting));
    assert_eq!([1, 2, 3].map(place), [Some((1, 3)), Some((2, 3)), Some((3, 3))]);
    assert_eq!(place(4), None, "its place was lost after an hour");
    assert_eq!(place(5), None);
}

#[test]
fn refusals_of_one_second_keep_their_order() {
    let mut waiting = waiting([waits(2, 1)]);
    assert_eq!(waiting.next_place(at(2)), at(2));
    let next = waiting.next_place(at(1));
    assert!(next > at(1) && next < at(2), "{next}");
    let (name, head) = waits(1, 1);
    waiting.queued.push((name.clone(), LedgerHead { queued_at: Some(next), ..head }));
    assert_eq!(waiting.recorded_place(&name, at(1)).map(|place| place.position), Some(2));
}

#[test]
fn environment_waits_only_without_a_free_place() {
    let waiting = waiting([waits(1, 0), waits(2, 1)]);
    let claimed = [(at(-9), name(8)), (at(-8), name(9))];
    let of = |number: u32, maximum: u64| {
        let own = (at(5), name(number));
        let claimed: Vec<_> = claimed.iter().cloned().chain([own.clone()]).collect();
        waiting.place(&own, &claimed, maximum, at(5)).map(|place| (place.position, place.waiting))
    };
    assert_eq!([of(1, 2), of(2, 2), of(3, 2)], [Some((1, 2)), Some((2, 2)), Some((3, 3))]);
    assert_eq!([of(1, 3), of(2, 3), of(3, 3)], [None, Some((2, 2)), Some((3, 3))]);
    assert_eq!([of(2, 4), of(3, 5)], [None, None]);
}
