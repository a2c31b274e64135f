use super::*;

#[test]
fn tiers_are_read_as_written() {
    for tier in Tier::ALL {
        assert_eq!(tier.to_string().parse(), Ok(*tier));
    }
    assert_eq!("production".parse::<Tier>(), Err(TierError::Production));
    assert_eq!("Full".parse::<Tier>(), Err(Tier::unsupported("Full").into()));
    assert!(Tier::Lightweight < Tier::Full && Tier::Full < Tier::Compliance && Tier::Compliance < Tier::Staging);
}

#[test]
fn presets_of_the_tiers() {
    let tiers = Tiers::default();
    let row = |tier: &Tier| {
        let settings = tiers.get(*tier);
        let text = |ttl: Option<Ttl>| ttl.map_or_else(|| "-".to_owned(), |ttl| ttl.to_string());
        format!(
            "{tier} {} {} {} {} {} resets={} protected={}",
            text(settings.ttl),
            text(settings.max_ttl),
            text(settings.warning),
            settings.quota.cpu,
            settings.quota.memory,
            settings.activity_resets_clock,
            settings.protected
        )
    };
    assert_eq!(
        Tier::ALL.iter().map(row).collect::<Vec<_>>(),
        [
            "lightweight 4h 7d 30m 2 4Gi resets=true protected=false",
            "full 24h 7d 2h 4 8Gi resets=true protected=false",
            "compliance 48h 7d 4h 4 8Gi resets=false protected=false",
            "staging - - - 8 16Gi resets=false protected=true",
        ]
    );
}

#[test]
fn overrides_are_applied_and_checked() {
    let overrides = |json: &str| -> BTreeMap<Tier, TierOverrides> { serde_json::from_str(json).unwrap() };
    let good = overrides(r#"{"full":{"ttl":"12h","max_ttl":"14d","warning":"1h","quota":{"cpu":"8"}}}"#);
    let tiers = Tiers::default().with_overrides(&good).unwrap();
    let full = tiers.get(Tier::Full);
    assert_eq!(full.ttl, Some(Ttl::from_hours(12)));
    assert_eq!(full.max_ttl, Some(Ttl::from_days(14)));
    assert_eq!(full.warning, Some(Ttl::from_hours(1)));
    assert_eq!((full.quota.cpu.to_string(), full.quota.memory.to_string()), ("8".to_owned(), "8Gi".to_owned()));
    assert_eq!(tiers.get(Tier::Lightweight), Tiers::default().get(Tier::Lightweight));

    let paths = |json: &str| -> Vec<String> {
        let mistakes = Tiers::default().with_overrides(&overrides(json)).unwrap_err();
        mistakes.iter().map(|mistake| mistake.path.join(".")).collect()
    };
    assert_eq!(paths(r#"{"full":{"ttl":"8d"}}"#), ["tiers.full.ttl"]);
    assert_eq!(paths(r#"{"full":{"max_ttl":"1h"}}"#), ["tiers.full.max_ttl"]);
    assert_eq!(paths(r#"{"lightweight":{"warning":"4h"}}"#), ["tiers.lightweight.warning"]);
    assert_eq!(
        paths(r#"{"full":{"ttl":"8d","warning":"9d"},"staging":{"ttl":"1d","warning":"1h"}}"#),
        ["tiers.full.ttl", "tiers.full.warning", "tiers.staging.ttl", "tiers.staging.warning"]
    );
    assert!(Tiers::default().with_overrides(&overrides(r#"{"full":{"ttl":"8d","max_ttl":"8d"}}"#)).is_ok());
    assert!(Tiers::default().with_overrides(&overrides(r#"{"full":{"ttl":"1h"}}"#)).is_ok());
    assert!(Tiers::default().with_overrides(&overrides(r#"{"staging":{"quota":{"cpu":"32"}}}"#)).is_ok());
}
