use proptest::prelude::*;

use super::*;

const CREATED: &str = "2026-03-01T12:00:00Z";

fn now() -> Timestamp {
    "2026-03-01T13:00:00Z".parse().unwrap()
}

fn full() -> Option<Ttl> {
    Some(Ttl::from_hours(24))
}

fn expiry_of(written: WrittenTimes<'_>) -> Result<Option<String>, String> {
    match Times::read(&written, full(), now()).expiry {
        Expiry::At(end) => Ok(Some(end.to_string())),
        Expiry::Never => Ok(None),
        Expiry::Unreadable(error) => Err(error.to_string()),
    }
}

#[test]
fn an_annotated_end_is_used_and_a_missing_one_is_computed() {
    let created = WrittenTimes { creation_timestamp: Some(CREATED), ..WrittenTimes::default() };
    for (written, end) in [
        (WrittenTimes { expires_at: Some("2026-03-02T00:00:00Z"), ..created }, Some("2026-03-02T00:00:00Z")),
        (
            WrittenTimes { expires_at: Some("2026-03-02T00:00:00Z"), ttl: Some("none"), ..created },
            Some("2026-03-02T00:00:00Z"),
        ),
        (WrittenTimes { ttl: Some("none"), ..created }, None),
        (WrittenTimes { ttl: Some("4h"), ..created }, Some("2026-03-01T16:00:00Z")),
        // The tier has the TTL of a namespace without the label.
        (created, Some("2026-03-02T12:00:00Z")),
        (
            WrittenTimes { ttl: Some("4h"), last_activity_at: Some("2026-03-01T12:30:00Z"), ..created },
            Some("2026-03-01T16:30:00Z"),
        ),
        // The latest of the three times counts.
        (
            WrittenTimes { ttl: Some("4h"), created_at: Some("2026-03-01T12:40:00Z"), ..created },
            Some("2026-03-01T16:40:00Z"),
        ),
        // An end in the past is an end.
        (WrittenTimes { ttl: Some("30m"), ..created }, Some("2026-03-01T12:30:00Z")),
    ] {
        assert_eq!(expiry_of(written), Ok(end.map(ToOwned::to_owned)), "{written:?}");
    }
}

#[test]
fn damaged_and_absurd_times_are_unreadable() {
    let created = WrittenTimes { creation_timestamp: Some(CREATED), ..WrittenTimes::default() };
    for (written, part) in [
        (WrittenTimes { expires_at: Some("soon"), ..created }, "expires-at is not an RFC 3339 time, got `soon`"),
        (WrittenTimes { expires_at: Some(""), ..created }, "expires-at is not an RFC 3339 time"),
        (WrittenTimes { last_activity_at: Some("x"), ..created }, "last-activity-at is not"),
        (
            WrittenTimes { last_activity_at: Some("x"), expires_at: Some("2026-03-02T00:00:00Z"), ..created },
            "last-activity-at is not",
        ),
        (WrittenTimes { created_at: Some("x"), ..created }, "created-at is not"),
        (WrittenTimes { ttl: Some("long"), ..created }, "must be a TTL or `none`, got `long`"),
        (WrittenTimes { expires_at: Some("2026-03-01T11:59:59Z"), ..created }, "is before the creation"),
        (WrittenTimes { expires_at: Some("2206-03-01T12:00:00Z"), ..created }, "is more than 90d ahead"),
        (WrittenTimes { last_activity_at: Some("2206-03-01T12:00:00Z"), ..created }, "is more than 90d ahead"),
        (WrittenTimes::default(), "has no creationTimestamp"),
    ] {
        let error = expiry_of(written).unwrap_err();
        assert!(error.contains(part), "{written:?}: {error}");
    }
}

proptest! {
    #[test]
    fn unreadable_is_never_past(text in "\\PC{0,12}", field in 0_usize..5, later in 0_i64..10_000_000_000) {
        let mut written = WrittenTimes { creation_timestamp: Some(CREATED), ..WrittenTimes::default() };
        let slot = match field {
            0 => &mut written.creation_timestamp,
            1 => &mut written.created_at,
            2 => &mut written.last_activity_at,
            3 => &mut written.expires_at,
            _ => &mut written.ttl,
        };
        *slot = Some(&text);
        let now = Timestamp::from_second(now().as_second() + later).unwrap();
        let times = Times::read(&written, full(), now);
        if field < 4 && text.parse::<Timestamp>().is_err() {
            prop_assert!(!times.expiry.is_past(now), "{:?}", times);
        }
    }

    #[test]
    fn activity_never_makes_the_end_earlier(one in 0_i64..86_400, two in 0_i64..86_400) {
        let at = |seconds: i64| Timestamp::from_second(now().as_second() + seconds).unwrap().to_string();
        let end = |seconds: i64| {
            let activity = at(seconds);
            let written = WrittenTimes {
                creation_timestamp: Some(CREATED),
                last_activity_at: Some(&activity),
                ..WrittenTimes::default()
            };
            Times::read(&written, full(), now()).expiry.at().unwrap()
        };
        prop_assert!(end(one.min(two)) <= end(one.max(two)));
    }
}
