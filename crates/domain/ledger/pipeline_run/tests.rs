use super::*;

#[test]
fn run_is_the_url_of_the_pipeline() {
    let run = |pairs: &[(&str, &str)]| {
        pipeline_run(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    let github =
        [("GITHUB_SERVER_URL", "https://github.com"), ("GITHUB_REPOSITORY", "acme/shop"), ("GITHUB_RUN_ID", "42")];
    assert_eq!(run(&github).unwrap(), "https://github.com/acme/shop/actions/runs/42");
    assert_eq!(run(&[("CI_JOB_URL", "https://git.acme.internal/jobs/1")]).unwrap(), "https://git.acme.internal/jobs/1");
    assert_eq!(run(&[("BUILD_URL", "")]), None);
}
