use super::*;
use crate::spec::tests::EVERYTHING;

fn resolve(spec: &str) -> Result<Environment, Vec<EnvironmentMistake>> {
    let settings = Settings { domain: Some("preview.acme.internal".parse().unwrap()), ..Settings::default() };
    Environment::resolve(&EnvironmentSpec::from_json(spec).unwrap(), &settings)
}

#[test]
fn a_minimal_environment_has_all_defaults() {
    let environment = resolve(r#"{"repository":"acme/shop","pull_request":7,"services":["api"]}"#).unwrap();
    assert_eq!(environment.name.as_str(), "shop-pr-7");
    assert_eq!(environment.tier, Tier::Lightweight);
    assert_eq!(environment.ttl, Some(Ttl::from_hours(4)));
    assert!(!environment.protected);
    assert_eq!(environment.pull_request_url.as_ref().unwrap().as_str(), "https://github.com/acme/shop/pull/7");
    assert_eq!(environment.host().unwrap(), "shop-pr-7.preview.acme.internal");
    assert_eq!(environment.hosts().unwrap().into_values().collect::<Vec<_>>(), ["shop-pr-7-api.preview.acme.internal"]);
    assert_eq!(environment.ownership_labels()[labels::OWNER], "unknown");
}

#[test]
fn the_tier_has_the_defaults() {
    let environment = resolve(r#"{"name":"demo","tier":"staging","dns":{"mode":"none"}}"#).unwrap();
    assert_eq!((environment.ttl, environment.protected), (None, true));
    assert_eq!((environment.host(), environment.hosts()), (None, None));
    assert_eq!(environment.ownership_labels()[labels::TTL], "none");
    let given = resolve(EVERYTHING).unwrap();
    assert_eq!(given.pull_request_url.as_ref().unwrap().as_str(), "https://git.acme.internal/shop/123");
    assert_eq!(given.quota.cpu.as_str(), "4000m");
}

#[test]
fn an_existing_environment_keeps_its_name() {
    let spec = EnvironmentSpec::from_json(r#"{"repository":"acme/shop","pull_request":7}"#).unwrap();
    let settings = Settings { name_template: Some("pr-{number}".parse().unwrap()), ..Settings::default() };
    assert_eq!(Environment::resolve(&spec, &settings).unwrap().name.as_str(), "pr-7");
    let kept = Environment::resolve_named(&spec, &settings, "shop-pr-7".parse().unwrap()).unwrap();
    assert_eq!((kept.name.as_str(), kept.spec.name), ("shop-pr-7", None));
}

#[test]
fn all_mistakes_are_reported_together() {
    for (spec, paths) in [
        ("{}", vec!["name"]),
        (r#"{"repository":"acme/shop"}"#, vec!["name"]),
        (r#"{"repository":"acme/kube-state","pull_request":1}"#, vec!["name"]),
        (r#"{"pull_request":1,"branch":"x"}"#, vec!["branch"]),
        (r#"{"pull_request":1,"ttl":"8d"}"#, vec!["ttl"]),
        (r#"{"pull_request":1,"ttl":"1h","tier":"staging"}"#, vec!["ttl"]),
        (r#"{"pull_request":1,"limits":{"max_cpu":"9"}}"#, vec!["limits.max_cpu"]),
        (r#"{"pull_request":1,"quota":{"cpu":"100m"}}"#, vec!["limits.default_cpu"]),
        (
            r#"{"ttl":"30d","limits":{"max_cpu":"9","default_memory":"5Gi"}}"#,
            vec!["limits.default_memory", "limits.max_cpu", "name", "ttl"],
        ),
    ] {
        let found: Vec<_> =
            resolve(spec).err().unwrap_or_default().iter().map(|mistake| mistake.path.join(".")).collect();
        assert_eq!(found, paths, "{spec}");
    }
}

#[test]
fn an_environment_cannot_be_the_control_namespace() {
    let settings = Settings { control_namespace: "previews".parse().unwrap(), ..Settings::default() };
    let spec = EnvironmentSpec::from_json(r#"{"name":"previews"}"#).unwrap();
    assert_eq!(Environment::resolve(&spec, &settings).unwrap_err()[0].path, ["name"]);
}

#[test]
fn a_label_of_the_user_overrides_a_default_label() {
    let settings = Settings {
        default_labels: UserLabels::parse("default_labels", [("team".to_owned(), "core".to_owned())].into()).unwrap(),
        ..Settings::default()
    };
    let environment = Environment::resolve(&EnvironmentSpec::from_json(EVERYTHING).unwrap(), &settings).unwrap();
    assert_eq!(environment.namespace_labels()["team"], "checkout");
    assert_eq!(environment.object_labels()["team"], "core");
    assert!(!environment.own_namespace_labels().contains_key("team"));
}
