use eod_render::{Location, Refusal, RefusalRule};

use super::*;

#[test]
fn what_was_counted_is_shown() {
    let metrics = Metrics::new();
    metrics.call("GenerateManifest", Outcome::Late);
    metrics.refused(&Refusal::new(Location::default(), RefusalRule::Volume, "m", "r").into());
    metrics.cache(true);
    metrics.took("render", Duration::from_micros(300));
    metrics.policy_refused(true);
    metrics.unpacked(&ArchiveStats { kept_files: 3, kept_bytes: 5, ..ArchiveStats::default() }, 9, Duration::ZERO);
    let text = metrics.text();
    for line in [
        r#"eod_cmp_calls_total{method="GenerateManifest",outcome="late"} 1"#,
        r#"eod_cmp_refusals_total{rule="volume"} 1"#,
        r#"eod_cmp_cache_total{result="hit"} 1"#,
        r#"eod_cmp_part_seconds_bucket{le="0.0005",part="render"} 1"#,
        r#"eod_cmp_archive_bytes_total{what="received"} 9"#,
        "eod_cmp_kept_files_total 3",
        "eod_cmp_policy_refused 1",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
    assert!(text.contains("eod_cmp_build{version="), "{text}");
}
