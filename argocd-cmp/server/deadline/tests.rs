use super::*;

#[test]
fn timeout_is_parsed_in_every_unit() {
    for (text, expected) in [
        ("59999m", Some(Duration::from_millis(59_999))),
        ("1H", Some(Duration::from_secs(3600))),
        ("2M", Some(Duration::from_secs(120))),
        ("60S", Some(Duration::from_secs(60))),
        ("5u", Some(Duration::from_micros(5))),
        ("99999999n", Some(Duration::from_nanos(99_999_999))),
        ("", None),
        ("S", None),
        ("100000000S", None),
        ("-1S", None),
        ("1 S", None),
        ("1x", None),
        ("1\u{e9}", None),
    ] {
        assert_eq!(parse(text), expected, "{text:?}");
    }
}

#[test]
fn reply_is_sent_before_the_callers_deadline() {
    let now = Instant::now();
    for allowed in [1, 10, 1000, 60_000, 3_600_000] {
        let allowed = Duration::from_millis(allowed);
        let deadline = CallDeadline::after(allowed, now);
        assert!(deadline.work < deadline.answer && deadline.answer < now + allowed, "{allowed:?}");
        assert!(deadline.work >= now + allowed - allowed / 10, "{allowed:?}");
    }
    let mut metadata = MetadataMap::new();
    assert_eq!(CallDeadline::from_metadata(&metadata, now).allowed, DEFAULT);
    metadata.insert("grpc-timeout", "99999999H".parse().unwrap());
    assert_eq!(CallDeadline::from_metadata(&metadata, now).allowed, MAX);
}
