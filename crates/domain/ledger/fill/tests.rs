use super::*;
use crate::ledger::event::EVENT_BYTES_MAX;

#[test]
fn full_ledger_refuses_a_further_event_and_is_flagged_long_before() {
    let empty = LooseFill::default();
    assert_eq!((empty.check(), empty.flag(), empty.percent()), (Ok(()), None, 0));
    let half = LooseFill { events: 10, bytes: LOOSE_BYTES_MAX / 2 };
    assert_eq!((half.check(), half.flag()), (Ok(()), Some(50)));
    let many = LooseFill { events: LOOSE_EVENTS_MAX, bytes: 1 };
    assert_eq!((many.check(), many.flag()), (Err(LedgerFull::Events(LOOSE_EVENTS_MAX)), Some(100)));
    let large = LooseFill { events: 1, bytes: LOOSE_BYTES_MAX };
    assert_eq!(large.check(), Err(LedgerFull::Bytes(LOOSE_BYTES_MAX)));
    assert_eq!(LooseFill::of(["ab", "c"]), LooseFill { events: 2, bytes: 3 });
}

#[test]
fn full_ledger_has_room_for_the_events_of_an_end() {
    // A mark, the begin, eleven steps that are each recorded twice, and the end.
    let end = 30 * EVENT_BYTES_MAX;
    assert!(EVENTS_BYTES_MAX + LOOSE_BYTES_MAX + EVENT_BYTES_MAX + end < LEDGER_BYTES_MAX);
}
