use std::collections::BTreeSet;

use super::*;

#[test]
fn closed_pull_request_of_a_repository_that_was_moved_counts_as_unknown() {
    let check = |state, path: Option<&str>| {
        let found = PullRequest {
            number: 7,
            state,
            author: String::new(),
            labels: BTreeSet::new(),
            branch: String::new(),
            head_sha: String::new(),
            is_fork: false,
            is_draft: false,
            url: String::new(),
            repository: path.map(ToOwned::to_owned),
        };
        check_repository(&found, &"acme/shop".parse().unwrap()).is_ok()
    };
    for closed in [MergeState::Closed, MergeState::Merged] {
        assert!(check(closed, Some("Acme/Shop")) && check(closed, None));
        assert!(!check(closed, Some("acme/other")));
    }
    assert!(check(MergeState::Open, Some("acme/other")));
}
