//! Templates for the names of pull requests' environments.
//!
//! A template is refused if two pull requests could have the same name. With literal text between the placeholders and no
//! digit next to the number, a name can be parsed in one way only: the number is the whole run of digits, and the owner
//! is equal for all repositories of an owner.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use super::repository::Repository;
use crate::slug;
use crate::text::serde_as_text;

/// Template such as `{repo}-pr-{number}`, with the placeholders `{owner}`, `{repo}` and `{number}`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameTemplate {
    parts: Vec<Part>,
}

/// Reasons to refuse a text as a name template.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// The placeholder for the number is missing.
    #[error(
        "name template `{0}` must contain {{number}}, else all pull requests have the same name: expected for example \
            `{{repo}}-pr-{{number}}`"
    )]
    NoNumber(String),
    /// An unsupported placeholder.
    #[error(
        "name template `{template}` has the unsupported placeholder `{{{placeholder}}}`: supported are {{owner}}, {{repo}} \
            and {{number}}"
    )]
    Unknown {
        /// Input template.
        template: String,
        /// Text between the braces.
        placeholder: String,
    },
    /// A brace without its counterpart.
    #[error("name template `{0}` has a brace that is not closed or not opened")]
    Brace(String),
    /// A placeholder given twice.
    #[error("name template `{template}` must use {placeholder} only once")]
    Twice {
        /// Input template.
        template: String,
        /// Repeated placeholder.
        placeholder: &'static str,
    },
    /// No text between two placeholders.
    #[error(
        "name template `{0}` has two adjacent placeholders, so that two pull requests could have the same name; put a `-` \
            between them"
    )]
    SideBySide(String),
    /// A digit next to the number.
    #[error(
        "name template `{0}` has a digit next to {{number}}, so that two pull requests could have the same name; put a `-` \
            between them"
    )]
    Digit(String),
    /// Text that is not valid in a DNS label.
    #[error(
        "name template `{0}` is invalid: outside of placeholders only lower-case letters, digits and single `-` are allowed, \
            and no `-` at either end"
    )]
    Text(String),
    /// Too much text.
    #[error(
        "name template `{template}` must have at most {TEXT_MAX} characters outside of placeholders, got {length}: a name \
            has at most 63"
    )]
    TooLong {
        /// Input template.
        template: String,
        /// Characters outside of placeholders.
        length: usize,
    },
}

/// Rendered name. `changed` is true if the owner or the repository was changed to fit a DNS label.
pub(super) struct Rendered {
    pub(super) text: String,
    pub(super) changed: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Text(String),
    Owner,
    Repo,
    Number,
}

/// Maximum text: 63 minus the longest number (20), a dash and a hash (11), and a part of owner and repository.
const TEXT_MAX: usize = 20;

serde_as_text!(NameTemplate);

impl NameTemplate {
    /// `pr-{number}`: the default without a repository.
    pub fn number() -> Self {
        Self { parts: vec![Part::Text("pr-".to_owned()), Part::Number] }
    }

    /// `{repo}-pr-{number}`: the default with a repository.
    pub fn repo_and_number() -> Self {
        Self { parts: vec![Part::Repo, Part::Text("-pr-".to_owned()), Part::Number] }
    }

    /// Name at full length, or none if the template requires a repository and there is none.
    pub(super) fn render(&self, repository: Option<&Repository>, number: NonZeroU64) -> Option<Rendered> {
        let mut changed = false;
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Number => text.push_str(&number.to_string()),
                Part::Owner | Part::Repo => {
                    let slug = slug::slug(part.raw(repository)?);
                    changed |= slug.changed;
                    text.push_str(&slug.text);
                }
            }
        }
        Some(Rendered { text, changed })
    }

    /// Name in at most `most` characters. The repository is cut first, to at least half of the length shared with the
    /// owner, then the owner.
    pub(super) fn render_within(
        &self,
        repository: Option<&Repository>,
        number: NonZeroU64,
        most: usize,
    ) -> Option<String> {
        let length = |part: &Part| -> Option<usize> {
            if self.parts.contains(part) { Some(slug::slug(part.raw(repository)?).text.len()) } else { Some(0) }
        };
        let (owner, repo) = (length(&Part::Owner)?, length(&Part::Repo)?);
        let room = most.saturating_sub(self.text_length() + number.to_string().len());
        let repo_room = room.saturating_sub(owner).max(room / 2).min(repo);
        let owner_room = room.saturating_sub(repo_room);
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Number => text.push_str(&number.to_string()),
                Part::Owner => text.push_str(slug::cut(&slug::slug(part.raw(repository)?).text, owner_room)),
                Part::Repo => text.push_str(slug::cut(&slug::slug(part.raw(repository)?).text, repo_room)),
            }
        }
        Some(text)
    }

    fn text_length(&self) -> usize {
        let length = |part: &Part| if let Part::Text(text) = part { text.len() } else { 0 };
        self.parts.iter().map(length).sum()
    }
}

impl Part {
    /// Text of the repository for this part; none for text and number.
    fn raw<'a>(&self, repository: Option<&'a Repository>) -> Option<&'a str> {
        match self {
            Self::Owner => repository.map(Repository::owner),
            Self::Repo => repository.map(Repository::repo),
            Self::Text(_) | Self::Number => None,
        }
    }

    fn placeholder(&self) -> &'static str {
        match self {
            Self::Text(_) => "",
            Self::Owner => "{owner}",
            Self::Repo => "{repo}",
            Self::Number => "{number}",
        }
    }
}

impl FromStr for NameTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let parts = split(text)?;
        for part in &parts {
            let twice = !matches!(part, Part::Text(_)) && parts.iter().filter(|other| *other == part).count() > 1;
            if twice {
                return Err(TemplateError::Twice { template: text.to_owned(), placeholder: part.placeholder() });
            }
        }
        if !parts.contains(&Part::Number) {
            return Err(TemplateError::NoNumber(text.to_owned()));
        }
        check_neighbours(text, &parts)?;
        let template = Self { parts };
        let length = template.text_length();
        if length > TEXT_MAX {
            return Err(TemplateError::TooLong { template: text.to_owned(), length });
        }
        Ok(template)
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            placeholder => f.write_str(placeholder.placeholder()),
        })
    }
}

fn split(template: &str) -> Result<Vec<Part>, TemplateError> {
    let brace = || TemplateError::Brace(template.to_owned());
    let mut parts = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let open = rest.find('{').unwrap_or(rest.len());
        let (text, after) = rest.split_at(open);
        if text.contains('}') {
            return Err(brace());
        }
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        let Some(after) = after.strip_prefix('{') else { break };
        let (placeholder, after) = after.split_once('}').ok_or_else(brace)?;
        parts.push(match placeholder {
            "owner" => Part::Owner,
            "repo" => Part::Repo,
            "number" => Part::Number,
            other => {
                return Err(TemplateError::Unknown { template: template.to_owned(), placeholder: other.to_owned() });
            }
        });
        rest = after;
    }
    Ok(parts)
}

fn check_neighbours(template: &str, parts: &[Part]) -> Result<(), TemplateError> {
    let whole: String = parts.iter().map(|part| if let Part::Text(text) = part { text } else { "x" }).collect();
    let legal = whole.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !legal || whole.contains("--") || whole.starts_with('-') || whole.ends_with('-') {
        return Err(TemplateError::Text(template.to_owned()));
    }
    for pair in parts.windows(2) {
        match pair {
            [Part::Text(text), Part::Number] if text.ends_with(|c: char| c.is_ascii_digit()) => {
                return Err(TemplateError::Digit(template.to_owned()));
            }
            [Part::Number, Part::Text(text)] if text.starts_with(|c: char| c.is_ascii_digit()) => {
                return Err(TemplateError::Digit(template.to_owned()));
            }
            [Part::Text(_), _] | [_, Part::Text(_)] => {}
            _ => return Err(TemplateError::SideBySide(template.to_owned())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
