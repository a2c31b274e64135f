use std::collections::BTreeSet;

use super::*;

#[test]
fn closed_pull_request_of_a_repository_that_was_moved_counts_as_unknown() {
    let check = |merge_state, path: Option<&str>| {
        let found = PullRequest {
            number: 7,
            state: merge_state,
            author: String::new(),
            labels: BTreeSet::new(),
            branch: String::new(),
            head_sha: String::new(),
            is_fork: false,
            is_draft: false,
            url: String::new(),
            repository: path.map(ToOwned::to_owned),
        };
        let repository = "acme/shop".parse().unwrap();
        state(&found, &repository, Some(&"preview".to_owned())).ok()
    };
    for closed in [MergeState::Closed, MergeState::Merged] {
        assert_eq!(check(closed, Some("Acme/Shop")), Some(PullRequestState::Closed));
        assert_eq!(check(closed, None), Some(PullRequestState::Closed));
        assert_eq!(check(closed, Some("acme/other")), None);
    }
    let unlabelled = Some(PullRequestState::Open { labelled: Some(false) });
    assert_eq!(check(MergeState::Open, Some("acme/other")), unlabelled);
}
