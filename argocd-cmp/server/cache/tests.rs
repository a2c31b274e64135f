use super::*;

fn key(text: &str) -> Key {
    Key::of(&[("text", text.as_bytes())].into())
}

fn reply(bytes: usize) -> Arc<Reply> {
    Arc::new(Reply { manifests: vec!["x".repeat(bytes)] })
}

#[test]
fn the_oldest_goes_when_the_bytes_are_too_many() {
    let cache = Cache::new(3 * (1000 + 280));
    for name in ["a", "b", "c"] {
        cache.put(key(name), &reply(1000));
    }
    assert!(cache.get(&key("a")).is_some(), "a look makes it young");
    cache.put(key("d"), &reply(1000));
    let held: Vec<_> = ["a", "b", "c", "d"].into_iter().filter(|name| cache.get(&key(name)).is_some()).collect();
    assert_eq!(held, ["a", "c", "d"]);
    cache.put(key("huge"), &reply(10_000));
    assert_eq!(cache.size().1, 3, "what does not fit at all drives nothing out");
    for _ in 0..5 {
        cache.put(key("a"), &reply(10));
    }
    assert_eq!(cache.size(), (2 * 1280 + 290, 3), "the same key counts once");
}

#[test]
fn parts_do_not_run_into_each_other() {
    let keys: Vec<_> =
        [[("a", "bc"), ("b", "")], [("a", "b"), ("b", "c")], [("a", ""), ("b", "bc")], [("ab", "c"), ("b", "")]]
            .into_iter()
            .map(|parts| Key::of(&parts.iter().map(|(name, part)| (*name, part.as_bytes())).collect()))
            .collect();
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(keys.iter().position(|other| other == key), Some(at));
    }
}
