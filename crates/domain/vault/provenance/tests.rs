use proptest::prelude::*;

use super::*;

fn provenance(source: &str) -> CopyProvenance {
    CopyProvenance {
        environment: "pr-1".parse().unwrap(),
        installation: "acme".parse().unwrap(),
        source: source.parse().unwrap(),
        source_version: Some(7),
        created: Some("2026-01-01T00:00:00.123456789Z".to_owned()),
        nonce: Nonce::new([1; 16]),
    }
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn entries_of_the_source_are_kept() {
    let source = map(&[("team", "checkout"), ("eod-env", "other"), ("eod-whatever", "x")]);
    let (merged, left_out) = provenance("secret/stage/shop").custom_metadata(&source);
    assert_eq!(left_out, []);
    let expected = map(&[
        ("eod-created", "2026-01-01T00:00:00.123456789Z"),
        ("eod-env", "pr-1"),
        ("eod-installation", "acme"),
        ("eod-nonce", &"01".repeat(16)),
        ("eod-src", "secret/stage/shop"),
        ("eod-src-version", "7"),
        ("team", "checkout"),
    ]);
    assert_eq!(merged, expected);
}

#[test]
fn entries_that_do_not_fit_are_reported() {
    let mut source: BTreeMap<_, _> = (0..64).map(|n| (format!("k{n:02}"), "v".to_owned())).collect();
    source.insert("a-bell".to_owned(), "x\u{7}".to_owned());
    source.insert("a-long".to_owned(), "x".repeat(513));
    source.insert("a-most".to_owned(), "x".repeat(512));
    source.insert("b".repeat(129), "x".to_owned());
    let (merged, left_out) = provenance("secret/stage/shop").custom_metadata(&source);
    assert_eq!(merged.len(), 64);
    assert!(merged.contains_key("a-most") && merged.contains_key("k56") && !merged.contains_key("k57"));
    let keys: Vec<_> = left_out.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys[..3], ["a-bell", "a-long", "b".repeat(129).as_str()]);
    assert_eq!(left_out.len(), 3 + 7);
}

#[test]
fn the_source_entry_always_fits() {
    assert_eq!(source_entry(&"secret/a b/größe/🚀".parse().unwrap()), "secret/a b/größe/%f0%9f%9a%80");
    let long = format!("secret/{}", "a".repeat(900));
    assert!(source_entry(&long.parse().unwrap()).starts_with("sha256:"));
}

proptest! {
    // Each case generates a hundred texts.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_limits_hold_for_any_source(entries in proptest::collection::btree_map(".{0,140}", ".{0,600}", 0..90)) {
        let (merged, left_out) = provenance("secret/stage/shop").custom_metadata(&entries);
        prop_assert!(merged.len() <= MOST_ENTRIES);
        prop_assert!(merged.iter().all(|(key, value)| unfit(key, value).is_none()));
        let ours = entries.keys().filter(|key| key.starts_with(OURS)).count();
        prop_assert_eq!(merged.len() - OUR_ENTRIES + left_out.len() + ours, entries.len());
    }
}
