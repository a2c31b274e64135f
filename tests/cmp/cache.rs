//! The caches of Argo CD and of the plugin. Only the key of the plugin's cache includes the policy.

use eod_testkit::{argocd::ArgoCd, process::Signal};

use super::{CONFIG, POLICY, RenderStory, object};

#[test]
fn second_render_is_cached() {
    let story = RenderStory::begin(ArgoCd::shared(), "cache@second", &[("shop/one.yaml", CONFIG)]);
    let request = story.request("shop-pr-7");
    let first = story.rendered(&request);
    assert_eq!(story.cache(), (0.0, 1.0));
    // Cached by Argo CD.
    assert_eq!(story.rendered(&request), first);
    assert_eq!(story.cache(), (0.0, 1.0));
    // Cached by the plugin, because a hard refresh skips the cache of Argo CD.
    for hits in 1..=3 {
        assert_eq!(story.rendered(&request.clone().hard()), first);
        assert_eq!(story.cache(), (f64::from(hits), 1.0));
    }
    assert_eq!(story.calls("answered"), 4.0);
    assert_eq!(story.plugin.number("eod_cmp_cache_entries"), 1.0);
}

#[test]
fn every_input_is_part_of_the_cache_key() {
    let story =
        RenderStory::begin(ArgoCd::shared(), "cache@again", &[("shop/one.yaml", CONFIG), ("web/one.yaml", CONFIG)]);
    let request = story.request("shop-pr-7").hard();
    let same = story.rendered(&request);
    let mut misses = 1.0;
    for (what, other) in [
        ("a parameter", request.clone().parameter("owner", "alice")),
        ("the Application", request.clone().application("another")),
        ("the namespace", request.clone().namespace("shop-pr-8")),
        ("the folder", story.request_of("web", "shop-pr-7").hard()),
        ("the cluster's version", request.clone().cluster("1.36.1", &["v1"])),
    ] {
        story.rendered(&other);
        misses += 1.0;
        assert_eq!(story.cache(), (0.0, misses), "{what}");
    }
    // Every variant has its own entry, and the first is still cached.
    assert_eq!(story.rendered(&request), same);
    assert_eq!(story.cache(), (1.0, misses));
}

#[test]
fn only_a_commit_that_changes_files_is_rendered() {
    let story = RenderStory::begin(ArgoCd::shared(), "cache@commit", &[("shop/one.yaml", CONFIG)]);
    let request = story.request("shop-pr-7").hard();
    let first = story.rendered(&request);
    story.repository.commit("nothing");
    assert_eq!(story.rendered(&request), first);
    assert_eq!(story.cache(), (1.0, 1.0));
    story.repository.write("shop/one.yaml", CONFIG.replace("production", "preview"));
    story.repository.commit("changed");
    assert_eq!(object(&story.rendered(&request), "ConfigMap/settings")["data"]["mode"], "preview");
    assert_eq!(story.cache(), (1.0, 2.0));
}

#[test]
fn new_policy_and_new_value_of_the_parameter_render_again() {
    let story = RenderStory::begin(ArgoCd::shared(), "cache@policy", &[("shop/one.yaml", CONFIG)]);
    let request = |version: &str| story.request("shop-pr-7").parameter("policy", version);
    let first = story.rendered(&request("1"));
    story.plugin.write_policy(&POLICY.replace("installation: acme", "installation: other"));
    story.plugin.signal(Signal::SIGHUP);
    super::policy::expect_said(&story, "a new policy is active");
    // Argo CD's cache key does not contain the policy; the parameter `policy` replaces it.
    assert_eq!(story.rendered(&request("1")), first);
    let second = story.rendered(&request("2"));
    let installation =
        |manifests| super::ours(&object(manifests, "ConfigMap/settings")["metadata"]["labels"], "installation").clone();
    assert_eq!((installation(&first), installation(&second)), ("acme".into(), "other".into()));
    // The plugin's cache key contains the policy: its own entry for the same request is not used any more.
    assert_eq!(installation(&story.rendered(&request("1").hard())), "other");
    assert_eq!(story.cache(), (0.0, 3.0));
}
