use std::collections::BTreeSet;

use super::*;

fn pull_request(state: MergeState, is_fork: bool) -> PullRequest {
    PullRequest {
        number: 7,
        state,
        author: "alice".to_owned(),
        labels: BTreeSet::new(),
        branch: "feature".to_owned(),
        head_sha: "1111111111111111111111111111111111111111".to_owned(),
        is_fork,
        is_draft: false,
        url: String::new(),
        repository: None,
    }
}

#[test]
fn fork_needs_its_newest_commit_and_a_closed_pull_request_stays_ended() {
    let check = |state, is_fork, sha: Option<&str>| {
        let sha: Option<HeadSha> = sha.map(|sha| sha.parse().unwrap());
        check_pull_request(&"shop-pr-7".parse().unwrap(), &pull_request(state, is_fork), sha.as_ref())
    };
    assert!(check(MergeState::Open, false, None).is_ok());
    assert!(check(MergeState::Open, true, None).unwrap_err().text().contains("--sha 1111111"));
    assert!(check(MergeState::Open, true, Some("1111111")).is_ok());
    assert!(check(MergeState::Open, true, Some("2222222")).is_err());
    assert!(check(MergeState::Closed, false, None).is_err());
    assert!(check(MergeState::Merged, true, Some("1111111")).is_err());
}
