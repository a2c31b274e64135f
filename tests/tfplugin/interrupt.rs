//! Interrupt (SIGINT) during a create.

use std::fs;

use eod_testkit::{cluster::PATIENCE, process::Signal, wait::wait_until};

use super::{run_story, thing};

#[test]
fn an_interrupted_create_is_tainted_and_the_provider_ends() {
    run_story("interrupt", &thing("  misbehave = \"endless\""), |story| {
        let running = story.spawn(&["apply", "-no-color", "-auto-approve"]);
        let file = story.file();
        wait_until("the create to begin", PATIENCE, || {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if text.contains("create a") { Ok(()) } else { Err(format!("`{text}`")) }
        });
        let providers = running.providers();
        assert!(!providers.is_empty());
        running.signal(Signal::SIGINT);
        let run = running.wait().expect_err("Thing `a` was not finished.");
        assert!(run.code.is_some(), "it ended by itself\n{run}");
        assert!(story.is_tainted(), "{}", story.raw_state_text());
        assert_eq!(story.a()["id"], "thing-a");
        wait_until("the provider to be gone", PATIENCE, || {
            let left: Vec<_> =
                providers.iter().filter(|pid| fs::exists(format!("/proc/{pid}")).unwrap_or(false)).collect();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
        });
        story.apply_now(&thing(""));
        assert_eq!(story.events(), ["create a", "delete a", "create a"]);
        story.expect_no_changes();
    });
}
