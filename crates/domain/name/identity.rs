//! Who an environment is for: a pull request, a branch, or whoever gave it its name.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use super::repository::{Repository, RepositoryError};
use crate::text::as_text;

/// What a name belongs to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Identity {
    /// The repository, where one is given.
    pub repository: Option<Repository>,
    /// What in the repository.
    pub subject: Subject,
}

/// The part of a repository that has an environment.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// A pull request by its number.
    PullRequest(NonZeroU64),
    /// A branch.
    Branch(BranchName),
    /// Neither: the environment's name was given and stands for itself.
    Given,
}

/// The name of a branch, compared with case, as git does.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BranchName(String);

/// Why a text is no identity or branch.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IdentityError {
    /// No branch name.
    #[error("the branch must not be empty; leave it out where there is none")]
    EmptyBranch,
    /// Over 1024 bytes.
    #[error("the branch has {0} bytes; at most 1024 are allowed")]
    LongBranch(usize),
    /// A character git refuses.
    #[error("the branch {text:?} contains {character:?}, which git allows in no branch name")]
    BranchCharacter {
        /// What was given.
        text: String,
        /// The character.
        character: char,
    },
    /// An annotation that we did not write.
    #[error("`{0}` is no identity; expected `<repository>#<number>`, `<repository>@<branch>` or `<repository>=given`")]
    Unreadable(String),
    /// The repository of an annotation.
    #[error("the identity `{text}` has a repository that cannot be read")]
    Repository {
        /// What was given.
        text: String,
        /// What is wrong with it.
        source: RepositoryError,
    },
}

const BRANCH_MAX: usize = 1024;
const GIVEN: &str = "=given";

as_text!(BranchName);

impl Identity {
    /// One text per identity: `github.com/acme/shop#123`, `github.com/acme/shop@feature/x`, `=given`.
    ///
    /// It is stored on the namespace; two identities are the same exactly when these texts are. `#`, `@` and `=` occur
    /// in no repository, so the first of them ends it.
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

    /// Reads what [`Identity::canonical`] writes.
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
    /// For people: `acme/shop #7`.
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

impl BranchName {
    /// The branch as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BranchName {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if text.is_empty() {
            return Err(IdentityError::EmptyBranch);
        }
        if text.len() > BRANCH_MAX {
            return Err(IdentityError::LongBranch(text.len()));
        }
        // See git-check-ref-format(1). The rest of its rules is about structure and does no harm here.
        let refused = |c: &char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(*c);
        match text.chars().find(refused) {
            Some(character) => Err(IdentityError::BranchCharacter { text: text.to_owned(), character }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
