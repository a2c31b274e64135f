use super::*;

#[derive(Debug, thiserror::Error)]
#[error("cannot create namespace `shop`")]
struct Outer(#[source] std::fmt::Error);

#[test]
fn every_link_of_a_chain_is_printed_once() {
    let diag = Diag::error("No").cause(&Outer(std::fmt::Error)).hint("try again");
    assert_eq!(
        diag.body(),
        "Cannot create namespace `shop`\ncaused by: an error occurred when formatting an argument\n\nHint: try again."
    );
}

#[test]
fn errors_come_first_and_by_attribute() {
    let diags: Diags =
        [Diag::warning("w").at("a"), Diag::error("b").at("b"), Diag::error("a").at("a"), Diag::error("a").at("a")]
            .into_iter()
            .collect();
    let summaries: Vec<_> = diags.sorted().into_iter().map(|diag| diag.summary).collect();
    assert_eq!(summaries, ["a", "b", "w"]);
}
