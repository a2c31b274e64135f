use super::*;

/// True if a request is sent, with so many requests left of a limit.
fn is_sent(remaining: u64, limit: Option<u64>) -> bool {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let mut headers = HeaderMap::new();
    headers.insert("ratelimit-remaining", remaining.into());
    headers.insert("ratelimit-reset", 1_800_000_060.into());
    if let Some(limit) = limit {
        headers.insert("ratelimit-limit", limit.into());
    }
    !RequestQuota::read(&headers, "ratelimit").unwrap().is_used_up(now)
}

#[test]
fn reserve_is_a_tenth_of_a_small_limit_and_at_most_fifty_requests() {
    assert!(is_sent(51, Some(5000)) && !is_sent(50, Some(5000)));
    assert!(is_sent(51, None) && !is_sent(50, None), "without a limit the reserve is the largest one");
    assert!(is_sent(7, Some(60)) && !is_sent(6, Some(60)));
    assert!(is_sent(1, Some(9)) && !is_sent(0, Some(9)));
}
