use super::*;

#[test]
fn four_months_after_the_retention_of_the_ledgers_are_searched() {
    let found = |retention_days: i64| -> Vec<String> {
        // 30 days before the first of March is January.
        let found = months("2026-03-01T00:30:00Z".parse().unwrap(), SignedDuration::from_hours(24 * retention_days));
        found.iter().map(|time| time.to_string().chars().take(7).collect()).collect()
    };
    assert_eq!(found(7), ["2026-03", "2026-02", "2026-01", "2025-12"]);
    assert_eq!(found(30), ["2026-03", "2026-02", "2026-01", "2025-12", "2025-11"]);
    let year = found(365);
    assert_eq!((year.len(), year.last().map(String::as_str)), (17, Some("2024-11")));
}
