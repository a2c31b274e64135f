//! Who is served, and how many at once. Whoever is not gets words: repo-server does not survive a closed door.

use eod_testkit::argocd::ArgoCd;

use super::{
    CONFIG, POLICY, PROJECT, RenderStory,
    deadline::{ENDLESS, commit_slow_chart, expect_nothing_left, expect_tool},
    titles,
};

#[test]
fn a_call_above_the_limit_is_told_so() {
    let files = [("shop/one.yaml", CONFIG)];
    // Everybody's repo-server would ask it now and then, too.
    let argocd = ArgoCd::own();
    let story = RenderStory::with(&["--calls", "1"], POLICY, &argocd, "eod@v1", &files);
    commit_slow_chart(&story, ENDLESS);
    let root = story.repository.path();
    let told = [
        ("ARGOCD_APP_NAMESPACE", "shop-pr-8"),
        ("ARGOCD_APP_PROJECT_NAME", PROJECT),
        ("ARGOCD_APP_SOURCE_PATH", "slow"),
    ];
    let slow = story.dial(&root, "slow", &told).begin();
    expect_tool(&story);
    let failure = story.dial(&root, "shop", &[]).generate().outcome().unwrap_err();
    assert_eq!(failure.code, "ResourceExhausted", "{failure:?}");
    let text = "eod-cmp answers 1 calls at once, and this one is above\n  remedy: ";
    assert!(failure.message.contains(text), "{failure:?}");
    slow.abandon();
    expect_nothing_left(&story);
    // When it is over, there is room, also for the repository that was told to come again.
    story.rendered(&story.request("shop-pr-7").hard());
}

#[test]
fn a_caller_who_is_not_known_is_told_so() {
    let files = [("shop/one.yaml", CONFIG)];
    // Nobody who runs tests.
    let argocd = ArgoCd::own();
    let story = RenderStory::with(&["--peer-uid", "4242"], POLICY, &argocd, "eod@v1", &files);
    for _ in 0..2 {
        let text = story.refused(&story.request("shop-pr-7").hard());
        assert!(text.contains("may not use eod-cmp\n  remedy: call as the user that repo-server runs as"), "{text}");
    }
    assert_eq!(story.calls("answered"), 0.0);
    let denied = "eod_cmp_calls_total{method=\"CheckPluginConfiguration\",outcome=\"denied\"}";
    assert!(story.plugin.number(denied) >= 2.0);
}

/// One processor renders while many wait, and a storm of one repository is not another one's wait.
#[test]
fn one_render_at_a_time_serves_everybody() {
    let files = [("shop/one.yaml", CONFIG)];
    let story = RenderStory::with(&["--renders", "1", "--cache", "0"], POLICY, ArgoCd::shared(), "limits@one", &files);
    let requests: Vec<_> = (1..=24).map(|number| story.request(&format!("shop-pr-{number}")).hard()).collect();
    for (number, answer) in (1..).zip(story.argocd.generate_all(&requests, requests.len())) {
        assert_eq!(titles(&answer.expect_manifests())[0], format!("Namespace/shop-pr-{number}"));
    }
    // Without a cache everything is rendered again, to the same.
    let first = story.rendered(&requests[0]);
    assert_eq!(story.rendered(&requests[0]), first);
    assert_eq!(story.cache(), (0.0, 26.0));
    assert_eq!(story.plugin.number("eod_cmp_cache_entries"), 0.0);
}
