use super::*;

fn key(text: &str) -> CacheKey {
    CacheKey::of(&[("text", text.as_bytes())].into())
}

fn manifests(bytes: usize) -> Arc<JsonManifests> {
    Arc::new(JsonManifests::new(vec!["x".repeat(bytes)]))
}

#[test]
fn least_recently_used_entry_is_evicted() {
    let cache = ManifestCache::new(3 * (1000 + 280));
    for name in ["a", "b", "c"] {
        cache.put(key(name), &manifests(1000));
    }
    assert!(cache.get(&key("a")).is_some(), "a lookup makes the entry recent");
    cache.put(key("d"), &manifests(1000));
    let cached: Vec<_> = ["a", "b", "c", "d"].into_iter().filter(|name| cache.get(&key(name)).is_some()).collect();
    assert_eq!(cached, ["a", "c", "d"]);
    cache.put(key("huge"), &manifests(10_000));
    assert_eq!(cache.size().1, 3, "manifests larger than the cache evict nothing");
    for _ in 0..5 {
        cache.put(key("a"), &manifests(10));
    }
    assert_eq!(cache.size(), (2 * 1280 + 290, 3), "an entry that is replaced is charged once");
}

#[test]
fn unused_capacity_of_the_texts_is_freed() {
    let mut text = String::with_capacity(1 << 20);
    text.push('x');
    let manifests = JsonManifests::new(vec![text]);
    assert!(manifests.objects.iter().all(|object| object.capacity() < 64), "{manifests:?}");
}

#[test]
fn different_lists_of_parts_have_different_keys() {
    let keys: Vec<_> =
        [[("a", "bc"), ("b", "")], [("a", "b"), ("b", "c")], [("a", ""), ("b", "bc")], [("ab", "c"), ("b", "")]]
            .into_iter()
            .map(|parts| CacheKey::of(&parts.iter().map(|(name, part)| (*name, part.as_bytes())).collect()))
            .collect();
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(keys.iter().position(|other| other == key), Some(at));
    }
}
