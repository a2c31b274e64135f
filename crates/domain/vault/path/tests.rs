use proptest::prelude::*;

use super::*;

fn path(text: &str) -> SecretPath {
    text.parse().unwrap()
}

#[test]
fn ordinary_paths_are_kept_byte_by_byte() {
    for text in ["a", "stage/shop", "a b/c", "100%", "50%x/y", "...", "..a/b..", "größe", "ключ/秘密", "a:b@c+d=e"]
    {
        assert_eq!(path(text).as_str(), text);
        assert_eq!(text.parse::<MountPath>().unwrap().to_string(), text);
    }
}

#[test]
fn ambiguous_paths_are_refused_with_a_remedy() {
    for (text, words) in [
        ("", "must not be empty"),
        ("/a", "write `a`"),
        ("a/b/", "write `a/b`"),
        ("/", "slash"),
        ("a//b", "two slashes"),
        ("a/../b", "the segment `..`"),
        ("..", "the segment `..`"),
        ("a/./b", "the segment `.`"),
        ("a/%2e%2e/b", "got `%2e`"),
        ("a%2Fb", "got `%2F`"),
        ("a%252e", "got `%25`"),
        ("a/ b", "must not have a space"),
        ("a /b", "must not have a space"),
        ("a\u{0}b", "U+0000"),
        ("a\tb", "U+0009"),
        ("a\nb", "U+000A"),
        ("a\u{200b}b", "U+200B"),
        ("a\u{202e}b", "U+202E"),
        ("a\u{a0}b", "U+00A0"),
        ("a\\..\\b", "U+005C"),
        ("e\u{301}tage", "NFC"),
        ("\u{1100}\u{1161}", "NFC"),
    ] {
        let error = text.parse::<SecretPath>().unwrap_err().to_string();
        assert!(error.contains(words), "{text:?}: {error}");
    }
    assert!("a".repeat(MAX + 1).parse::<SecretPath>().is_err());
    assert!("a".repeat(MAX).parse::<SecretPath>().is_ok());
}

#[test]
fn is_inside_compares_whole_segments() {
    assert!(path("preview/pr-1").is_inside(&path("preview/pr-1")));
    assert!(path("preview/pr-1/db").is_inside(&path("preview/pr-1")));
    assert!(!path("preview/pr-12").is_inside(&path("preview/pr-1")));
    assert!(!path("preview/pr-12/db").is_inside(&path("preview/pr-1")));
    assert!(!path("preview").is_inside(&path("preview/pr-1")));
    assert_eq!(path("a/b/c").segments().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(path("a/b/c").last_segment(), "c");
    assert_eq!(path("a").join("b c").unwrap().as_str(), "a/b c");
    assert!(path("a").join("../b").is_err());
}

proptest! {
    #[test]
    fn a_valid_path_has_one_reading(text in r"[a%2e./ \\é\u{301}\u{200b}A\t]{0,14}") {
        if let Ok(path) = text.parse::<SecretPath>() {
            prop_assert_eq!(path.as_str(), text.as_str());
            prop_assert!(path.segments().all(|segment| !segment.is_empty() && segment != "." && segment != ".."));
            prop_assert!(path.is_inside(&path));
            prop_assert_eq!(text.nfc().collect::<String>(), text);
        }
    }

    #[test]
    fn a_joined_path_is_inside(parent in "[ab]{1,2}(/[ab]{1,2}){0,2}", child in "[ab]{1,2}(/[ab]{1,2}){0,2}") {
        let parent = path(&parent);
        let joined = parent.join(&child).unwrap();
        prop_assert!(joined.is_inside(&parent));
        prop_assert!(!parent.is_inside(&joined));
        let by_segments = |inner: &SecretPath, outer: &SecretPath| {
            let outer: Vec<_> = outer.segments().collect();
            inner.segments().take(outer.len()).eq(outer.iter().copied())
        };
        let child = path(&child);
        prop_assert_eq!(child.is_inside(&parent), by_segments(&child, &parent));
    }
}
