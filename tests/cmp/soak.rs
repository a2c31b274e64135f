//! Many renders leave no file, no process and no open descriptor.

use eod_testkit::argocd::ArgoCd;
use serde_json::Value;

use super::{
    CONFIG, LONG, RenderStory, SHOP,
    deadline::expect_nothing_left,
    sources::{CHART, OVERLAYS},
};

/// Number of renders per batch.
const AT_ONCE: usize = 8;

#[test]
fn three_hundred_renders_leave_no_files_or_processes() {
    let files = [&OVERLAYS[..], &CHART, &[("shop/shop.yaml", SHOP), ("shop/config.yaml", CONFIG)]].concat();
    let story = RenderStory::begin(ArgoCd::shared(), "soak@v1", &files);
    story.repository.write("hostile/role.yaml", "apiVersion: v1\nkind: Node\nmetadata: { name: a }\n");
    story.repository.commit("hostile");
    let request = |number: usize| {
        // Every ninth render needs a tool, and every tenth is refused.
        let path = match number % 90 {
            0 | 18 | 36 | 54 | 72 => "chart",
            9 | 27 | 45 | 63 | 81 => "generated",
            rest if rest % 10 == 7 => "hostile",
            _ => "shop",
        };
        let name = format!("shop-pr-{}", number + 1);
        // No render is cached.
        (path, story.request_of(path, &name).deadline(LONG).hard())
    };
    let run = |numbers: std::ops::Range<usize>| {
        for batch in numbers.step_by(AT_ONCE).map(|from| from..from + AT_ONCE) {
            let (paths, requests): (Vec<_>, Vec<_>) = batch.map(request).unzip();
            for (path, answer) in paths.into_iter().zip(story.argocd.generate_all(&requests, AT_ONCE)) {
                match path {
                    "hostile" => drop(answer.expect_failure()),
                    _ => assert!(answer.expect_manifests().len() > 10, "{path}"),
                }
            }
        }
        expect_nothing_left(&story);
    };
    // The first renders open descriptors that are not closed.
    run(0..24);
    let before = story.plugin.descriptors();
    run(24..304);
    let after = eod_testkit::wait::wait_until("all descriptors to be closed", super::PATIENCE, || {
        let now = story.plugin.descriptors();
        if now.len() <= before.len() { Ok(now) } else { Err(format!("{now:?}")) }
    });
    assert!(after.len() <= before.len(), "{before:?}\n{after:?}");
    assert_eq!(story.calls("answered") + story.calls("refused"), 304.0);
    assert!(story.tool_runs() >= 30.0, "{}", story.tool_runs());
    let errors: Vec<Value> = story.plugin.lines().into_iter().filter(|line| line["level"] == "ERROR").collect();
    assert!(errors.is_empty(), "{errors:?}");
    // The process still stops promptly.
    assert_eq!(story.plugin.stop().code(), Some(0));
    assert!(story.plugin.files().is_empty() && !story.plugin.socket().exists());
}
