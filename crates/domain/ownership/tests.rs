use super::*;

const IDENTITY: &str = "github.com/acme/shop#7";

/// A namespace as we make it.
fn found() -> NamespaceFacts {
    let text = |text: &str| Some(text.to_owned());
    NamespaceFacts {
        uid: "u1".to_owned(),
        terminating: false,
        marks: Marks {
            managed_by: text("eod"),
            installation: text("acme"),
            identity: text(IDENTITY),
            nonce: text("n1"),
            provisioned_at: text("2026-01-01T00:00:00Z"),
        },
    }
}

/// The same without some of its marks.
fn without(marks: &[&str]) -> NamespaceFacts {
    let mut found = found();
    for mark in marks {
        match *mark {
            "managed_by" => found.marks.managed_by = None,
            "installation" => found.marks.installation = None,
            "identity" => found.marks.identity = None,
            "nonce" => found.marks.nonce = None,
            "provisioned_at" => found.marks.provisioned_at = None,
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
    // Nothing of this hangs on a deletion that has begun.
    let going = NamespaceFacts { terminating: true, ..found.clone() };
    assert_eq!(&ownership(&going, remembered, Some(&ours)), expected, "{going:?} {remembered:?}");
}

#[test]
fn the_uid_decides_which_it_is() {
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
fn without_both_it_is_an_unfinished_one_of_ours() {
    let nothing = remembered(None, None);
    check(&found(), &nothing, &Ownership::Another);
    check(&without(&["provisioned_at"]), &nothing, &Ownership::Ours);
    check(&without(&["provisioned_at", "managed_by"]), &nothing, &Ownership::Another);
    check(&without(&["provisioned_at", "identity"]), &nothing, &Ownership::Unmarked);
}

#[test]
fn one_of_two_proofs_is_enough() {
    let known = remembered(Some("u1"), Some("n1"));
    check(&without(&["managed_by", "installation", "identity"]), &known, &Ownership::Ours);
    check(&without(&["nonce"]), &known, &Ownership::Ours);
    for mark in ["managed_by", "installation", "identity"] {
        check(&without(&["nonce", mark]), &known, &Ownership::Unmarked);
        check(&without(&[mark]), &remembered(Some("u1"), None), &Ownership::Unmarked);
    }
    // A nonce that is not there proves nothing, also where none is remembered.
    check(&without(&["nonce", "managed_by"]), &remembered(Some("u1"), None), &Ownership::Unmarked);
}

#[test]
fn what_was_handed_over_is_ours_no_more() {
    let mut handed = found();
    handed.marks.installation = Some("other".to_owned());
    let theirs = Ownership::OtherInstallation { theirs: "other".to_owned() };
    check(&handed, &remembered(Some("u1"), Some("n1")), &theirs);
    check(&handed, &remembered(None, Some("n1")), &theirs);
    // It is gone, and whose the next one of the same name is does not matter any more.
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
    claimed.marks.nonce = Some("n2".to_owned());
    check(&claimed, &imported, &Ownership::Ours);
    claimed.marks.nonce = Some("n3".to_owned());
    check(&claimed, &imported, &Ownership::Superseded);
}
