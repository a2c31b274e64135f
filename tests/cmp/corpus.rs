//! Generated sources in the shapes of real repositories, rendered with an ordinary policy. `make bench` has more of them.

use std::path::Path;

use eod_testkit::corpus::{Source, survey};

/// Minimum share of the sources that Helm, kustomize or kubectl can build, in percent.
const LEAST: f64 = 85.0;

#[test]
fn most_sources_render_and_none_gets_more_than_it_requests() {
    let survey = survey(Path::new(super::BINARY), 0..60);
    assert!(survey.widened.is_empty(), "{}", survey.widened.join("\n"));
    assert!(survey.lost.is_empty(), "{}", survey.lost.join("\n"));
    let refused: Vec<_> = survey.refused.iter().map(|(number, text)| format!("source {number}: {text}")).collect();
    let (built, before, after) = survey.totals();
    assert!(survey.share() >= LEAST, "{survey}\n{}", refused.join("\n\n"));
    // Requests that are refused without narrowing are part of nearly every source.
    assert!(built >= 50 && before * 4 < after, "{survey}");
}

#[test]
fn sources_are_equal_in_every_run() {
    for number in 0..10 {
        assert_eq!(Source::of(number).files, Source::of(number).files, "{number}");
    }
    assert_ne!(Source::of(1).files, Source::of(3).files);
}
