//! Random values with the test double of helm; `tests/cmp/random.rs` has the real one.

use eod_render::{HelmOutput, HelmRule, Sandbox};

use super::super::MachineToolbox;
use super::super::tests::{minute, rule, run_helm, toolbox};
use super::*;

fn scope(installation: &str, environment: &str, application: &str) -> RandomScope {
    let [installation, environment, application] = [installation, environment, application].map(ToOwned::to_owned);
    RandomScope { installation, environment, application }
}

fn helm(seed: &[u8], mode: Option<RandomValues>, scope: &RandomScope, wish: &str) -> Result<HelmOutput, ToolError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), seed).unwrap();
    let toolbox = MachineToolbox { seed: SeedFile::new(file.path()), ..toolbox(None) };
    let rule = HelmRule { tool: rule(Sandbox::Required), random: mode, ..HelmRule::default() };
    run_helm(&toolbox, &rule, scope, wish, &minute())
}

#[test]
fn random_values_are_equal_for_one_application_of_one_environment_only() {
    let of = |scope: RandomScope| {
        let found = helm(&[7; 32], None, &scope, "random").unwrap();
        assert_eq!(found.second, None);
        found.manifests
    };
    let first = of(scope("acme", "shop-pr-7", "shop"));
    assert_eq!(first, of(scope("acme", "shop-pr-7", "shop")));
    let others = [("acme", "shop-pr-8", "shop"), ("other", "shop-pr-7", "shop"), ("acme", "shop-pr-7", "web")];
    let others =
        others.map(|(installation, environment, application)| of(scope(installation, environment, application)));
    assert!(others.iter().all(|other| *other != first), "{others:?}");
    assert_ne!(of(scope("ab", "c", "d")), of(scope("a", "bc", "d")), "the parts are separated");
    assert_ne!(helm(&[8; 32], None, &scope("acme", "shop-pr-7", "shop"), "random").unwrap().manifests, first);
}

#[test]
fn difference_has_its_reason() {
    let second = |seed: &[u8], mode, wish: &str| {
        let second = helm(seed, mode, &RandomScope::default(), wish).unwrap().second.unwrap();
        (second.reason.replace(std::env::temp_dir().to_str().unwrap(), ""), second.remedy)
    };
    let (reason, remedy) = second(&[7; 31], None, "random");
    assert!(reason.starts_with("the chart uses `randAlpha`, and the seed file `/"), "{reason}");
    assert!(
        reason.ends_with("must have at least 32 bytes, got 31") && remedy.contains("--seed-file"),
        "{reason} {remedy}"
    );
    let (reason, remedy) = second(&[7; 32], Some(RandomValues::Refuse), "random");
    assert_eq!(reason, "the chart uses `randAlpha`, and the policy sets `helm.random: refuse`");
    assert_eq!(remedy, VALUE_REMEDY);
    let (reason, _) = second(&[7; 32], Some(RandomValues::Stable), "unstable");
    assert_eq!(reason, "the chart uses `now`, with another result at every render");
    let missing = SeedFile::new(Path::new("/missing/seed")).read().unwrap_err();
    assert_eq!(missing, "the seed file `/missing/seed` does not exist");
}

#[test]
fn other_helm_runs_twice_if_the_chart_may_vary() {
    let scope = RandomScope::default();
    let second = helm(&[7; 32], None, &scope, "vary rand").unwrap().second.unwrap();
    assert_eq!(second.reason, "the chart makes random or time-dependent values");
    let error = helm(&[7; 32], Some(RandomValues::Stable), &scope, "vary rand").unwrap_err();
    assert!(error.message.starts_with("the policy sets `helm.random: stable`, but `/"), "{error}");
    assert_eq!(helm(&[7; 32], None, &scope, "/").unwrap().second, None);
}

#[test]
fn changed_secret_has_another_version() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let seed = SeedFile::new(file.path());
    let missing = seed.version();
    fs::write(file.path(), [1; 32]).unwrap();
    let first = seed.version();
    fs::write(file.path(), [2; 32]).unwrap();
    assert!(missing != first && first != seed.version() && seed.version() == seed.version());
}
