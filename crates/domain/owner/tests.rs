use proptest::prelude::*;

use super::*;

fn label(owner: &str) -> String {
    owner.parse::<Owner>().unwrap().label().to_string()
}

#[test]
fn a_valid_label_is_kept() {
    for owner in ["alice", "Alice", "a.b_c-d", "team-42"] {
        assert_eq!(label(owner), owner);
    }
}

#[test]
fn an_invalid_label_becomes_a_slug_with_a_hash() {
    expect_test::expect!["dependabot-bot-jgrmwfr4ds"].assert_eq(&label("dependabot[bot]"));
    expect_test::expect!["alice-example-com-hm6oiryscx"].assert_eq(&label("alice@example.com"));
    assert_ne!(label("alice@example.com"), label("alice+example.com"));
    assert_eq!(label(&"a".repeat(100)).len(), 63);
}

#[test]
fn every_owner_is_valid() {
    for owner in ["", " "] {
        assert_eq!(label(owner), NO_OWNER);
    }
    for owner in ["a\nb", "日本", &"a".repeat(5000)] {
        assert!(label(owner).len() <= 63);
    }
}

proptest! {
    #[test]
    fn every_owner_has_a_label(text in any::<String>()) {
        let label = label(&text);
        prop_assert!(label.len() <= 63 && !label.is_empty());
    }
}
