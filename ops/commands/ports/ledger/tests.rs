use super::*;

#[test]
fn every_month_of_the_history_is_searched() {
    // 30 days before the first of March is January.
    let found = months("2026-03-01T00:30:00Z".parse().unwrap());
    let found: Vec<String> = found.iter().map(|time| time.to_string().chars().take(7).collect()).collect();
    assert_eq!(found, ["2026-03", "2026-02", "2026-01", "2025-12"]);
}
