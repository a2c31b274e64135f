use super::*;

#[test]
fn clock_with_a_difference_of_more_than_two_minutes_is_reported() {
    let server: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let skewed =
        |seconds: i64| skew_warning_of(&ServerTime { server, local: server + SignedDuration::from_secs(seconds) });
    for seconds in [0, 60, 120, -120] {
        assert!(skewed(seconds).is_none(), "{seconds}");
    }
    for (seconds, text) in [(121, "121 s ahead of the API server"), (-3600, "3600 s behind the API server")] {
        let warning = skewed(seconds).unwrap();
        assert!(warning.detail.contains(text), "{warning:?}");
    }
}
