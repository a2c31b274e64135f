use eod_render::{Location, Refusal, RefusalRule};

use super::*;

#[test]
fn a_long_text_ends_with_a_number() {
    let refusal = |number: u32| {
        let location = Location::file(format!("{number:04}.yaml"));
        Refusal::new(location, RefusalRule::Image, "x".repeat(500), "y")
    };
    let one = text(&refusal(1).into());
    assert!(one.starts_with("eod-cmp refuses this for 1 reason\n\n0001.yaml\n  rule:   image"), "{one}");
    let all = Refusals::collected((0..100).map(refusal).collect()).unwrap();
    let long = text(&all);
    assert!(long.len() < LONGEST + 100 && long.starts_with("eod-cmp refuses this for 100 reasons"));
    let shown = long.matches("remedy: y").count();
    assert!(long.ends_with(&format!("and {} more; `eod-cmp render` shows all", 100 - shown)), "{long}");
}

#[test]
fn a_late_answer_says_what_it_was_doing() {
    let status = Answer::late(Phase::Queued, Duration::from_secs(60)).status();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    expect_test::expect![[r#"
            nothing was rendered: Argo CD waits 60 s for manifests, and the time was over while waiting for other renders to finish
              remedy: give the sidecar more CPU, or raise repo-server's timeout"#]]
        .assert_eq(status.message());
}
