use super::*;

#[test]
fn levels_are_read_as_written() {
    for level in [PodSecurity::Privileged, PodSecurity::Baseline, PodSecurity::Restricted] {
        assert_eq!(level.as_str().parse(), Ok(level));
    }
    assert!("Baseline".parse::<PodSecurity>().is_err());
}

#[test]
fn warn_and_audit_are_always_restricted() {
    let labels = PodSecurity::Privileged.labels();
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "privileged");
    assert_eq!(labels["pod-security.kubernetes.io/warn"], "restricted");
    assert_eq!(labels["pod-security.kubernetes.io/audit"], "restricted");
    assert_eq!(labels.len(), 6);
}
