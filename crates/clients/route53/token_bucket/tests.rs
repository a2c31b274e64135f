use super::*;

fn bucket() -> TokenBucket {
    TokenBucket::full(RateLimit { per_second: 8.0, burst: 40.0 })
}

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn burst_is_free_and_further_tokens_come_at_the_rate() {
    let mut bucket = bucket();
    let waits: Vec<Duration> = (0..44).map(|_| bucket.reserve(1.0, Duration::ZERO)).collect();
    assert!(waits.iter().take(40).all(Duration::is_zero));
    assert_eq!(waits[40..], [at(125), at(250), at(375), at(500)]);
    assert_eq!(bucket.reserve(1.0, at(500)), at(125), "callers that wait are served first");
}

#[test]
fn bucket_never_holds_more_than_its_burst() {
    let mut bucket = bucket();
    bucket.reserve(40.0, Duration::ZERO);
    assert!((0..40).all(|_| bucket.reserve(1.0, at(3_600_000)).is_zero()));
    assert_eq!(bucket.reserve(1.0, at(3_600_000)), at(125));
    assert_eq!(bucket.reserve(1.0, at(3_000_000)), at(250), "an earlier time fills nothing");
}

#[test]
fn large_reservation_waits_for_a_full_bucket_only() {
    let mut bucket = bucket();
    assert_eq!(bucket.reserve(100.0, Duration::ZERO), Duration::ZERO);
    assert_eq!(bucket.reserve(1.0, Duration::ZERO), at(7_625), "60 tokens are owed");
}

#[test]
fn drained_bucket_keeps_its_debt() {
    let mut bucket = bucket();
    bucket.drain(at(1_000));
    assert_eq!(bucket.reserve(1.0, at(1_000)), at(125));
    bucket.drain(at(1_000));
    assert_eq!(bucket.reserve(1.0, at(1_000)), at(250));
}
