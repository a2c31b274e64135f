//! Mistakes in a policy file.

use std::fmt;

use super::RulePlace;

/// One mistake with its position and its remedy.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct PolicyMistake {
    /// Position.
    pub place: RulePlace,
    /// Path of the value, such as `tables.public.customers.email`. Empty for the whole file.
    pub path: String,
    /// Problem, as a sentence without a final dot.
    pub message: String,
    /// Remedy, as a sentence without a final dot.
    pub remedy: String,
}

impl fmt::Display for PolicyMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place: RulePlace { line, column }, path, message, remedy } = self;
        write!(f, "line {line}, column {column}: ")?;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{message}; {remedy}")
    }
}

/// All mistakes of a policy file, in the order of their positions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyMistakes(pub(super) Vec<PolicyMistake>);

impl PolicyMistakes {
    /// The mistakes; none if there are none.
    pub(super) fn collected(mut mistakes: Vec<PolicyMistake>) -> Option<Self> {
        mistakes.sort();
        (!mistakes.is_empty()).then_some(Self(mistakes))
    }

    /// The mistakes. There is at least one.
    pub fn as_slice(&self) -> &[PolicyMistake] {
        &self.0
    }
}

impl fmt::Display for PolicyMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyMistakes {}
