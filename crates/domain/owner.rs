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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(owner: &str) -> String {
        owner.parse::<Owner>().unwrap().label().to_string()
    }

    #[test]
    fn a_legal_name_stays_as_it_is() {
        for owner in ["alice", "Alice", "a.b_c-d", "team-42"] {
            assert_eq!(label(owner), owner);
        }
    }

    #[test]
    fn any_other_name_gets_a_slug_and_a_hash() {
        expect_test::expect!["dependabot-bot-jgrmwfr4ds"].assert_eq(&label("dependabot[bot]"));
        expect_test::expect!["alice-example-com-hm6oiryscx"].assert_eq(&label("alice@example.com"));
        assert_ne!(label("alice@example.com"), label("alice+example.com"));
        assert_eq!(label(&"a".repeat(100)).len(), 63);
    }

    #[test]
    fn nothing_is_refused() {
        for owner in ["", " "] {
            assert_eq!(label(owner), NO_OWNER);
        }
        for owner in ["a\nb", "日本", &"a".repeat(5000)] {
            assert!(label(owner).len() <= 63);
        }
    }

    proptest! {
        #[test]
        fn every_owner_has_a_label(text in any::<String>()) {
            let label = label(&text);
            prop_assert!(label.len() <= 63 && !label.is_empty());
        }
    }
}
