//! Who an environment belongs to.
//!
//! Any text is accepted (`dependabot[bot]`, an e-mail address, nothing at all): who owns an environment is no reason not
//! to make it. The annotation holds it as written; the label holds it where it is a legal label value, and else a slug
//! with a hash.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::labels::{LabelValue, NO_OWNER};
use crate::slug;
use crate::text::as_text;

/// The owner as written.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Owner(String);

as_text!(Owner);

impl Owner {
    /// The owner as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of the label `/owner`.
    pub fn label(&self) -> LabelValue {
        let text = if self.0.trim().is_empty() { NO_OWNER } else { self.0.as_str() };
        text.parse().unwrap_or_else(|_| {
            let text = slug::with_hash(&slug::slug(&self.0).text, &self.0, crate::dns::LABEL_MAX);
            text.parse().expect("a slug with a hash is a DNS label, and every DNS label is a label value")
        })
    }
}

impl FromStr for Owner {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
