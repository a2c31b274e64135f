//! Identity of an environment: a pull request, a branch, or its own name.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use super::repository::{Repository, RepositoryError};
use crate::text::text_type;

/// Identity of an environment. A name belongs to the identity that claimed it first.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Identity {
    /// Repository, if set.
    pub repository: Option<Repository>,
    /// Pull request or branch in the repository.
    pub subject: Subject,
}

/// Part of a repository that has an environment.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// Pull request with this number.
    PullRequest(NonZeroU64),
    /// Branch.
    Branch(BranchName),
    /// Neither: the environment has only its own name.
    Given,
}

text_type! {
    /// Name of a branch, compared with case, as in git.
    pub struct BranchName, check = check_branch, error = IdentityError
}

/// Reasons to refuse a text as an identity or branch.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IdentityError {
    /// The branch is empty.
    #[error("branch must not be empty")]
    EmptyBranch,
    /// Over 1024 bytes.
    #[error("branch must have at most 1024 bytes, got {0}")]
    LongBranch(usize),
    /// A character that git refuses.
    #[error("branch {text:?} contains {character:?}, which git does not allow in the name of a branch")]
    BranchCharacter {
        /// Input text.
        text: String,
        /// Character that is not allowed.
        character: char,
    },
    /// Not in canonical form.
    #[error(
        "invalid identity `{0}`: expected `<repository>#<number>`, `<repository>@<branch>` or `<repository>=given`"
    )]
    Unreadable(String),
    /// The repository is invalid.
    #[error("identity `{text}` has an invalid repository")]
    Repository {
        /// Input text.
        text: String,
        /// Error in the repository.
        source: RepositoryError,
    },
}

const BRANCH_MAX: usize = 1024;
const GIVEN: &str = "=given";

impl Identity {
    /// Canonical text: `github.com/acme/shop#123`, `github.com/acme/shop@feature/x`, `=given`.
    ///
    /// The text is stored on the namespace. Two identities are equal if and only if their canonical texts are. A
    /// repository never contains `#`, `@` or `=`, so the first of these characters ends the repository.
    pub fn canonical(&self) -> String {
        let repository = self.repository.as_ref().map(Repository::canonical).unwrap_or_default();
        match &self.subject {
            Subject::PullRequest(number) => format!("{repository}#{number}"),
            Subject::Branch(branch) => format!("{repository}@{branch}"),
            Subject::Given => format!("{repository}{GIVEN}"),
        }
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    /// Parses the text of [`Identity::canonical`].
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let unreadable = || IdentityError::Unreadable(text.to_owned());
        let (repository, rest) = text.split_at(text.find(['#', '@', '=']).ok_or_else(unreadable)?);
        let repository = match repository {
            "" => None,
            written => {
                Some(written.parse().map_err(|source| IdentityError::Repository { text: text.to_owned(), source })?)
            }
        };
        let subject = if rest == GIVEN {
            Subject::Given
        } else if let Some(number) = rest.strip_prefix('#') {
            let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
            Subject::PullRequest(number.parse().ok().filter(|_| plain).ok_or_else(unreadable)?)
        } else if let Some(branch) = rest.strip_prefix('@') {
            Subject::Branch(branch.parse()?)
        } else {
            return Err(unreadable());
        };
        Ok(Self { repository, subject })
    }
}

impl fmt::Display for Identity {
    /// Readable form: `acme/shop #7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(repository) = &self.repository {
            write!(f, "{} ", repository.short())?;
        }
        match &self.subject {
            Subject::PullRequest(number) => write!(f, "#{number}"),
            Subject::Branch(branch) => write!(f, "branch `{branch}`"),
            Subject::Given => f.write_str("(given by name)"),
        }
    }
}

fn check_branch(text: &str) -> Result<(), IdentityError> {
    if text.is_empty() {
        return Err(IdentityError::EmptyBranch);
    }
    if text.len() > BRANCH_MAX {
        return Err(IdentityError::LongBranch(text.len()));
    }
    // See git-check-ref-format(1). Its other rules are about structure and not needed here.
    let refused = |c: &char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(*c);
    match text.chars().find(refused) {
        Some(character) => Err(IdentityError::BranchCharacter { text: text.to_owned(), character }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
