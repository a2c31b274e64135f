use super::*;

#[test]
fn strategy_is_measured_and_not_believed() {
    let of = |method: Option<&str>, megabytes: u64, milliseconds: u64| {
        let measured = CopyMeasurement {
            method: method.map(str::to_owned),
            bytes: megabytes << 20,
            duration: Duration::from_millis(milliseconds),
        };
        measured.strategy()
    };
    // The measurements of PostgreSQL 18 on XFS, on ext4 and with `copy`.
    assert_eq!(of(Some("clone"), 3_800, 1_400), CloneStrategy::Clone);
    assert_eq!(of(Some("clone"), 3_800, 120), CloneStrategy::Clone);
    assert_eq!(of(Some("clone"), 615, 3_100), CloneStrategy::Copy);
    assert_eq!(of(Some("copy"), 3_800, 100), CloneStrategy::Copy);
    assert_eq!(of(None, 3_800, 100), CloneStrategy::Copy);
    for (megabytes, milliseconds) in [(8, 1), (255, 100), (1_000, 1_000)] {
        assert_eq!(of(Some("clone"), megabytes, milliseconds), CloneStrategy::Unknown, "{megabytes}");
    }
}
