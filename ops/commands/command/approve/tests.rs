use eod_domain::{Prices, Tiers};

use super::*;

fn checked(tier: &str, protected: &str) -> Result<(), Failure> {
    let namespace = json!({ "metadata": {
        "name": "shop-pr-1", "uid": "u1", "resourceVersion": "7", "creationTimestamp": "2026-08-01T08:00:00Z",
        "labels": {
            labels::MANAGED_BY: "eod", labels::INSTALLATION: "acme", labels::ENV: "shop-pr-1",
            labels::TIER: tier, labels::TTL: "4h",
        },
        "annotations": {
            labels::IDENTITY: "github.com/acme/shop#1",
            labels::CREATED_AT: "2026-08-01T08:00:00Z",
            labels::LAST_ACTIVITY_AT: "2026-08-01T08:00:00Z",
            labels::PROTECTED: protected,
        },
    } });
    let now = "2026-08-01T09:00:00Z".parse().unwrap();
    check(&EnvironmentReading::new(&namespace, None, &Tiers::default(), &Prices::default(), now))
}

#[test]
fn end_of_a_protected_environment_cannot_be_approved() {
    assert_eq!(checked("compliance", "false"), Ok(()));
    let refused = checked("compliance", "true").unwrap_err().text();
    assert!(refused.contains("is protected and is never ended"), "{refused}");
    assert!(refused.contains("protected = false"), "{refused}");
    let refused = checked("full", "false").unwrap_err().text();
    assert!(refused.contains("only the end of a compliance environment"), "{refused}");
}
