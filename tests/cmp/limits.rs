//! Limits of callers and of concurrency. A rejected call gets an error: repo-server does not recover from a closed
//! connection.

use eod_testkit::argocd::ArgoCd;

use super::{
    CONFIG, POLICY, PROJECT, RenderStory,
    deadline::{ENDLESS, commit_slow_chart, expect_nothing_left, expect_tool},
    titles,
};

#[test]
fn call_above_the_limit_is_rejected() {
    let files = [("shop/one.yaml", CONFIG)];
    // The shared repo-server would also call this plugin sometimes.
    let argocd = ArgoCd::own();
    let story = RenderStory::with(&["--calls", "1"], POLICY, &argocd, "eod@v1", &files);
    commit_slow_chart(&story, ENDLESS);
    let root = story.repository.path();
    let environment = [
        ("ARGOCD_APP_NAMESPACE", "shop-pr-8"),
        ("ARGOCD_APP_PROJECT_NAME", PROJECT),
        ("ARGOCD_APP_SOURCE_PATH", "slow"),
    ];
    let slow = story.dial(&root, "slow", &environment).begin();
    expect_tool(&story);
    let failure = story.dial(&root, "shop", &[]).generate().outcome().unwrap_err();
    assert_eq!(failure.code, "ResourceExhausted", "{failure:?}");
    let text = "eod-cmp runs at most 1 calls at once: nothing was rendered\n  remedy: ";
    assert!(failure.message.contains(text), "{failure:?}");
    slow.abandon();
    expect_nothing_left(&story);
    // After the running call has ended, the rejected repository is rendered.
    story.rendered(&story.request("shop-pr-7").hard());
}

#[test]
fn other_user_is_rejected() {
    let files = [("shop/one.yaml", CONFIG)];
    // A user id that no test uses.
    let argocd = ArgoCd::own();
    let story = RenderStory::with(&["--peer-uid", "4242"], POLICY, &argocd, "eod@v1", &files);
    for _ in 0..2 {
        let text = story.refused(&story.request("shop-pr-7").hard());
        assert!(text.contains("is not allowed to call eod-cmp\n  remedy: call as the user of repo-server"), "{text}");
    }
    assert_eq!(story.calls("answered"), 0.0);
    let denied = "eod_cmp_calls_total{method=\"CheckPluginConfiguration\",outcome=\"denied\"}";
    assert!(story.plugin.number(denied) >= 2.0);
}

/// With one render at a time, all calls are served in turn.
#[test]
fn one_render_at_a_time_serves_all_calls() {
    let files = [("shop/one.yaml", CONFIG)];
    let story = RenderStory::with(&["--renders", "1", "--cache", "0"], POLICY, ArgoCd::shared(), "limits@one", &files);
    let requests: Vec<_> = (1..=24).map(|number| story.request(&format!("shop-pr-{number}")).hard()).collect();
    for (number, answer) in (1..).zip(story.argocd.generate_all(&requests, requests.len())) {
        assert_eq!(titles(&answer.expect_manifests())[0], format!("Namespace/shop-pr-{number}"));
    }
    // Without a cache the same manifests are rendered again.
    let first = story.rendered(&requests[0]);
    assert_eq!(story.rendered(&requests[0]), first);
    assert_eq!(story.cache(), (0.0, 26.0));
    assert_eq!(story.plugin.number("eod_cmp_cache_entries"), 0.0);
}
