//! Servers that end in the middle. What repo-server cannot survive is a connection to a plugin that dies before it has
//! said anything: that repository then waits until repo-server itself is restarted. So nothing of ours may do that.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use eod_testkit::{
    argocd::{ArgoCd, REPO_SERVER},
    process::Signal,
    wait::wait_until,
};

use super::{
    CONFIG, PATIENCE, RenderStory,
    deadline::{ENDLESS, commit_slow_chart, expect_nothing_left, expect_tool},
    titles,
};

/// A repository with a quick Application and a slow one.
#[track_caller]
fn begin(argocd: &ArgoCd, rounds: u32) -> RenderStory<'_> {
    let story = RenderStory::begin(argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    commit_slow_chart(&story, rounds);
    story
}

/// Argo CD renders that repository again, the revision that was under way and a new one.
#[track_caller]
fn expect_rendering(story: &RenderStory<'_>) {
    let request = story.request("shop-pr-7").hard();
    let before = story.rendered(&request);
    story.repository.write("shop/two.yaml", CONFIG.replace("settings", "more"));
    story.repository.commit("more");
    let after = story.rendered(&request);
    assert_eq!(after.len(), before.len() + 1, "{:?}", titles(&after));
}

#[test]
fn a_repo_server_that_ends_takes_its_renders_along() {
    let argocd = ArgoCd::own();
    let story = begin(&argocd, ENDLESS);
    let request = story.request_of("slow", "shop-pr-8").deadline(Duration::from_secs(30));
    thread::scope(|scope| {
        let slow = scope.spawn(|| argocd.generate(&request).expect_failure());
        expect_tool(&story);
        argocd.kill(REPO_SERVER);
        // Nobody waits for helm any more, and the plugin knows.
        expect_nothing_left(&story);
        argocd.start(REPO_SERVER);
        expect_rendering(&story);
        // Its caller may have asked the new one once more; that ends with the deadline.
        slow.join().unwrap();
    });
    expect_nothing_left(&story);
}

#[test]
fn a_plugin_that_is_stopped_finishes_what_it_has_begun() {
    let argocd = ArgoCd::own();
    let story = begin(&argocd, 3);
    thread::scope(|scope| {
        let slow = scope.spawn(|| story.rendered(&story.request_of("slow", "shop-pr-8")));
        expect_tool(&story);
        let status = story.plugin.stop();
        assert_eq!(status.code(), Some(0), "{}", story.plugin.log());
        assert_eq!(titles(&slow.join().unwrap())[0], "Namespace/shop-pr-8");
    });
    assert!(!story.plugin.socket().exists());
    // In between there is no plugin, and that is what a user reads.
    let text = story.refused(&story.request("shop-pr-9"));
    assert!(text.contains("could not find cmp-server plugin with name \"eod@v1\""), "{text}");
    story.plugin.restart();
    expect_rendering(&story);
    expect_nothing_left(&story);
}

#[test]
fn a_plugin_that_is_killed_leaves_nothing_to_its_successor() {
    let argocd = ArgoCd::own();
    let story = begin(&argocd, ENDLESS);
    thread::scope(|scope| {
        let slow = scope.spawn(|| story.refused(&story.request_of("slow", "shop-pr-8")));
        expect_tool(&story);
        let helm = story.plugin.children();
        story.plugin.kill();
        let text = slow.join().unwrap();
        assert!(text.contains("EOF") || text.contains("connection"), "{text}");
        wait_until("helm to die with its parent", PATIENCE, || {
            let left: Vec<_> = helm.iter().filter(|pid| super::runs(**pid)).collect();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?} run")) }
        });
    });
    // The home that helm had stays behind, and so does the socket; a new life clears both.
    assert_eq!(story.plugin.files().len(), 1, "{:?}", story.plugin.files());
    assert!(story.plugin.socket().exists());
    story.plugin.restart();
    assert_eq!(story.plugin.files(), [""; 0]);
    expect_rendering(&story);
    expect_nothing_left(&story);
}

#[test]
fn a_restart_between_two_renders_is_not_noticed() {
    let argocd = ArgoCd::own();
    let story = begin(&argocd, 1);
    let request = story.request("shop-pr-7").hard();
    let before = story.rendered(&request);
    for kill in [false, true, true, false] {
        if kill {
            story.plugin.kill();
        } else {
            story.plugin.stop();
        }
        story.plugin.restart();
        assert_eq!(story.rendered(&request), before);
    }
    expect_rendering(&story);
}

/// A successor takes the name over before its predecessor has ended, as two generations of a pod's sidecar may.
#[test]
fn a_successor_may_come_before_the_end() {
    let argocd = ArgoCd::own();
    let old = begin(&argocd, 1);
    let before = old.rendered(&old.request("shop-pr-7").hard());
    let new = RenderStory::begin(&argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    assert_eq!(old.rendered(&old.request("shop-pr-7").hard()), before);
    assert_eq!((old.calls("answered"), new.calls("answered")), (1.0, 1.0));
    // The old one knows that nobody comes to it any more, and does not take the name along.
    assert_eq!(old.plugin.page("/healthz").0, 503);
    old.plugin.stop();
    assert_eq!(new.plugin.page("/healthz"), (200, "ok\n".to_owned()));
    new.rendered(&new.request("shop-pr-7"));
}

/// The connections to a plugin, those that it has not accepted yet included. A socket keeps the name it was made under.
fn connections(story: &RenderStory<'_>) -> usize {
    let made = story.plugin.socket().with_file_name(format!(".{}.new", story.plugin.name())).display().to_string();
    let all = fs::read_to_string("/proc/net/unix").unwrap();
    all.lines().filter(|line| line.ends_with(&made)).count() - 1 /* the one that listens */
}

/// The connection that repo-server must not lose: it is made, and the plugin is told to end before it has seen it.
#[test]
fn a_caller_who_came_before_the_end_is_still_served() {
    let argocd = ArgoCd::own();
    let story = begin(&argocd, 1);
    story.plugin.signal(Signal::SIGSTOP);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| story.argocd.generate(&story.request("shop-pr-8")));
        wait_until("a connection to be made", PATIENCE, || match connections(&story) {
            0 => Err("none".to_owned()),
            _ => Ok(()),
        });
        story.plugin.signal(Signal::SIGTERM);
        story.plugin.signal(Signal::SIGCONT);
        let status = story.plugin.ended();
        assert_eq!(status.code(), Some(0), "{}", story.plugin.log());
        story.plugin.restart();
        // Whichever of its calls met the end, it has an answer.
        drop(waiting.join().unwrap());
    });
    expect_rendering(&story);
}

#[test]
fn restarts_in_a_storm_leave_no_dead_connection() {
    let argocd = ArgoCd::own();
    let story = begin(&argocd, 1);
    let over = AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let (story, over) = (&story, &over);
                scope.spawn(move || {
                    let mut answered = 0;
                    while !over.load(Ordering::Relaxed) {
                        let names = (0..8).map(|number| format!("shop-pr-{caller}{number}"));
                        let requests: Vec<_> = names.map(|name| story.request(&name).hard()).collect();
                        let answers = story.argocd.generate_all(&requests, requests.len());
                        answered += answers.iter().filter(|answer| answer.outcome.is_ok()).count();
                        for failure in answers.into_iter().filter_map(|answer| answer.outcome.err()) {
                            // A call that came too late is told so, and none of them hangs.
                            assert_ne!(failure.code, "DeadlineExceeded", "{failure:?}");
                        }
                    }
                    answered
                })
            })
            .collect();
        for _ in 0..5 {
            let before = story.calls("answered");
            wait_until("calls to come in", PATIENCE, || {
                let now = story.calls("answered");
                if now >= before + 5.0 { Ok(()) } else { Err(format!("{now} calls")) }
            });
            story.plugin.stop();
            story.plugin.restart();
        }
        over.store(true, Ordering::Relaxed);
        callers.into_iter().map(|caller| caller.join().unwrap()).sum::<usize>()
    });
    assert!(answered > 20, "{answered}");
    expect_rendering(&story);
}
