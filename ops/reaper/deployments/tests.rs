use super::*;
use crate::ports::ObjectVersion;

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

fn application(sources: &[(&str, &str)], health: ApplicationHealth) -> ApplicationFacts {
    let source = |(url, sha): &(&str, &str)| SyncedSource { url: (*url).to_owned(), sha: sha.parse().ok() };
    ApplicationFacts {
        namespace: "argocd".to_owned(),
        name: "shop-pr-7".to_owned(),
        version: ObjectVersion { uid: "u".to_owned(), resource_version: "1".to_owned() },
        sources: sources.iter().map(source).collect(),
        is_synced: true,
        health,
        deleting_since: None,
        awaits_confirmation: false,
        is_never_deleted: false,
        other_cluster: None,
    }
}

#[test]
fn only_a_commit_of_the_own_repository_runs() {
    let (a, b) = ("aaaaaaa", "bbbbbbb");
    let healthy = |sources: &[(&str, &str)]| application(sources, ApplicationHealth::Healthy);
    let shop: Repository = "acme/shop".parse().unwrap();
    let state = |applications: &[ApplicationFacts]| of_applications(applications, Some(&shop));
    let running = |sha: &str| DeploymentState::Running(sha.parse().ok());
    assert_eq!(state(&[healthy(&[("https://github.com/acme/shop.git", a)])]), running(a));
    assert_eq!(state(&[healthy(&[("git@GitHub.com:Acme/Shop.git", a)])]), running(a));
    let catalog = ("https://github.com/acme/catalog.git", b);
    assert_eq!(state(&[healthy(&[catalog])]), running(""), "a commit of a catalog is not the environment's");
    let chart = ("https://charts.acme.internal", "1.2.3");
    let many = [chart, catalog, ("ssh://git@github.com/acme/shop", a)];
    assert_eq!(state(&[healthy(&many)]), running(a), "an Application with many sources");
    assert_eq!(state(&[healthy(&[catalog]), healthy(&[("https://github.com/acme/shop", a)])]), running(a));
    let both = [("https://github.com/acme/shop", a), ("https://github.com/acme/shop", b)];
    assert_eq!(state(&[healthy(&both)]), DeploymentState::Unknown, "two commits are an unfinished deployment");
    assert_eq!(of_applications(&[healthy(&[("https://github.com/acme/shop", a)])], None), running(""));
    let degraded = application(&[catalog], ApplicationHealth::Degraded("no image".to_owned()));
    assert_eq!(state(&[degraded]), DeploymentState::Failing("Application shop-pr-7: no image".to_owned()));
    let progressing = application(&[("https://github.com/acme/shop", a)], ApplicationHealth::Progressing);
    assert_eq!(state(&[progressing]), DeploymentState::Unknown);
}
