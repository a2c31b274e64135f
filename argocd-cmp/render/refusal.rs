//! Refusals: the reasons not to render, each with its location, rule and remedy.

mod rule;

use std::any::Any;
use std::fmt;
use std::num::{IntErrorKind, ParseIntError};

pub use self::rule::{RefusalRule, RuleDescription};

/// One reason not to render.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Refusal {
    /// Location of the refused value.
    pub location: Location,
    /// Violated rule.
    pub rule: RefusalRule,
    /// Problem, with the given and the expected value; no final dot.
    pub message: String,
    /// Correction; no final dot.
    pub remedy: String,
}

/// Location of a value, as far as it is known.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Location {
    /// File, relative to the received tree; `parameters` for parameters of the Application.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Document of the file, from 1, if the file has several.
    pub document: Option<u32>,
    /// Object or setting, such as `Deployment/api` or `projects.previews.caps`.
    pub object: Option<String>,
    /// Text of the line, if the file is the output of a tool, which people cannot look up.
    pub quote: Option<String>,
}

/// Value of [`Location::file`] for parameters of the Application.
const PARAMETERS: &str = "parameters";
/// Maximum number of characters of [`Location::quote`].
const MAX_QUOTED: usize = 120;

/// All reasons not to render, sorted by location; at least one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct Refusals(Vec<Refusal>);

/// Message about an invalid value. Errors of the standard library do not name the value, so it is added.
pub(crate) fn invalid_value<E: fmt::Display + 'static>(error: &E, value: &str) -> String {
    if let Some(error) = (error as &dyn Any).downcast_ref::<ParseIntError>() {
        return match error.kind() {
            IntErrorKind::PosOverflow => format!("number `{value}` is too large"),
            _ => format!("expected a non-negative integer, got `{value}`"),
        };
    }
    let error = error.to_string();
    if error.contains(value) { error } else { format!("invalid value `{value}`: {error}") }
}

impl Refusal {
    /// Creates a refusal.
    pub fn new(location: Location, rule: RefusalRule, message: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self { location, rule, message: message.to_string(), remedy: remedy.to_string() }
    }
}

impl Location {
    /// Location of a whole file.
    pub fn file(name: impl Into<String>) -> Self {
        Self { file: Some(name.into()), ..Self::default() }
    }

    /// Location of a parameter of the Application.
    pub fn parameter(name: impl Into<String>) -> Self {
        Self { file: Some(PARAMETERS.to_owned()), object: Some(name.into()), ..Self::default() }
    }

    /// The location with a line.
    #[must_use]
    pub fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// The location with the text of its line.
    #[must_use]
    pub(crate) fn quote(mut self, text: &str) -> Self {
        let line = self.line.and_then(|line| text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?));
        self.quote = line.map(|line| line.trim().chars().take(MAX_QUOTED).collect());
        self
    }

    /// The location with its file relative to the repository. `above` is the directory of the received tree in the
    /// repository.
    #[must_use]
    pub(crate) fn below(mut self, above: &str) -> Self {
        let above = above.trim_matches('/');
        if let Some(file) = self.file.as_mut().filter(|file| !above.is_empty() && *file != PARAMETERS) {
            *file = if ["", "."].contains(&file.as_str()) { above.to_owned() } else { format!("{above}/{file}") };
        }
        self
    }

    /// The location with an object or a setting.
    #[must_use]
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }
}

impl Refusals {
    /// Sorts refusals and removes duplicates; none if there are no refusals.
    pub fn collected(mut refusals: Vec<Refusal>) -> Option<Self> {
        refusals.sort();
        refusals.dedup();
        (!refusals.is_empty()).then_some(Self(refusals))
    }

    /// The refusals, sorted by location.
    pub fn as_slice(&self) -> &[Refusal] {
        &self.0
    }

    /// The refusals with file names relative to the repository. `above` is the directory of the received tree in the
    /// repository.
    #[must_use]
    pub fn below(mut self, above: &str) -> Self {
        for refusal in &mut self.0 {
            refusal.location = std::mem::take(&mut refusal.location).below(above);
        }
        self
    }
}

impl From<Refusal> for Refusals {
    fn from(refusal: Refusal) -> Self {
        Self(vec![refusal])
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, document, object, quote: _ } = self;
        if let Some(file) = file {
            write!(f, "{}", visible(file))?;
        }
        if let Some(line) = line {
            write!(f, ":{line}")?;
        }
        if let Some(document) = document {
            write!(f, " (document {document})")?;
        }
        if let Some(object) = object {
            let between = if file.is_some() { ": " } else { "" };
            write!(f, "{between}{}", visible(object))?;
        }
        Ok(())
    }
}

impl fmt::Display for Refusal {
    /// One block of lines: location if there is one, quoted line of a tool's output, rule, problem and remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { location, rule, message, remedy } = self;
        if *location != Location::default() {
            writeln!(f, "{location}")?;
        }
        if let Some(quote) = &location.quote {
            writeln!(f, "  line:   {}", visible(quote))?;
        }
        writeln!(f, "  rule:   {rule}")?;
        writeln!(f, "  found:  {}", visible(message))?;
        write!(f, "  remedy: {}", visible(remedy))
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(refusals) = self;
        for (at, refusal) in refusals.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{refusal}")?;
        }
        Ok(())
    }
}

/// A text of the repository for terminals and logs: one line, visible characters only, limited length.
pub(crate) fn visible(text: &str) -> String {
    const MOST: usize = 600;
    let is_hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown = String::with_capacity(text.len().min(MOST));
    for character in text.chars().take(MOST) {
        if is_hidden(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(MOST).is_some() {
        shown.push_str(" ...");
    }
    shown
}

#[cfg(test)]
mod tests;
