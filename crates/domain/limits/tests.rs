use super::*;
use crate::tier::{Tier, Tiers};

fn quota() -> Quota {
    Tiers::default().get(Tier::Lightweight).quota.clone()
}

#[test]
fn limits_have_defaults_from_the_quota() {
    let limits = ContainerLimits::resolve(&LimitsSettings::default(), &quota()).unwrap();
    let text = serde_json::to_string(&limits).unwrap();
    assert_eq!(
        text,
        r#"{"default_cpu":"250m","default_memory":"256Mi","default_request_cpu":"50m","default_request_memory":"64Mi","max_cpu":"2","max_memory":"4Gi"}"#
    );
}

#[test]
fn an_invalid_limit_is_reported_at_its_path() {
    let q = |text: &str| Some(text.parse::<Quantity>().unwrap());
    let none = LimitsSettings::default;
    for (settings, paths) in [
        (LimitsSettings { max_cpu: q("3"), ..none() }, vec!["limits.max_cpu"]),
        (LimitsSettings { max_memory: q("4097Mi"), ..none() }, vec!["limits.max_memory"]),
        (LimitsSettings { max_cpu: q("200m"), ..none() }, vec!["limits.default_cpu"]),
        (LimitsSettings { default_cpu: q("2001m"), ..none() }, vec!["limits.default_cpu"]),
        (LimitsSettings { default_request_memory: q("300Mi"), ..none() }, vec!["limits.default_request_memory"]),
        (LimitsSettings { default_memory: q("32Mi"), ..none() }, vec!["limits.default_request_memory"]),
        (
            LimitsSettings { default_cpu: q("9"), default_memory: q("9Gi"), max_cpu: q("8"), ..none() },
            vec!["limits.max_cpu", "limits.default_cpu", "limits.default_memory"],
        ),
        (LimitsSettings { max_cpu: q("2000m"), default_cpu: q("2"), default_request_cpu: q("2"), ..none() }, vec![]),
    ] {
        let found = ContainerLimits::resolve(&settings, &quota()).err().unwrap_or_default();
        let found: Vec<_> = found.iter().map(|mistake| mistake.path.join(".")).collect();
        assert_eq!(found, paths, "{settings:?}");
    }
}

#[test]
fn defaults_above_a_small_quota_are_reported() {
    let small = Quota { cpu: Quantity::milli(100), ..quota() };
    let mistakes = ContainerLimits::resolve(&LimitsSettings::default(), &small).unwrap_err();
    assert_eq!(
        mistakes[0].to_string(),
        "limits.default_cpu: default cpu limit of a container must be at most its maximum 100m, got 250m"
    );
}
