//! [`Diag`]: an error or a warning for the user.

use std::error::Error;
use std::fmt::Write as _;

use crate::path::Path;

/// Severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Terraform stops.
    Error,
    /// Terraform continues and shows the warning.
    Warning,
}

/// One message: problem (`summary`), cause (`detail`), next step (`hint`) and attribute (`path`).
///
/// Terraform prints the line of the configuration that sets the attribute at `path`. Set `path` whenever one attribute
/// is the cause. No part may contain a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diag {
    /// Error or warning.
    pub severity: Severity,
    /// Title of at most about 60 characters, without a final dot.
    pub summary: String,
    /// Expected value and actual value, in sentences.
    pub detail: String,
    /// Next step of the user. It is shown as the last paragraph.
    pub hint: Option<String>,
    /// Attribute that caused the problem.
    pub path: Option<Path>,
}

impl Diag {
    /// Creates an error with this title.
    pub fn error(summary: impl Into<String>) -> Self {
        Self { severity: Severity::Error, summary: summary.into(), detail: String::new(), hint: None, path: None }
    }

    /// Creates a warning with this title. The user must be able to act on it.
    pub fn warning(summary: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary) }
    }

    /// Creates an error for a bug in the provider itself. It looks different from a mistake of the user.
    pub fn bug(what: impl std::fmt::Display) -> Self {
        Self::error("Bug in the provider")
            .detail(format!("{}.", capitalised(&what.to_string())))
            .hint("this is a mistake in the provider, not in the configuration; please report it with this text")
    }

    /// Sets the detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds the chain of causes of `error`, one line each, below the detail.
    #[must_use]
    pub fn cause(mut self, error: &dyn Error) -> Self {
        let mut text = capitalised(&error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            let _ = write!(text, "\ncaused by: {error}");
            source = error.source();
        }
        if !self.detail.is_empty() {
            self.detail.push('\n');
        }
        self.detail.push_str(&text);
        self
    }

    /// Sets the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the attribute that caused the problem.
    #[must_use]
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Text below the summary, with the hint.
    pub fn body(&self) -> String {
        match &self.hint {
            Some(hint) if self.detail.is_empty() => format!("Hint: {hint}."),
            Some(hint) => format!("{}\n\nHint: {hint}.", self.detail),
            None => self.detail.clone(),
        }
    }
}

/// Diagnostics in the order of display. Functions return them and do not take them as an out-parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diags(Vec<Diag>);

impl Diags {
    /// Creates an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one message.
    pub fn push(&mut self, diag: Diag) {
        self.0.push(diag);
    }

    /// True if at least one diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diag| diag.severity == Severity::Error)
    }

    /// True if there are no diagnostics.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages.
    pub fn iter(&self) -> std::slice::Iter<'_, Diag> {
        self.0.iter()
    }

    /// Sorts by severity, errors first, and then by attribute, so that the same mistakes always have the same order.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| (a.severity, &a.path).cmp(&(b.severity, &b.path)));
        self.0.dedup();
        self
    }

    /// `Ok(value)` if there are no errors.
    ///
    /// # Errors
    /// All diagnostics, if one of them is an error.
    pub fn into_result<T>(self, value: T) -> Result<T, Diags> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }
}

impl From<Diag> for Diags {
    fn from(diag: Diag) -> Self {
        Self(vec![diag])
    }
}

impl FromIterator<Diag> for Diags {
    fn from_iter<I: IntoIterator<Item = Diag>>(diags: I) -> Self {
        Self(diags.into_iter().collect())
    }
}

impl Extend<Diag> for Diags {
    fn extend<I: IntoIterator<Item = Diag>>(&mut self, diags: I) {
        self.0.extend(diags);
    }
}

impl IntoIterator for Diags {
    type Item = Diag;
    type IntoIter = std::vec::IntoIter<Diag>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diags {
    type Item = &'a Diag;
    type IntoIter = std::slice::Iter<'a, Diag>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
