use eod_render::{Location, Refusal, RefusalRule};

use super::*;

#[test]
fn counted_values_are_encoded() {
    let metrics = Metrics::new();
    metrics.count_call("GenerateManifest", CallOutcome::Late);
    metrics.count_refusals(&Refusal::new(Location::default(), RefusalRule::Volume, "m", "r").into());
    let class = eod_render::NarrowClass::Guards;
    metrics.count_narrowed(&[Narrowed { location: Location::default(), class, change: String::new() }]);
    metrics.count_cache_lookup(CacheLookup::Hit);
    metrics.observe_seconds("render", Duration::from_micros(300));
    metrics.set_policy_refused(true);
    metrics.observe_archive(
        &ArchiveStats { kept_files: 3, kept_bytes: 5, ..ArchiveStats::default() },
        9,
        Duration::ZERO,
    );
    let text = metrics.encode();
    for line in [
        r#"eod_cmp_calls_total{method="GenerateManifest",outcome="late"} 1"#,
        r#"eod_cmp_refusals_total{rule="volume"} 1"#,
        r#"eod_cmp_narrowed_total{class="guards"} 1"#,
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
