use eod_render::{Location, Refusal, RefusalRule};

use super::*;

#[test]
fn long_text_ends_with_the_number_of_further_refusals() {
    let refusal = |number: u32| {
        let location = Location::file(format!("{number:04}.yaml"));
        Refusal::new(location, RefusalRule::Image, "x".repeat(500), "y")
    };
    let one = text_of(&refusal(1).into());
    assert!(one.starts_with("eod-cmp refuses this render for 1 reason\n\n0001.yaml\n  rule:   image"), "{one}");
    let all = Refusals::collected((0..100).map(refusal).collect()).unwrap();
    let long = text_of(&all);
    assert!(long.len() < MAX_TEXT_BYTES + 100 && long.starts_with("eod-cmp refuses this render for 100 reasons"));
    let shown = long.matches("remedy: y").count();
    assert!(long.ends_with(&format!("and {} more; `eod-cmp render` prints all", 100 - shown)), "{long}");
}

#[test]
fn timeout_names_the_phase() {
    let status = ErrorReply::late(Phase::Queued, Duration::from_secs(60)).into_status();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    expect_test::expect![[r#"
            timed out after 60 s while waiting for other renders to finish: nothing was rendered
              remedy: give the sidecar more CPU, or raise repo-server's timeout"#]]
    .assert_eq(status.message());
}
