use eod_domain::Status;

use super::*;

#[test]
fn every_metric_has_help_and_type_and_every_line_a_value() {
    let mut report = RunReport { started: "2026-03-01T12:00:00Z".parse().ok(), ..RunReport::default() };
    report.environments.insert(Status::Active, 3);
    report.act("pr-1", "mark", "the end is near");
    report.act("pr-2", "mark", "the end is near");
    let text = metrics_text(&report);
    for line in [
        "eod_reaper_last_run_timestamp_seconds 1772366400",
        "eod_reaper_environments{status=\"active\"} 3",
        "eod_reaper_actions{action=\"mark\"} 2",
        "eod_reaper_exit_code 0",
        "eod_reaper_breaker_tripped 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    let comments = text.lines().filter(|line| line.starts_with("# HELP ")).count();
    assert_eq!(comments, text.lines().filter(|line| line.starts_with("# TYPE ")).count());
    assert!(text.lines().all(|line| line.starts_with('#') || line.split(' ').count() == 2), "{text}");
}
