use super::*;

#[test]
fn state_is_read_after_5_seconds_and_then_every_10() {
    let pauses: Vec<u64> = (0..4).map(|polls| pause_before_poll(polls).as_secs()).collect();
    assert_eq!(pauses, [5, 10, 10, 10]);
}
