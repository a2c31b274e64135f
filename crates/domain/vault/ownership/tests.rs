//! Tables of the decisions, row by row.

use super::*;

fn ours() -> CopyProvenance {
    CopyProvenance {
        environment: "pr-1".parse().unwrap(),
        installation: "acme".parse().unwrap(),
        source: "secret/stage/shop".parse().unwrap(),
        source_version: Some(3),
        created: None,
        nonce: Nonce::recorded("n1"),
    }
}

fn entries(environment: &str, installation: &str, source: &str, nonce: &str) -> CopyOwnership {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    CopyOwnership {
        environment: text(environment),
        installation: text(installation),
        source: text(source),
        nonce: text(nonce).map(|nonce| Nonce::recorded(&nonce)),
        ..CopyOwnership::default()
    }
}

fn facts(current_version: u64, deleted: bool, ownership: CopyOwnership) -> KeyFacts {
    KeyFacts { current_version, deleted, created_time: Some("t1".to_owned()), ownership }
}

fn record(result: KeyResult, version: u64, created_time: Option<&str>) -> KeyRecord {
    let created_time = created_time.map(str::to_owned);
    KeyRecord { source_version: Some(3), version, result, edited: false, created_time }
}

#[test]
fn existing_secrets_are_classified_by_their_owner() {
    let mine = || entries("pr-1", "acme", "secret/stage/shop", "n0");
    let foreign = |words: &'static str| Err(words);
    for (found, expected) in [
        (facts(1, false, mine()), Ok(CopyCheck::Ours { deleted: false })),
        (facts(4, false, mine()), Ok(CopyCheck::Ours { deleted: false })),
        (facts(1, true, mine()), Ok(CopyCheck::Ours { deleted: true })),
        (
            facts(1, false, entries("pr-1", "acme", "secret/stage/other", "n0")),
            Ok(CopyCheck::OtherSource { source: "secret/stage/other".to_owned() }),
        ),
        (facts(1, false, CopyOwnership::default()), Ok(CopyCheck::UnmarkedFirst)),
        (facts(2, false, CopyOwnership::default()), foreign("wrote version 2")),
        (facts(1, true, CopyOwnership::default()), foreign("deleted its newest version")),
        (facts(0, false, CopyOwnership::default()), foreign("only metadata")),
        (facts(1, false, entries("pr-2", "acme", "secret/stage/shop", "n0")), foreign("environment `pr-2`")),
        (facts(1, false, entries("pr-1", "other", "secret/stage/shop", "n0")), foreign("installation `other`")),
        (facts(1, false, entries("pr-1", "", "secret/stage/shop", "n0")), foreign("installation `unknown`")),
        (facts(1, false, entries("pr-1", "acme", "", "n0")), foreign("only a part of the ownership metadata")),
    ] {
        match (check_copy(Some(&found), &ours()), expected) {
            (CopyCheck::Foreign { owner }, Err(words)) => assert!(owner.contains(words), "{owner}"),
            (check, Ok(expected)) => assert_eq!(check, expected, "{found:?}"),
            (check, Err(words)) => panic!("{check:?} instead of {words}"),
        }
    }
    assert_eq!(check_copy(None, &ours()), CopyCheck::Absent);
}

#[test]
fn refused_creation_has_a_next_step() {
    use AfterRefusal as After;
    let foreign = CopyCheck::Foreign { owner: "x".to_owned() };
    let other = CopyCheck::OtherSource { source: "s".to_owned() };
    for (verdict, conflict, denied) in [
        (CopyCheck::Absent, After::CreateAgain, After::NotAllowed),
        (CopyCheck::Ours { deleted: false }, After::Adopt, After::Adopt),
        (CopyCheck::Ours { deleted: true }, After::Adopt, After::Adopt),
        (CopyCheck::UnmarkedFirst, After::CompareThenAdopt, After::CompareThenAdopt),
        (foreign, After::Keep { owner: "x".to_owned() }, After::Keep { owner: "x".to_owned() }),
        (other, After::OtherSource { source: "s".to_owned() }, After::OtherSource { source: "s".to_owned() }),
    ] {
        assert_eq!(after_refusal(Refused::Conflict, verdict.clone()), conflict);
        assert_eq!(after_refusal(Refused::Denied, verdict), denied);
    }
}

#[test]
fn destroy_deletes_only_copies_of_the_state() {
    use KeyRemoval::{Delete, Gone, Leave};
    let mine = |nonce: &str| entries("pr-1", "acme", "secret/stage/shop", nonce);
    let cloned = || record(KeyResult::Cloned, 1, Some("t1"));
    for (found, record, expected) in [
        (None, cloned(), Gone),
        (Some(facts(1, false, mine("n1"))), cloned(), Delete),
        // Edited, soft-deleted, or a copy of a source that was moved later: still ours.
        (Some(facts(9, false, mine("n1"))), cloned(), Delete),
        (Some(facts(1, true, mine("n1"))), cloned(), Delete),
        (Some(facts(1, false, mine("n1"))), record(KeyResult::Adopted, 1, None), Delete),
        (Some(facts(1, false, mine("n2"))), cloned(), Leave(LeaveReason::Successor)),
        (Some(facts(1, false, mine(""))), cloned(), Leave(LeaveReason::Successor)),
        (Some(facts(1, false, entries("pr-12", "acme", "s", "n1"))), cloned(), Leave(LeaveReason::OtherOwner)),
        (Some(facts(1, false, entries("pr-1", "other", "s", "n1"))), cloned(), Leave(LeaveReason::OtherOwner)),
        (Some(facts(1, false, CopyOwnership::default())), cloned(), Delete),
        (Some(facts(2, false, CopyOwnership::default())), cloned(), Leave(LeaveReason::Unmarked)),
        (
            Some(facts(1, false, CopyOwnership::default())),
            record(KeyResult::Cloned, 1, Some("t0")),
            Leave(LeaveReason::Unmarked),
        ),
        (
            Some(facts(1, false, CopyOwnership::default())),
            record(KeyResult::Cloned, 1, None),
            Leave(LeaveReason::Unmarked),
        ),
        (Some(facts(1, false, mine("n1"))), record(KeyResult::KeptForeign, 1, None), Leave(LeaveReason::KeptForeign)),
        (None, record(KeyResult::KeptForeign, 1, None), Leave(LeaveReason::KeptForeign)),
    ] {
        let ours = ours();
        let decided = removal(found.as_ref(), &record, &ours.nonce, &ours.environment, &ours.installation);
        assert_eq!(decided, expected, "{found:?} {record:?}");
    }
}

#[test]
fn updates_never_change_an_edited_copy() {
    let mine = || entries("pr-1", "acme", "secret/stage/shop", "n1");
    let ours = ours();
    let decide = |found: Option<KeyFacts>, record: KeyRecord| {
        update(found.as_ref(), &record, &ours.nonce, &ours.environment, &ours.installation)
    };
    let cloned = |version| record(KeyResult::Cloned, version, None);
    assert_eq!(decide(Some(facts(1, false, mine())), cloned(1)), KeyUpdate::Write { cas: 1 });
    assert_eq!(decide(Some(facts(3, false, mine())), cloned(3)), KeyUpdate::Write { cas: 3 });
    assert_eq!(decide(Some(facts(2, false, mine())), cloned(1)), KeyUpdate::Edited);
    assert_eq!(decide(Some(facts(1, true, mine())), cloned(1)), KeyUpdate::Edited);
    assert_eq!(decide(None, cloned(1)), KeyUpdate::Gone);
    let successor = entries("pr-1", "acme", "secret/stage/shop", "n2");
    assert_eq!(decide(Some(facts(1, false, successor)), cloned(1)), KeyUpdate::NotOurs);
    assert_eq!(decide(Some(facts(1, false, CopyOwnership::default())), cloned(1)), KeyUpdate::NotOurs);
    assert_eq!(decide(Some(facts(1, false, mine())), record(KeyResult::KeptForeign, 1, None)), KeyUpdate::NotOurs);
}

#[test]
fn copy_with_another_version_or_none_is_edited() {
    let some = |version, deleted| facts(version, deleted, CopyOwnership::default());
    assert!(!edited(&some(1, false), 1));
    assert!(edited(&some(2, false), 1));
    assert!(edited(&some(1, true), 1));
    assert!(edited(&some(1, false), 2));
}

#[test]
fn ownership_entries_are_read_as_provenance_writes_them() {
    let ours = ours();
    let (custom, _) = ours.custom_metadata(&BTreeMap::new());
    let ownership = CopyOwnership::read(&custom);
    assert!(ownership.belongs_to(&ours.environment, &ours.installation));
    assert_eq!(ownership.source_version, Some(3));
    assert_eq!(check_copy(Some(&facts(1, false, ownership)), &ours), CopyCheck::Ours { deleted: false });
    assert!(CopyOwnership::read(&BTreeMap::from([("team".to_owned(), "x".to_owned())])).is_empty());
}
