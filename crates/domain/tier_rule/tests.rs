use super::*;

#[test]
fn labels_come_before_paths_and_paths_raise_the_tier() {
    for (labels, paths, expected) in [
        (&[][..], &[][..], "lightweight: no label and no changed path requires a higher tier"),
        (
            &["bug"],
            &["src/main.rs", "docs/payments.md", "migrations"],
            "lightweight: no label and no changed path requires a higher tier",
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
        (&["quick-fix"], &["billing/a"], "lightweight: the label `quick-fix` requests it"),
        (&["tier/full", "quick-fix"], &["billing/a"], "full: the label `tier/full` requests it"),
        (&["tier/full", "tier/compliance"], &[], "compliance: the label `tier/compliance` requests it"),
    ] {
        let choice = tier(labels, paths).unwrap();
        assert_eq!(format!("{}: {}", choice.tier, choice.reason), expected);
    }
}

#[test]
fn labels_of_unsupported_and_permanent_tiers_are_refused() {
    let refused = |label: &str| tier(&[label, "tier/full"], &["x"]).expect_err(label);
    assert_eq!(refused("tier/production"), TierLabelError::Production);
    assert_eq!(refused("tier/staging"), TierLabelError::Permanent(Tier::Staging));
    assert_eq!(
        refused("tier/staging").to_string(),
        "label `tier/staging` is refused: an environment of tier staging is permanent and is never created by a label; \
         supported are tier/lightweight, tier/full and tier/compliance"
    );
    assert_eq!(
        refused("tier/huge").to_string(),
        "unsupported label `tier/huge`: supported are tier/lightweight, tier/full and tier/compliance"
    );
}
