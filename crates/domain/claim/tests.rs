use serde_json::json;

use super::*;

fn check(labels: &Value, annotations: &Value, deleted: Option<&str>) -> ClaimCheck {
    let metadata = json!({ "uid": "u", "labels": labels, "annotations": annotations, "deletionTimestamp": deleted });
    let facts = NamespaceFacts::read(&json!({ "metadata": metadata }));
    assert_eq!(facts.uid, "u");
    let claim = Claim { installation: "acme".parse().unwrap(), identity: "acme/shop#7".parse().unwrap() };
    check_claim(Some(&facts), &claim)
}

fn labels(installation: &str) -> Value {
    json!({ labels::MANAGED_BY: "eod", labels::INSTALLATION: installation })
}

#[test]
fn only_a_namespace_with_our_ownership_labels_and_identity_is_ours() {
    let identity = |text: &str| json!({ labels::IDENTITY: text });
    let same = identity("github.com/acme/shop#7");
    let finished =
        json!({ labels::IDENTITY: "github.com/acme/shop#7", labels::PROVISIONED_AT: "2026-01-01T00:00:00Z" });
    let other = |text: &str| ClaimCheck::OtherIdentity { theirs: text.to_owned() };
    for (labels, annotations, deleted, expected) in [
        (labels("acme"), &same, None, ClaimCheck::Interrupted),
        (labels("acme"), &finished, None, ClaimCheck::Finished),
        (labels("acme"), &finished, Some("2026-01-01T00:00:00Z"), ClaimCheck::Terminating),
        (labels("acme"), &identity("github.com/other/shop#7"), None, other("other/shop #7")),
        (labels("acme"), &identity("github.com/other/shop#7"), Some("x"), ClaimCheck::Terminating),
        (labels("acme"), &identity("garbage"), None, other("garbage")),
        (labels("acme"), &json!({}), None, other("an identity that is not recorded")),
        (labels("other"), &same, None, ClaimCheck::OtherInstallation { theirs: "other".to_owned() }),
        (labels("other"), &same, Some("x"), ClaimCheck::OtherInstallation { theirs: "other".to_owned() }),
        (json!({}), &finished, None, ClaimCheck::NotOurs),
        (json!(null), &finished, Some("x"), ClaimCheck::NotOurs),
        (json!({ labels::MANAGED_BY: "eod" }), &finished, None, ClaimCheck::NotOurs),
        (json!({ labels::MANAGED_BY: "Helm", labels::INSTALLATION: "acme" }), &finished, None, ClaimCheck::NotOurs),
    ] {
        assert_eq!(check(&labels, annotations, deleted), expected, "{labels} {annotations}");
    }
    let claim = Claim { installation: Installation::default(), identity: "#1".parse().unwrap() };
    assert_eq!(check_claim(None, &claim), ClaimCheck::Absent);
}

#[test]
fn create_recognises_its_own_namespace_by_the_nonce() {
    let nonce = Nonce::new([0xab; 16]);
    assert_eq!(nonce.as_str(), "ab".repeat(16));
    let recorded = OwnershipMetadata { nonce: Some("ab".repeat(16)), ..OwnershipMetadata::default() };
    assert!(recorded.has_nonce(&nonce));
    assert!(!recorded.has_nonce(&Nonce::new([0; 16])));
    assert!(!OwnershipMetadata::default().has_nonce(&nonce));
}
