use proptest::prelude::*;

use super::*;

fn covered(globs: &Globs, secret: &str) -> bool {
    globs.covering(&secret.parse().unwrap()).is_some()
}

#[test]
fn defaults_match_sensitive_secrets_and_allowed_targets() {
    let sensitive = Globs::default_sensitive();
    for secret in [
        "secret/sensitive/shop",
        "secret/sensitive",
        "kv/stage/sensitive/db",
        "secret/stage/sensitive",
        "secret/Sensitive/shop",
        "secret/SENSITIVE/x",
        "secret/data/sensitive/x",
    ] {
        assert!(covered(&sensitive, secret), "{secret}");
    }
    for secret in ["secret/stage/shop", "secret/insensitive/x", "secret/sensitive-not/x", "secret/x-sensitive"] {
        assert!(!covered(&sensitive, secret), "{secret}");
    }
    let targets = Globs::default_targets();
    for secret in ["secret/preview/pr-1/shop", "kv/preview/x", "secret/team/preview/x", "secret/preview"] {
        assert!(covered(&targets, secret), "{secret}");
    }
    for secret in ["secret/Preview/x", "secret/previews/x", "secret/stage/shop", "preview/x"] {
        assert!(!covered(&targets, secret), "{secret}");
    }
}

#[test]
fn a_long_form_refuses_but_never_allows() {
    let long = ["secret/data/prod/*"];
    assert!(covered(&Globs::sensitive(&long).unwrap(), "secret/prod/db"));
    assert!(!covered(&Globs::targets(&long).unwrap(), "secret/prod/db"));
}

#[test]
fn invalid_patterns_are_refused() {
    for (text, words) in [
        ("", "must not be empty"),
        ("/secret/x", "can never match"),
        ("secret/x/", "can never match"),
        ("secret/../x", "can never match"),
        ("secret//x", "can never match"),
        ("prod", "has no slash"),
    ] {
        let (at, error) = Globs::sensitive(&["*/ok/*", text]).unwrap_err();
        assert_eq!(at, 1);
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    assert!(Globs::targets::<&str>(&[]).is_err());
    assert!(Globs::sensitive::<&str>(&[]).unwrap().patterns().is_empty());
    assert_eq!(Globs::default_targets().to_string(), "`*/preview/*`");
}

#[test]
fn composed_and_decomposed_patterns_are_equal() {
    let sensitive = Globs::sensitive(&["*/e\u{301}tage/*"]).unwrap();
    assert!(covered(&sensitive, "secret/\u{e9}tage/x"));
}

#[test]
fn many_stars_are_matched_without_backtracking() {
    let pattern = format!("{}b", "*a".repeat(400));
    assert!(!matches(&pattern, &"a".repeat(1000)));
}

/// Definition of a match, in its simplest and slowest form.
fn defined(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| defined(rest, &text[at..])),
        Some((first, rest)) => text.first() == Some(first) && defined(rest, &text[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_matcher_agrees_with_the_definition(pattern in "[ab/*]{0,7}", text in "[ab/]{0,9}") {
        prop_assert_eq!(matches(&pattern, &text), defined(pattern.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn everything_below_a_matched_folder_is_matched(folder in "[ab]{1,3}(/[ab]{1,3}){0,2}", below in "[ab]{1,3}(/[ab]{1,3}){0,2}") {
        let globs = Globs::sensitive(&[format!("secret/{folder}/*")]).unwrap();
        let (itself, inside) = (format!("secret/{folder}"), format!("secret/{folder}/{below}"));
        prop_assert!(covered(&globs, &itself));
        prop_assert!(covered(&globs, &inside));
        let neighbour = format!("secret/{folder}x/{below}");
        prop_assert!(!covered(&globs, &neighbour));
    }
}
