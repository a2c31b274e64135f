use std::time::Duration;

use super::*;

#[test]
fn display_is_context_and_the_chain_shows_each_link_once() {
    let error = Error::new("Kubernetes", "apply", "namespace `shop-pr-42`", ErrorKind::Timeout)
        .because(Stop::Deadline(Duration::from_secs(30)));
    assert_eq!(error.to_string(), "cannot apply namespace `shop-pr-42`");
    assert_eq!(error.chain(), "cannot apply namespace `shop-pr-42`: the 30 s allowed for this operation are over");
    assert!(error.advice().is_some_and(|advice| advice.contains("timeouts")));
}

#[test]
fn a_rejection_is_found_behind_other_links() {
    #[derive(Debug, thiserror::Error)]
    #[error("wrapped")]
    struct Wrapped(#[source] Rejection);

    let rejection = Rejection {
        code: 403,
        reason: "Forbidden".into(),
        message: "no".into(),
        causes: vec![StatusCause {
            reason: "NamespaceTerminating".into(),
            message: "being terminated".into(),
            field: "metadata.namespace".into(),
        }],
        ..Rejection::default()
    };
    let error = Error::new("Kubernetes", "create", "x", ErrorKind::Denied).because(Wrapped(rejection));
    assert!(error.is_namespace_terminating());
    assert_eq!(error.rejection().map(|rejection| rejection.code), Some(403));
    assert!(error.conflicts().is_empty());
}
