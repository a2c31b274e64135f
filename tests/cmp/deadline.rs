//! A render that takes too long ends before the caller's deadline, with an error of the plugin and without leftovers.

use std::{thread, time::Duration};

use eod_testkit::{argocd::ArgoCd, wait::wait_until};

use super::{CONFIG, PATIENCE, RenderStory, titles};

/// Chart that keeps helm busy: every round takes about 0.2 s of CPU time.
pub(super) fn slow_chart(rounds: u32) -> [(&'static str, String); 2] {
    let template = format!(
        "{{{{ range until {rounds} }}}}{{{{ range until 1000 }}}}{{{{ range until 100 }}}}{{{{ if eq (add 1 2) 4 }}}}x{{{{ \
         end }}}}{{{{ end }}}}{{{{ end }}}}{{{{ end }}}}\n{CONFIG}"
    );
    [
        ("slow/Chart.yaml", "apiVersion: v2\nname: slow\nversion: 1.0.0\n".to_owned()),
        ("slow/templates/a.yaml", template),
    ]
}

/// Number of rounds that exceeds every deadline.
pub(super) const ENDLESS: u32 = 100_000;

/// Commits the slow chart to the repository of a story.
#[track_caller]
pub(super) fn commit_slow_chart(story: &RenderStory<'_>, rounds: u32) {
    for (file, text) in slow_chart(rounds) {
        story.repository.write(file, text);
    }
    story.repository.commit("slow");
}

/// Waits until a tool is running.
#[track_caller]
pub(super) fn expect_tool(story: &RenderStory<'_>) {
    wait_until("the tool to run", PATIENCE, || match story.plugin.children().as_slice() {
        [] => Err(story.plugin.log()),
        _ => Ok(()),
    });
}

/// Waits until no tool is running and its files are removed.
#[track_caller]
pub(super) fn expect_nothing_left(story: &RenderStory<'_>) {
    wait_until("processes and files of the tool to be removed", PATIENCE, || {
        match (story.plugin.children(), story.plugin.files()) {
            (children, files) if children.is_empty() && files.is_empty() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    wait_until("no call to be running", PATIENCE, || match story.plugin.number("eod_cmp_running") {
        0.0 => Ok(()),
        running => Err(running.to_string()),
    });
}

#[test]
fn timeout_is_reported_before_the_callers_deadline() {
    let story = RenderStory::begin(ArgoCd::shared(), "deadline@slow", &[("shop/one.yaml", CONFIG)]);
    commit_slow_chart(&story, ENDLESS);
    // Long enough that helm is started also on a busy machine.
    let request = story.request_of("slow", "shop-pr-7").deadline(Duration::from_secs(30));
    thread::scope(|scope| {
        let slow = scope.spawn(|| story.refused(&request));
        expect_tool(&story);
        // Another render does not wait for it.
        assert_eq!(titles(&story.rendered(&story.request("shop-pr-8")))[0], "Namespace/shop-pr-8");
        let text = slow.join().unwrap();
        assert!(text.contains("timed out after "), "{text}");
        assert!(
            text.contains("while waiting for helm or kustomize: nothing was rendered\n  remedy: make the chart"),
            "{text}"
        );
    });
    expect_nothing_left(&story);
    assert_eq!((story.calls("late"), story.calls("answered")), (1.0, 1.0));
    assert!(story.plugin.number("eod_cmp_deadline_left_seconds") > 0.0);
}

#[test]
fn work_stops_when_the_caller_disconnects() {
    let story = RenderStory::begin(ArgoCd::shared(), "deadline@gone", &[("shop/one.yaml", CONFIG)]);
    commit_slow_chart(&story, ENDLESS);
    let root = story.repository.path();
    let environment = [
        ("ARGOCD_APP_NAME", "shop-pr-7"),
        ("ARGOCD_APP_NAMESPACE", "shop-pr-7"),
        ("ARGOCD_APP_PROJECT_NAME", super::PROJECT),
        ("ARGOCD_APP_SOURCE_PATH", "slow"),
    ];
    let calling = story.dial(&root, "slow", &environment).begin();
    expect_tool(&story);
    // The caller is killed.
    calling.abandon();
    expect_nothing_left(&story);
    assert_eq!(story.calls("answered"), 0.0);
    story.rendered(&story.request("shop-pr-8"));
}

/// A tool that writes without end or exhausts its memory is stopped by its limits.
#[test]
fn tool_above_its_limits_is_stopped() {
    let story = RenderStory::begin(ArgoCd::shared(), "deadline@measure", &[("shop/one.yaml", CONFIG)]);
    story.repository.write("slow/Chart.yaml", "apiVersion: v2\nname: slow\nversion: 1.0.0\n");
    let flood = "{{ range until 100000 }}{{ range until 100 }}# 0123456789\n{{ end }}{{ end }}";
    story.repository.write("slow/templates/a.yaml", format!("{flood}{CONFIG}"));
    story.repository.commit("flood");
    let text = story.refused(&story.request_of("slow", "shop-pr-7"));
    assert!(text.contains("slow/Chart.yaml\n  rule:   tool\n"), "{text}");
    assert!(text.contains("printed more than 32 MiB") || text.contains("`helm` failed"), "{text}");
    expect_nothing_left(&story);
    assert_eq!(story.calls("refused"), 1.0);
}
