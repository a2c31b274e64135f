//! Errors in the user's input, each with the path of the value to change.
//!
//! Functions that check several values return all mistakes, not only the first one. A mistake holds a typed error and no
//! remedy: the remedy depends on the tool that read the input, so the caller adds it.

use std::fmt;

/// Error in one value of the input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake<E> {
    /// Path of the value: attribute names, map keys and list positions (`["limits", "max_cpu"]`,
    /// `["access", "0", "namespace"]`).
    pub path: Vec<String>,
    /// Error in the value.
    pub error: E,
}

impl<E> Mistake<E> {
    /// Creates a mistake for the value at this path.
    pub fn at<I>(path: I, error: impl Into<E>) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self { path: path.into_iter().map(Into::into).collect(), error: error.into() }
    }

    /// Prepends a step to the path.
    #[must_use]
    pub fn under(mut self, first: &str) -> Self {
        self.path.insert(0, first.to_owned());
        self
    }

    /// Converts the error into the error type of a caller.
    pub fn into_mistake<F: From<E>>(self) -> Mistake<F> {
        Mistake { path: self.path, error: self.error.into() }
    }
}

impl<E: fmt::Display> fmt::Display for Mistake<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.join("."), self.error)
    }
}
