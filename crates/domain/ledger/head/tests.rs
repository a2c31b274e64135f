use super::*;

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

#[test]
fn a_head_round_trips_as_json() {
    let mut head = LedgerHead::new("github.com/acme/shop#7", Tier::Full, MadeBy::Terraform, LedgerPhase::Live, now());
    head.generation = 3;
    head.uid = Some("u1".to_owned());
    head.head_sha = Some("0123456789abcdef".parse().unwrap());
    head.steps.insert(EndStep::TriggerLabel, StepOutcome::Kept);
    head.label = TriggerLabelRecord { seen: true, removed_by_us: false };
    head.comment = Some(CommentRecord { id: 7, login: "eod[bot]".to_owned(), digest: "d".to_owned() });
    head.sent.insert("slack".to_owned(), 4);
    let text = head.to_json().unwrap();
    assert_eq!(LedgerHead::from_json(&text).unwrap(), head);
    assert!(text.contains(r#""phase":"live""#) && text.contains(r#""trigger-label":"kept""#), "{text}");
}

#[test]
fn a_minimal_head_is_valid_and_unknown_fields_are_ignored() {
    let text = r##"{"v":1,"generation":1,"phase":"creating","identity":"#7","tier":"full","made_by":"argocd","since":"2026-03-01T12:00:00Z","later":1}"##;
    let head = LedgerHead::from_json(text).unwrap();
    assert_eq!((head.phase, head.made_by, head.seq, head.lifted), (LedgerPhase::Creating, MadeBy::Argocd, 0, false));
}

#[test]
fn damaged_newer_and_oversized_heads_are_errors() {
    for text in ["", "{}", "[]", "null", r#"{"v":1}"#, r#"{"v":1,"generation":-1}"#] {
        assert!(matches!(LedgerHead::from_json(text), Err(HeadError::Format(_))), "{text}");
    }
    assert!(matches!(LedgerHead::from_json(r#"{"v":2,"phase":"new"}"#), Err(HeadError::Version(2))));
    assert!(matches!(LedgerHead::from_json(&"x".repeat(HEAD_BYTES_MAX + 1)), Err(HeadError::TooLarge(_))));
    let mut large = LedgerHead::new("#7", Tier::Full, MadeBy::Terraform, LedgerPhase::Live, now());
    large.hash = "x".repeat(HEAD_BYTES_MAX);
    assert!(matches!(large.to_json(), Err(HeadError::TooLarge(_))));
}

#[test]
fn head_with_an_invalid_identity_or_a_damaged_end_of_its_chain_is_an_error() {
    let head = |identity: &str, seq: u64, hash: &str| {
        let head = LedgerHead::new(identity, Tier::Full, MadeBy::Terraform, LedgerPhase::Live, now());
        LedgerHead::from_json(&LedgerHead { seq, hash: hash.to_owned(), ..head }.to_json().unwrap())
    };
    let hash = "0123456789abcdef".repeat(2);
    assert!(head("github.com/acme/shop#7", 0, "").is_ok() && head("=given", 5, &hash).is_ok());
    for identity in ["", "github.com/acme/shop", "shop 7", "github.com/acme/shop#0"] {
        assert!(matches!(head(identity, 0, ""), Err(HeadError::Identity(_))), "{identity:?}");
    }
    let (short, other) = (&hash[1..], hash.replace('a', "x"));
    for (seq, hash) in [(0, hash.as_str()), (5, ""), (5, short), (5, &other)] {
        assert!(matches!(head("#7", seq, hash), Err(HeadError::ChainEnd { .. })), "{seq} {hash:?}");
    }
}

#[test]
fn an_ending_or_ended_environment_is_absent() {
    let absent = |phase| LedgerHead::new("#7", Tier::Full, MadeBy::Terraform, phase, now()).is_absent();
    let found: Vec<_> = LedgerPhase::ALL.iter().copied().filter(|phase| absent(*phase)).collect();
    assert_eq!(found, [LedgerPhase::Ending, LedgerPhase::Ended]);
}
