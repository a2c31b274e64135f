use eod_domain::{Prices, Tiers, labels};

use super::*;

fn refused(tier: &str, protected: &str) -> Option<String> {
    let namespace = json!({ "metadata": {
        "name": "shop-pr-1", "uid": "u1", "resourceVersion": "7", "creationTimestamp": "2026-08-01T08:00:00Z",
        "labels": {
            labels::MANAGED_BY: "eod", labels::INSTALLATION: "acme", labels::ENV: "shop-pr-1",
            labels::TIER: tier, labels::TTL: "4h",
        },
        "annotations": { labels::IDENTITY: "github.com/acme/shop#1", labels::PROTECTED: protected },
    } });
    let now = "2026-08-01T09:00:00Z".parse().unwrap();
    let reading = EnvironmentReading::new(&namespace, None, &Tiers::default(), &Prices::default(), now);
    check(&reading).err().map(|failure| failure.text())
}

#[test]
fn refusal_of_a_permanent_environment_has_a_remedy_only_if_there_is_one() {
    assert_eq!(refused("full", "false"), None);
    assert!(refused("full", "true").unwrap().contains("remedy: set `protected = false`"));
    let staging = refused("staging", "true").unwrap();
    assert!(staging.contains("has tier staging and is never ended"), "{staging}");
    assert!(!staging.contains("remedy"), "{staging}");
}
