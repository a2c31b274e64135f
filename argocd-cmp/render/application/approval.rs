//! Approval of the commit of a pull request.
//!
//! Author, labels and commit are parameters that Argo CD reads from the forge in one call, so a label that names another
//! commit approves nothing after a push. The commit has to be the one that Argo CD renders: with a branch as
//! `targetRevision` it could be a later one.

use eod_domain::Repository;

use super::Application;
use crate::parameters::Parameters;
use crate::policy::ApprovalRule;
use crate::refusal::{Location, Refusal, RefusalRule};

/// Numbers of hex digits of a whole commit: SHA-1 and SHA-256.
const WHOLE: [usize; 2] = [40, 64];

const REVISION_REMEDY: &str = "set `targetRevision` of the Application to the commit of the pull request, in an ApplicationSet \
                               `{{ .head_sha }}`; if its source is in another repository than the pull request, set the \
                               parameter `repository`";

/// Refusal of a commit that is not approved.
pub(super) fn refusal(
    application: &Application,
    parameters: &Parameters,
    rule: Option<&ApprovalRule>,
) -> Option<Refusal> {
    let rule = rule?;
    let owner = parameters.owner.as_ref().map(eod_domain::Owner::as_str);
    if owner.is_some_and(|owner| rule.trusts(owner)) {
        return None;
    }
    let refuse = |parameter: &str, message: String, remedy: String| {
        Some(Refusal::new(Location::parameter(parameter), RefusalRule::Approval, message, remedy))
    };
    let remedy =
        || "set `head-sha` to the commit of the pull request, in an ApplicationSet `{{ .head_sha }}`".to_owned();
    let Some(commit) = parameters.head_sha.as_ref().map(|given| given.value.as_str()) else {
        let message = "the parameter is missing, and the policy requires an approval of each commit".to_owned();
        return refuse("head-sha", message, remedy());
    };
    if !WHOLE.contains(&commit.len()) {
        let message = format!("expected all 40 or 64 digits of the commit that needs an approval, got `{commit}`");
        return refuse("head-sha", message, remedy());
    }
    let approved: Vec<&str> =
        parameters.labels.iter().filter_map(|label| label.strip_prefix(&rule.label_prefix)).collect();
    if approved.iter().any(|approved| approved.eq_ignore_ascii_case(commit)) {
        let revision = other_revision(application, parameters, commit)?;
        let message = format!("commit {commit} is approved, but Argo CD renders {revision}");
        return refuse("head-sha", message, REVISION_REMEDY.to_owned());
    }
    let label = format!("{}{commit}", rule.label_prefix);
    let author = owner.map_or("the author is not set".to_owned(), |owner| {
        format!("the author `{owner}` is not in `trusted_authors` of the policy")
    });
    let message =
        format!("commit {commit} is not approved: {author}, and {}", missing_label(&approved, commit, rule, &label));
    let remedy = format!(
        "a maintainer has to review this commit and set the label `{label}`, or submit an approving review if the \
         workflow `approve.yaml` is installed; until then the version that ran before keeps running"
    );
    refuse("labels", message, remedy)
}

/// Commit that Argo CD renders, if it has to be the approved one and is not. A source in another repository than the pull
/// request's has commits of its own.
fn other_revision<'a>(application: &'a Application, parameters: &Parameters, commit: &str) -> Option<&'a str> {
    let revision = application.revision.as_deref()?;
    let repository = parameters.repository.as_ref().filter(|_| !application.repository.is_empty());
    let is_elsewhere = repository.is_some_and(|repository| !is_of_repository(&application.repository, repository));
    (!is_elsewhere && !revision.eq_ignore_ascii_case(commit)).then_some(revision)
}

/// True if a URL ends with owner and name of a repository. The host is not compared, because it can have several names.
fn is_of_repository(url: &str, repository: &Repository) -> bool {
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    let url = url.strip_suffix(".git").unwrap_or(&url);
    let canonical = repository.canonical();
    let path = canonical.split_once('/').map_or(canonical.as_str(), |(_, path)| path);
    url.strip_suffix(path).is_some_and(|before| before.ends_with(['/', ':']))
}

/// Reason why no label approves the commit.
fn missing_label(approved: &[&str], commit: &str, rule: &ApprovalRule, label: &str) -> String {
    let is_short = |approved: &&&str| !approved.is_empty() && commit.starts_with(&approved.to_ascii_lowercase());
    let prefix = &rule.label_prefix;
    match (approved.iter().find(is_short), approved.first()) {
        (Some(short), _) => format!("the label `{prefix}{short}` does not have all {} digits", commit.len()),
        (None, Some(other)) => format!("the label `{prefix}{other}` approves another commit"),
        (None, None) => format!("the pull request has no label `{label}`"),
    }
}

#[cfg(test)]
mod tests;
