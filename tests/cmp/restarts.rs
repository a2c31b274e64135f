//! Servers that end during a render. If a plugin ends before it has sent anything on a connection, repo-server waits
//! forever for that repository until it is restarted itself. The plugin must never cause that.

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

/// Repository with a quick Application and a slow one.
#[track_caller]
fn begin(argocd: &ArgoCd, rounds: u32) -> RenderStory<'_> {
    let story = RenderStory::begin(argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    commit_slow_chart(&story, rounds);
    story
}

/// Expects that the repository is rendered: the interrupted revision and a new one.
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
fn renders_stop_with_their_repo_server() {
    let argocd = ArgoCd::own();
    let story = begin(&argocd, ENDLESS);
    let request = story.request_of("slow", "shop-pr-8").deadline(Duration::from_secs(30));
    thread::scope(|scope| {
        let slow = scope.spawn(|| argocd.generate(&request).expect_failure());
        expect_tool(&story);
        argocd.kill(REPO_SERVER);
        // The caller of helm has ended, and the plugin stops helm.
        expect_nothing_left(&story);
        argocd.start(REPO_SERVER);
        expect_rendering(&story);
        // The controller may have called the new repo-server again; that call ends with its deadline.
        slow.join().unwrap();
    });
    expect_nothing_left(&story);
}

#[test]
fn stopped_plugin_finishes_running_renders() {
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
    // Without a plugin, the user reads an error of Argo CD.
    let text = story.refused(&story.request("shop-pr-9"));
    assert!(text.contains("could not find cmp-server plugin with name \"eod@v1\""), "{text}");
    story.plugin.restart();
    expect_rendering(&story);
    expect_nothing_left(&story);
}

#[test]
fn successor_of_a_killed_plugin_removes_its_leftovers() {
    let argocd = ArgoCd::own();
    let story = begin(&argocd, ENDLESS);
    thread::scope(|scope| {
        let slow = scope.spawn(|| story.refused(&story.request_of("slow", "shop-pr-8")));
        expect_tool(&story);
        // The child can be visible before its home.
        wait_until("helm to run in its home", PATIENCE, || {
            let (helm, files) = (story.plugin.children(), story.plugin.files());
            if !helm.is_empty() && files.len() == 1 { Ok(()) } else { Err(format!("{helm:?} {files:?}")) }
        });
        let helm = story.plugin.children();
        story.plugin.kill();
        let text = slow.join().unwrap();
        assert!(text.contains("EOF") || text.contains("connection"), "{text}");
        wait_until("helm to end with its parent", PATIENCE, || {
            let left: Vec<_> = helm.iter().filter(|pid| super::runs(**pid)).collect();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?} run")) }
        });
    });
    // The home of helm and the socket are left; the next start removes both.
    assert_eq!(story.plugin.files().len(), 1, "{:?}", story.plugin.files());
    assert!(story.plugin.socket().exists());
    story.plugin.restart();
    assert_eq!(story.plugin.files(), [""; 0]);
    expect_rendering(&story);
    expect_nothing_left(&story);
}

#[test]
fn restart_between_two_renders_causes_no_error() {
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

/// A successor takes over the socket before its predecessor has ended, as in two generations of a sidecar.
#[test]
fn successor_may_start_before_the_end() {
    let argocd = ArgoCd::own();
    let old = begin(&argocd, 1);
    let before = old.rendered(&old.request("shop-pr-7").hard());
    let new = RenderStory::begin(&argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    assert_eq!(old.rendered(&old.request("shop-pr-7").hard()), before);
    assert_eq!((old.calls("answered"), new.calls("answered")), (1.0, 1.0));
    // The old plugin reports that its socket was replaced, and does not remove the new one.
    assert_eq!(old.plugin.page("/healthz").0, 503);
    old.plugin.stop();
    assert_eq!(new.plugin.page("/healthz"), (200, "ok\n".to_owned()));
    new.rendered(&new.request("shop-pr-7"));
}

/// Number of connections to a plugin, including those not accepted yet. The kernel lists a socket under its first name.
fn connections(story: &RenderStory<'_>) -> usize {
    let made = story.plugin.socket().with_file_name(format!(".{}.new", story.plugin.name())).display().to_string();
    let all = fs::read_to_string("/proc/net/unix").unwrap();
    all.lines().filter(|line| line.ends_with(&made)).count() - 1 /* the one that listens */
}

/// A connection that is pending when the plugin is stopped.
#[test]
fn pending_connection_is_served_after_the_stop() {
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
        // Every call gets a reply.
        drop(waiting.join().unwrap());
    });
    expect_rendering(&story);
}

#[test]
fn restarts_under_load_leave_no_hanging_connection() {
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
                            // A late call gets an error, and no call hangs.
                            assert_ne!(failure.code, "DeadlineExceeded", "{failure:?}");
                        }
                    }
                    answered
                })
            })
            .collect();
        for _ in 0..5 {
            let before = story.calls("answered");
            wait_until("calls to arrive", PATIENCE, || {
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
