use super::*;

#[test]
fn breaker_limits_by_count_and_by_percentage_above_a_minimum() {
    let breakers = Breakers::default();
    for (environments, limit) in [(0, 5), (10, 5), (30, 6), (45, 9), (50, 10), (1000, 10)] {
        assert_eq!(breakers.limit(environments, None), limit, "{environments} environments");
    }
    assert_eq!(breakers.limit(10, Some(40)), 40, "a person accepts more");
    assert_eq!(breakers.limit(1000, Some(3)), 10, "accepting fewer lowers nothing");
}
