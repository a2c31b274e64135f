//! A mistake in the input, with the path of the attribute to change.
//!
//! Mistakes are collected, never thrown one at a time: whoever writes the configuration sees all of them at once.

use std::fmt;

/// One thing that is wrong with the input.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Mistake {
    /// Where: attribute names, map keys and list positions (`["limits", "max_cpu"]`, `["access", "0", "namespace"]`).
    pub path: Vec<String>,
    /// What is wrong, what was got and what to do: lower case, no final dot.
    pub message: String,
}

impl Mistake {
    /// A mistake at the attribute that these steps lead to.
    pub fn at<I>(path: I, message: impl fmt::Display) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self { path: path.into_iter().map(Into::into).collect(), message: message.to_string() }
    }

    /// The same mistake seen from an object that lies under `first`.
    #[must_use]
    pub fn under(mut self, first: &str) -> Self {
        self.path.insert(0, first.to_owned());
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.join("."), self.message)
    }
}
