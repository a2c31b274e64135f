//! The name of an environment, and how an identity gets one.
//!
//! # Guarantees
//!
//! - Every name is a DNS label of at most 63 characters and none that belongs to the cluster.
//! - The same identity always gets the same name from the same template.
//! - No two identities of one owner share a name, as long as the template contains `{repo}` (the default does).
//!   Two owners may: then the name belongs to whoever took it first, see [`crate::check_claim`].
//!
//! The argument: a name without a hash never ends in something that looks like a hash, and a template's rendering can
//! be read back in one way only (see [`NameTemplate`]). A name with a hash ends in the hash of its own identity.

#[cfg(test)]
mod distinct;
mod identity;
mod repository;
mod reserved;
mod template;

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

pub use self::identity::{BranchName, Identity, IdentityError, Subject};
pub use self::repository::{Repository, RepositoryError};
pub use self::template::{NameTemplate, TemplateError};
use crate::dns::{self, DnsError, LABEL_MAX};
use crate::text::as_text;
use crate::{hash, slug};

/// The name of an environment and of its namespace.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EnvironmentName(String);

/// Why there is no such name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// Not a DNS label.
    #[error("the environment name {0}")]
    Label(#[from] DnsError),
    /// A name that the cluster or its operators use.
    #[error("the environment name `{name}` is reserved: {reason}; choose another name")]
    Reserved {
        /// What was given, or what the template made.
        name: String,
        /// Who uses the name.
        reason: &'static str,
    },
    /// Neither a pull request nor a branch.
    #[error("there is nothing to make a name from; set `name`, `pull_request` or `branch`")]
    NothingToNameItBy,
    /// A template that asks for more than the identity has.
    #[error("the name template `{template}` uses the repository, and none is given; set `repository` or `name`")]
    NoRepository {
        /// The template.
        template: String,
    },
}

as_text!(EnvironmentName);

impl EnvironmentName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvironmentName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        dns::check_label(text)?;
        match reserved::reason(text) {
            Some(reason) => Err(NameError::Reserved { name: text.to_owned(), reason }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name an identity gets.
///
/// Without a template a pull request is `pr-{number}`, or `{repo}-pr-{number}` where the repository is known. A branch
/// is always `{repo}-{branch}-<hash>`, whatever the template.
///
/// # Errors
///
/// When the identity has neither pull request nor branch, lacks a repository the template needs, or the outcome is
/// reserved.
pub fn environment_name(identity: &Identity, template: Option<&NameTemplate>) -> Result<EnvironmentName, NameError> {
    let name = match &identity.subject {
        Subject::Given => return Err(NameError::NothingToNameItBy),
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
            // Half of the room belongs to the repository, and what a short branch leaves.
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
    // A repository's own name may end in what looks like our hash; only a hash of our own tells the two apart.
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
