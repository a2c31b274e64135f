use super::*;

#[test]
fn slugs_are_dns_labels() {
    for (raw, text, changed) in [
        ("shop", "shop", false),
        ("Shop", "shop", false),
        ("a-b", "a-b", false),
        ("a--b", "a-b", true),
        ("a_b", "a-b", true),
        ("-a-", "a", true),
        ("feature/FOO_bar", "feature-foo-bar", true),
        ("élan", "lan", true),
        ("🚀", "x", true),
        ("", "x", true),
        ("___", "x", true),
        ("x", "x", false),
    ] {
        assert_eq!(slug(raw), Slug { text: text.to_owned(), changed }, "{raw}");
    }
}

#[test]
fn slugs_are_cut_without_a_dash_at_the_end() {
    assert_eq!(cut("abc-def", 4), "abc");
    assert_eq!(cut("abc-def", 5), "abc-d");
    assert_eq!(cut("abc", 63), "abc");
    assert_eq!(with_hash(&"a".repeat(80), "raw", 63).len(), 63);
}
