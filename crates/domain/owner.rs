//! Owner of an environment.
//!
//! Any text is valid (`dependabot[bot]`, an e-mail address, an empty text): an owner is never a reason to refuse an
//! environment. The annotation holds the text as written. The label holds it if it is a valid label value, else a slug
//! with a hash.

use std::convert::Infallible;

use crate::labels::{LabelValue, NO_OWNER};
use crate::slug;
use crate::text::text_type;

text_type! {
    /// Owner as set by the user.
    pub struct Owner, parse = |text| Ok(text.to_owned()), error = Infallible
}

impl Owner {
    /// Value of the label `/owner`.
    pub fn label(&self) -> LabelValue {
        let text = if self.0.trim().is_empty() { NO_OWNER } else { self.0.as_str() };
        text.parse().unwrap_or_else(|_| {
            let text = slug::with_hash(&slug::slug(&self.0).text, &self.0, crate::dns::LABEL_MAX);
            text.parse().expect("a slug with a hash is a DNS label, and every DNS label is a label value")
        })
    }
}

#[cfg(test)]
mod tests;
