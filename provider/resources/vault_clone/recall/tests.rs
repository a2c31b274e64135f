use eod_clients::vault::{VaultAccess, VaultSettings};
use eod_domain::vault::CopyOwnership;

use super::*;

#[test]
fn copy_has_the_path_of_its_source_below_the_root() {
    let owner = CopyOwner {
        environment: "pr-1".parse().unwrap(),
        installation: "acme".parse().unwrap(),
        nonce: Nonce::recorded(""),
    };
    let vault = Vault::new(VaultAccess::new(VaultSettings::default()).unwrap(), "test");
    let (source, target) = ("secret/stage/shop".parse().unwrap(), "kv/preview/pr-1".parse().unwrap());
    let forgotten = Forgotten { vault: &vault, source: &source, target: &target, owner: &owner };
    let of = |path: &str| forgotten.provenance(&path.parse().unwrap()).map(|it| it.source.to_string());
    assert_eq!(of("preview/pr-1").as_deref(), Some("secret/stage/shop"));
    assert_eq!(of("preview/pr-1/db/ro").as_deref(), Some("secret/stage/shop/db/ro"));
    assert_eq!(of("elsewhere"), None);
}

#[test]
fn owned_older_or_newer_secrets_were_not_stored_by_the_create() {
    let since: Timestamp = "2026-01-01T00:00:05Z".parse().unwrap();
    let record =
        KeyRecord { source_version: None, version: 1, result: KeyResult::Cloned, edited: false, created_time: None };
    let facts = |version: u64, time: &str| KeyFacts {
        current_version: version,
        created_time: Some(time.to_owned()),
        ..KeyFacts::default()
    };
    let stored = |facts: &KeyFacts| stored_by(facts, &record, since).is_some();
    assert!(stored(&facts(1, "2026-01-01T00:00:05.123456789Z")));
    assert!(!stored(&facts(1, "2026-01-01T00:00:04.9Z")));
    assert!(!stored(&facts(2, "2026-01-01T00:00:06Z")));
    let ownership = CopyOwnership { environment: Some("pr-2".to_owned()), ..CopyOwnership::default() };
    assert!(!stored(&KeyFacts { ownership, ..facts(1, "2026-01-01T00:00:06Z") }));
}
