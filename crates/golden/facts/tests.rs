use super::*;

fn facts() -> GoldenFacts {
    GoldenFacts {
        manifest: "0123456789abcdef".to_owned(),
        taken_at: "2026-11-28T20:25:01.5Z".parse().unwrap(),
        built_at: "2026-11-28T20:40:00Z".parse().unwrap(),
        published_at: None,
        valid_until: None,
        tables: 3,
        rows: 4,
        policy: "abc".to_owned(),
        key_check: "def".to_owned(),
    }
}

#[test]
fn facts_are_read_from_their_comment() {
    let mut facts = facts();
    assert_eq!(GoldenFacts::of_comment(&facts.comment()), Some(facts.clone()));
    facts.published_at = Some("2026-11-29T00:00:00Z".parse().unwrap());
    facts.valid_until = Some("2026-12-28T20:25:01.5Z".parse().unwrap());
    assert_eq!(GoldenFacts::of_comment(&facts.comment()), Some(facts.clone()));
    assert!(facts.comment().len() < 1000 && facts.comment().starts_with("eod golden 1 finished {"));
}

#[test]
fn other_comments_have_no_facts() {
    for comment in ["", "eod golden 1 acme", "eod golden 1 finished", "eod golden 1 finished {}", "a database"] {
        assert_eq!(GoldenFacts::of_comment(comment), None, "{comment}");
    }
}

#[test]
fn version_is_the_time_of_the_snapshot() {
    assert_eq!(facts().version(), "20261128202501");
}
