//! A wrong clock of the machine that runs Terraform: all times are the API server's, and a warning names the difference.

use eod_testkit::fault::{Fault, FaultProxy};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimePrinter};

use crate::provider::{done, lies_after, run_story};

const WARNING: &str = "The clock of this machine is wrong";

/// Time of an API server with a clock that is minutes ahead of this machine's.
#[allow(clippy::disallowed_methods, reason = "the time of a story is the machine's")]
fn server_time(minutes: i64) -> Timestamp {
    Timestamp::from_second((Timestamp::now() + SignedDuration::from_mins(minutes)).as_second()).unwrap()
}

/// Lets every answer of the API server have this time.
fn set_server_time(proxy: &FaultProxy, time: Timestamp) {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap();
    proxy.clear_rules();
    proxy.rule(|_| true, usize::MAX, Fault::Date(date));
}

#[test]
fn wrong_clock_is_reported_once_and_changes_no_time() {
    run_story("skewed", "head_sha = \"aaaaaaa1\"", |story| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        let second = story.block("second", "").replace("pull_request = 7", "pull_request = 8");
        let both = story.block("preview", "head_sha = \"aaaaaaa1\"") + &second;
        story.body(&both);
        let created = server_time(10);
        set_server_time(&proxy, created);
        let run = story.apply().expect_ok().expect_said(&done(2, 0, 0)).expect_said("behind the API server");
        assert_eq!(run.said().matches(WARNING).count(), 1, "{run}");
        for label in ["preview", "second"] {
            let state = story.attributes_of(label).unwrap();
            assert_eq!(state["last_activity_at"], created.to_string(), "{state}");
            assert!(lies_after(&state["last_activity_at"], "4h", &state["expires_at"]), "{state}");
        }

        // A push is another process, which warns again.
        let pushed = server_time(20);
        set_server_time(&proxy, pushed);
        let both = story.block("preview", "head_sha = \"aaaaaaa2\"") + &second;
        story.body(&both);
        story.apply().expect_ok().expect_said(WARNING);
        assert_eq!(story.attribute("last_activity_at"), pushed.to_string());

        // Two minutes are allowed.
        set_server_time(&proxy, server_time(1));
        let both = story.block("preview", "head_sha = \"aaaaaaa3\"") + &second;
        story.body(&both);
        let run = story.apply().expect_ok().expect_said(&done(0, 1, 0));
        assert!(!run.said().contains(WARNING), "{run}");
    });
}
