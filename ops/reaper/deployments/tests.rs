use super::*;

fn deployment(name: &str, sha: Option<&str>, is_available: bool, failing: Option<&str>) -> DeploymentFacts {
    let (sha, failing) = (sha.map(|sha| sha.parse().unwrap()), failing.map(ToOwned::to_owned));
    DeploymentFacts { name: name.to_owned(), sha, is_available, failing }
}

#[test]
fn deployments_run_if_all_are_available_at_one_commit() {
    let (a, b) = (Some("aaaaaaa"), Some("bbbbbbb"));
    let running = |deployments: &[DeploymentFacts]| of_deployments(deployments);
    assert_eq!(running(&[]), DeploymentState::Unknown);
    assert_eq!(
        running(&[deployment("web", a, true, None), deployment("api", a, true, None)]),
        DeploymentState::Running(a.map(|sha| sha.parse().unwrap()))
    );
    assert_eq!(running(&[deployment("web", None, true, None)]), DeploymentState::Running(None));
    assert_eq!(
        running(&[deployment("web", a, true, None), deployment("api", b, true, None)]),
        DeploymentState::Unknown
    );
    assert_eq!(running(&[deployment("web", a, false, None)]), DeploymentState::Unknown);
    assert_eq!(
        running(&[deployment("web", a, true, None), deployment("api", a, false, Some("ImagePullBackOff"))]),
        DeploymentState::Failing("Deployment api: ImagePullBackOff".to_owned())
    );
}
