use super::*;

#[test]
fn rules() {
    for (labels, paths, expected) in [
        (&[][..], &[][..], "lightweight: no label and no changed path asks for more"),
        (
            &["bug"],
            &["src/main.rs", "docs/payments.md", "migrations"],
            "lightweight: no label and no changed path asks for more",
        ),
        (&[], &["db/migrations/1.rb"], "full: the changed path `db/migrations/1.rb` matches `**/migrations/**`"),
        (&[], &["migrate/x"], "full: the changed path `migrate/x` matches `**/migrate/**`"),
        (&[], &["a.sql"], "full: the changed path `a.sql` matches `**/*.sql`"),
        (
            &[],
            &["a.sql", "src/payments/a.rs"],
            "compliance: the changed path `src/payments/a.rs` matches `**/payments/**`",
        ),
        (&[], &["billing/a/b/c.sql"], "compliance: the changed path `billing/a/b/c.sql` matches `**/billing/**`"),
        (&["quick-fix"], &["billing/a"], "lightweight: the label `quick-fix` asks for it"),
        (&["tier/full", "quick-fix"], &["billing/a"], "full: the label `tier/full` asks for it"),
        (&["tier/full", "tier/compliance"], &[], "compliance: the label `tier/compliance` asks for it"),
        (&["tier/staging"], &[], "staging: the label `tier/staging` asks for it"),
    ] {
        let choice = tier(labels, paths).unwrap();
        assert_eq!(format!("{}: {}", choice.tier, choice.reason), expected);
    }
}

#[test]
fn a_label_is_never_guessed_at() {
    assert_eq!(tier(&["tier/production"], &["x"]), Err(TierError::Production));
    assert_eq!(tier(&["tier/full", "tier/huge"], &["x"]), Err(TierError::Unknown("huge".to_owned())));
}
