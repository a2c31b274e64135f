//! Approval of the commit of a pull request.
//!
//! Author, labels and commit are parameters that Argo CD reads from the forge in one call, so a label that names another
//! commit approves nothing after a push.

use crate::parameters::Parameters;
use crate::policy::ApprovalRule;
use crate::refusal::{Location, Refusal, RefusalRule};

/// Numbers of hex digits of a whole commit: SHA-1 and SHA-256.
const WHOLE: [usize; 2] = [40, 64];

/// Refusal of a commit that is not approved.
pub(super) fn refusal(parameters: &Parameters, rule: Option<&ApprovalRule>) -> Option<Refusal> {
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
        return None;
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
