//! Run of a pipeline, found in its environment variables.

use std::collections::BTreeMap;

/// URL of the run of GitHub Actions, GitLab CI or Jenkins.
pub fn pipeline_run(variables: &BTreeMap<String, String>) -> Option<String> {
    let get = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let github = || {
        let (server, repository) = (get("GITHUB_SERVER_URL")?, get("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", get("GITHUB_RUN_ID")?))
    };
    github().or_else(|| get("CI_JOB_URL").cloned()).or_else(|| get("BUILD_URL").cloned())
}

#[cfg(test)]
mod tests;
