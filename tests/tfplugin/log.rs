//! Log of the provider, as Terraform writes it.

use super::{run_story, thing};

#[test]
fn a_successful_run_logs_no_warning_about_the_provider() {
    run_story("log", &thing("  title = \"x\"\n  place = { port = 1 }"), |story| {
        for run in [story.plan(), story.apply(), story.plan(), story.destroy()] {
            let run = run.expect_ok();
            let loud: Vec<_> = run
                .log
                .lines()
                .filter(|line| line.contains("[WARN]") || line.contains("[ERROR]"))
                .filter(|line| {
                    ["provider", "plugin", "test_thing"].iter().any(|word| line.to_lowercase().contains(word))
                })
                .collect();
            assert!(loud.is_empty(), "{}\n{run}", loud.join("\n"));
        }
    });
}

#[test]
fn a_log_line_of_the_provider_has_its_level_and_its_rpc() {
    run_story("log-line", &thing(""), |story| {
        let run = story.apply().expect_ok();
        let line =
            run.log.lines().find(|line| line.contains("call received") && line.contains("apply_resource_change"));
        let line = line.unwrap_or_else(|| panic!("the provider's own lines are not in the log\n{run}"));
        assert!(line.contains("[TRACE]") && line.contains("test_thing"), "{line}");
    });
}

#[test]
fn a_panic_is_reported_with_its_source_location() {
    run_story("log-panic", &thing("  misbehave = \"panic_in_create\""), |story| {
        let mut run = story.apply().expect_err("as asked, in create");
        // Terraform also prints panics from the provider's log to its output, OpenTofu does not.
        if !run.said().contains("OpenTofu") {
            run = run.expect_said("panic: as asked, in create").expect_said("thing.rs:");
        }
        for text in ["panic: as asked, in create", "thing.rs:"] {
            assert!(run.log.contains(text), "no `{text}` in the log\n{run}");
        }
    });
}
