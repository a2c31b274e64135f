//! Names of environments.
//!
//! # Guarantees
//!
//! - Every name is a DNS label of at most 63 characters and not reserved for the cluster.
//! - The same identity always has the same name with the same template.
//! - Two identities of one owner never share a name if the template contains `{repo}` (the default does). Two owners
//!   can share one: then the name belongs to the first claim, see [`crate::check_claim`].
//!
//! Reason: a name without a hash never ends in the form of a hash, and a name made by a template can be parsed in one way
//! only (see [`NameTemplate`]). A name with a hash ends in the hash of its own identity.

mod identity;
mod repository;
mod reserved;
mod template;

use std::num::NonZeroU64;

pub use self::identity::{BranchName, Identity, IdentityError, Subject};
pub use self::repository::{Repository, RepositoryError};
pub use self::template::{NameTemplate, TemplateError};
use crate::dns::{self, DnsError, LABEL_MAX};
use crate::text::text_type;
use crate::{hash, slug};

text_type! {
    /// Name of an environment and of its namespace: a DNS label that is not reserved.
    pub struct EnvironmentName, check = check_environment_name, error = NameError
}

/// Reasons to refuse a name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// Not a DNS label.
    #[error("environment name {0}")]
    Label(#[from] DnsError),
    /// A name that the cluster or its operators use.
    #[error("environment name `{name}` is reserved: {reason}; use another name")]
    Reserved {
        /// Input name, or name from the template.
        name: String,
        /// Reason for the reservation.
        reason: &'static str,
    },
    /// Neither a name nor a pull request nor a branch.
    #[error("environment name is missing: expected a name, a pull request or a branch")]
    Missing,
    /// The template needs a repository.
    #[error("name template `{template}` requires a repository, and none is set")]
    NoRepository {
        /// Template in use.
        template: String,
    },
}

fn check_environment_name(text: &str) -> Result<(), NameError> {
    dns::check_label(text)?;
    match reserved::reason(text) {
        Some(reason) => Err(NameError::Reserved { name: text.to_owned(), reason }),
        None => Ok(()),
    }
}

/// Makes the name of an identity.
///
/// The default template is `pr-{number}` without and `{repo}-pr-{number}` with a repository. The name of a branch is
/// always `{repo}-{branch}-<hash>`, independent of the template.
///
/// # Errors
///
/// The identity has neither a pull request nor a branch, has no repository for a template that requires one, or the name
/// is reserved.
pub fn environment_name(identity: &Identity, template: Option<&NameTemplate>) -> Result<EnvironmentName, NameError> {
    let name = match &identity.subject {
        Subject::Given => return Err(NameError::Missing),
        Subject::Branch(branch) => branch_name(identity, branch),
        Subject::PullRequest(number) => pull_request_name(identity, *number, template)?,
    };
    name.parse()
}

fn branch_name(identity: &Identity, branch: &BranchName) -> String {
    const TEXT: usize = LABEL_MAX - 1 /* dash */ - hash::LENGTH;
    let branch = slug::slug(branch.as_str()).text;
    let text = match &identity.repository {
        None => slug::cut(&branch, TEXT).to_owned(),
        Some(repository) => {
            // The repository may use half of the length, and the part that a short branch does not use.
            let repo = slug::slug(repository.repo()).text;
            let room = TEXT.saturating_sub(1 /* dash */ + branch.len()).max(TEXT / 2);
            let repo = slug::cut(&repo, room);
            format!("{repo}-{}", slug::cut(&branch, TEXT - 1 - repo.len()))
        }
    };
    format!("{text}-{}", hash::short(&identity.canonical()))
}

fn pull_request_name(
    identity: &Identity,
    number: NonZeroU64,
    template: Option<&NameTemplate>,
) -> Result<String, NameError> {
    let default = if identity.repository.is_some() { NameTemplate::repo_and_number() } else { NameTemplate::number() };
    let template = template.unwrap_or(&default);
    let rendered = template
        .render(identity.repository.as_ref(), number)
        .ok_or_else(|| NameError::NoRepository { template: template.to_string() })?;
    let last = rendered.text.rsplit('-').next().unwrap_or_default();
    // The name of a repository may end in the form of our hash. Then only a hash of our own distinguishes the two.
    if !rendered.changed && rendered.text.len() <= LABEL_MAX && !hash::looks_like(last) {
        return Ok(rendered.text);
    }
    let short = template
        .render_within(identity.repository.as_ref(), number, LABEL_MAX - 1 /* dash */ - hash::LENGTH)
        .ok_or_else(|| NameError::NoRepository { template: template.to_string() })?;
    Ok(format!("{short}-{}", hash::short(&identity.canonical())))
}

#[cfg(test)]
mod tests;
