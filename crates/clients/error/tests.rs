use std::time::Duration;

use super::*;

#[test]
fn display_is_context_and_the_chain_has_each_link_once() {
    let error = Error::new("Kubernetes", "apply", "namespace `shop-pr-42`", ErrorKind::Timeout)
        .because(Interruption::TimedOut(Duration::from_secs(30)));
    assert_eq!(error.to_string(), "cannot apply namespace `shop-pr-42`");
    assert_eq!(error.chain(), "cannot apply namespace `shop-pr-42`: timed out after 30 s");
}

#[test]
fn a_typed_cause_is_found_behind_other_links() {
    #[derive(Debug, thiserror::Error)]
    #[error("wrapped")]
    struct Wrapped(#[source] Interruption);

    let error = Error::new("Kubernetes", "create", "x", ErrorKind::Other).because(Wrapped(Interruption::Cancelled));
    assert_eq!(error.cause::<Interruption>(), Some(&Interruption::Cancelled));
    assert!(error.cause::<std::io::Error>().is_none());
}
