use eod_golden::GoldenFacts;

use super::*;

fn report() -> PublishReport {
    let published = GoldenFacts {
        manifest: "0123456789abcdef".to_owned(),
        taken_at: "2026-11-28T12:00:00Z".parse().unwrap(),
        built_at: "2026-11-28T13:00:00Z".parse().unwrap(),
        published_at: Some("2026-11-28T14:00:00Z".parse().unwrap()),
        valid_until: Some("2026-12-28T12:00:00Z".parse().unwrap()),
        tables: 3,
        rows: 4,
        policy: "abc".to_owned(),
        key_check: "def".to_owned(),
    };
    PublishReport {
        published,
        kept_as: Some("shop_20261101120000".to_owned()),
        removed: vec!["shop_20261001120000".to_owned()],
        not_removed: Vec::new(),
    }
}

#[test]
fn text_has_version_validity_and_former_versions() {
    assert_eq!(
        text("shop", false, &report()),
        "golden database shop: version 20261128120000 published, valid until 2026-12-28T12:00:00Z\n\
         the former version is kept as shop_20261101120000\nshop_20261001120000 was removed\n"
    );
    let dry = text("shop", true, &report());
    assert!(dry.contains("would be published") && dry.ends_with("shop_20261001120000 would be removed\n"), "{dry}");
}

#[test]
fn document_has_the_validity_and_the_database_of_the_former_version() {
    let document = document("shop", true, &report());
    assert_eq!((&document["dry_run"], &document["golden"]), (&json!(true), &json!("shop")));
    assert_eq!(document["valid_until"], "2026-12-28T12:00:00Z");
    assert_eq!(document["kept_as"], "shop_20261101120000");
}
