use super::*;

const IDENTITY: &str = "github.com/acme/shop#7";

/// Namespace as EoD creates it.
fn found() -> NamespaceFacts {
    let text = |text: &str| Some(text.to_owned());
    NamespaceFacts {
        uid: "u1".to_owned(),
        terminating: false,
        ownership: OwnershipMetadata {
            managed_by: text("eod"),
            installation: text("acme"),
            identity: text(IDENTITY),
            nonce: text("n1"),
            provisioned_at: text("2026-01-01T00:00:00Z"),
        },
    }
}

/// Namespace without some of its ownership labels.
fn without(missing: &[&str]) -> NamespaceFacts {
    let mut found = found();
    for key in missing {
        match *key {
            "managed_by" => found.ownership.managed_by = None,
            "installation" => found.ownership.installation = None,
            "identity" => found.ownership.identity = None,
            "nonce" => found.ownership.nonce = None,
            "provisioned_at" => found.ownership.provisioned_at = None,
            other => unreachable!("{other}"),
        }
    }
    found
}

fn remembered(uid: Option<&str>, nonce: Option<&str>) -> Remembered {
    let text = |text: &str| text.to_owned();
    let claims = nonce.map(Nonce::recorded).into_iter().collect();
    Remembered { uid: uid.map(text), claims, identity: IDENTITY.parse().unwrap() }
}

#[track_caller]
fn check(found: &NamespaceFacts, remembered: &Remembered, expected: &Ownership) {
    let ours: Installation = "acme".parse().unwrap();
    assert_eq!(&ownership(found, remembered, Some(&ours)), expected, "{found:?} {remembered:?}");
    // A deletionTimestamp has no effect.
    let going = NamespaceFacts { terminating: true, ..found.clone() };
    assert_eq!(&ownership(&going, remembered, Some(&ours)), expected, "{going:?} {remembered:?}");
}

#[test]
fn the_uid_decides() {
    let all = found();
    check(&all, &remembered(Some("u1"), Some("n1")), &Ownership::Ours);
    check(&all, &remembered(Some("u2"), Some("n1")), &Ownership::Another);
    check(&all, &remembered(Some("u2"), None), &Ownership::Another);
    let nameless = NamespaceFacts { uid: String::new(), ..found() };
    check(&nameless, &remembered(Some(""), Some("n1")), &Ownership::Another);
}

#[test]
fn without_a_uid_the_nonce_decides() {
    check(&found(), &remembered(None, Some("n1")), &Ownership::Ours);
    check(&found(), &remembered(None, Some("n2")), &Ownership::Another);
    check(&without(&["nonce"]), &remembered(None, Some("n1")), &Ownership::Another);
}

#[test]
fn without_uid_and_nonce_only_an_unfinished_namespace_is_ours() {
    let nothing = remembered(None, None);
    check(&found(), &nothing, &Ownership::Another);
    check(&without(&["provisioned_at"]), &nothing, &Ownership::Ours);
    check(&without(&["provisioned_at", "managed_by"]), &nothing, &Ownership::Another);
    check(&without(&["provisioned_at", "identity"]), &nothing, &Ownership::Unmarked);
}

#[test]
fn nonce_or_identity_is_enough() {
    let known = remembered(Some("u1"), Some("n1"));
    check(&without(&["managed_by", "installation", "identity"]), &known, &Ownership::Ours);
    check(&without(&["nonce"]), &known, &Ownership::Ours);
    for key in ["managed_by", "installation", "identity"] {
        check(&without(&["nonce", key]), &known, &Ownership::Unmarked);
        check(&without(&[key]), &remembered(Some("u1"), None), &Ownership::Unmarked);
    }
    // A missing nonce proves nothing, also if none is recorded.
    check(&without(&["nonce", "managed_by"]), &remembered(Some("u1"), None), &Ownership::Unmarked);
}

#[test]
fn a_namespace_of_another_installation_is_not_ours() {
    let mut handed = found();
    handed.ownership.installation = Some("other".to_owned());
    let theirs = Ownership::OtherInstallation { theirs: "other".to_owned() };
    check(&handed, &remembered(Some("u1"), Some("n1")), &theirs);
    check(&handed, &remembered(None, Some("n1")), &theirs);
    // The recorded namespace was deleted; the owner of its successor has no effect.
    check(&handed, &remembered(Some("u2"), Some("n1")), &Ownership::Another);
    assert_eq!(ownership(&handed, &remembered(Some("u1"), Some("n1")), None), Ownership::Ours);
}

#[test]
fn a_later_claim_supersedes_ours() {
    let known = remembered(Some("u1"), Some("n0"));
    check(&found(), &known, &Ownership::Superseded);
    // Ownership labels that others have removed do not make an older claim valid again.
    check(&without(&["managed_by", "identity"]), &known, &Ownership::Superseded);
    // Without a nonce on the namespace there is no later claim.
    check(&without(&["nonce"]), &known, &Ownership::Ours);
    // Without claims in the state there is nothing to compare.
    check(&found(), &remembered(Some("u1"), None), &Ownership::Ours);
}

#[test]
fn each_of_several_claims_is_ours() {
    let mut imported = remembered(Some("u1"), Some("n1"));
    imported.claims.push(Nonce::recorded("n2"));
    check(&found(), &imported, &Ownership::Ours);
    let mut claimed = found();
    claimed.ownership.nonce = Some("n2".to_owned());
    check(&claimed, &imported, &Ownership::Ours);
    claimed.ownership.nonce = Some("n3".to_owned());
    check(&claimed, &imported, &Ownership::Superseded);
}
