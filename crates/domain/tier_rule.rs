//! Rules that select a tier from the labels and changed files of a pull request.
//!
//! A label `tier/<name>` has precedence over all other rules, `quick-fix` over the files. Files only select a higher
//! tier.

use crate::tier::{Tier, TierError};

/// Selected tier with its reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TierChoice {
    /// Chosen tier.
    pub tier: Tier,
    /// Reason for the choice: a sentence without a final dot.
    pub reason: String,
}

/// Reasons to refuse a label `tier/<name>`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TierLabelError {
    /// The label names no supported tier.
    #[error("unsupported label `tier/{0}`: supported are tier/lightweight, tier/full and tier/compliance")]
    Unsupported(String),
    /// The label `tier/production`.
    #[error(
        "label `tier/production` is refused: EoD creates and deletes environments and must never own production; \
            supported are tier/lightweight, tier/full and tier/compliance"
    )]
    Production,
    /// The label names a permanent tier.
    #[error(
        "label `tier/{0}` is refused: an environment of tier {0} is permanent and is never created by a label; supported \
            are tier/lightweight, tier/full and tier/compliance"
    )]
    Permanent(Tier),
}

/// Pattern for paths.
enum Pattern {
    /// `**/<directory>/**`: a file below a directory of this name, at any depth.
    Directory(&'static str),
    /// `**/*<suffix>`: a file with this ending, at any depth.
    Suffix(&'static str),
}

const RULES: [(Pattern, Tier); 5] = [
    (Pattern::Directory("payments"), Tier::Compliance),
    (Pattern::Directory("billing"), Tier::Compliance),
    (Pattern::Directory("migrations"), Tier::Full),
    (Pattern::Directory("migrate"), Tier::Full),
    (Pattern::Suffix(".sql"), Tier::Full),
];

/// Chooses the tier of a pull request with these labels and changed paths.
///
/// The highest of several `tier/` labels is used.
///
/// # Errors
///
/// A label names an unsupported tier, `production` or a permanent tier. There is no fallback: it would be a lower tier
/// than the label requests.
pub fn tier<L: AsRef<str>, P: AsRef<str>>(labels: &[L], changed_paths: &[P]) -> Result<TierChoice, TierLabelError> {
    let labels: Vec<&str> = labels.iter().map(AsRef::as_ref).collect();
    let named = labels.iter().filter_map(|label| label.strip_prefix("tier/")).map(tier_of_label);
    if let Some(tier) = named.collect::<Result<Vec<_>, _>>()?.into_iter().max() {
        return Ok(TierChoice { tier, reason: format!("the label `tier/{tier}` requests it") });
    }
    if labels.contains(&"quick-fix") {
        let reason = "the label `quick-fix` requests it".to_owned();
        return Ok(TierChoice { tier: Tier::Lightweight, reason });
    }
    Ok(by_paths(changed_paths).unwrap_or_else(|| TierChoice {
        tier: Tier::Lightweight,
        reason: "no label and no changed path requires a higher tier".to_owned(),
    }))
}

fn tier_of_label(name: &str) -> Result<Tier, TierLabelError> {
    match name.parse() {
        Ok(Tier::Staging) => Err(TierLabelError::Permanent(Tier::Staging)),
        Ok(tier) => Ok(tier),
        Err(TierError::Production) => Err(TierLabelError::Production),
        Err(TierError::Unsupported(_)) => Err(TierLabelError::Unsupported(name.to_owned())),
    }
}

/// Highest tier that a path requires. The reason is the first path that requires this tier.
fn by_paths<P: AsRef<str>>(changed_paths: &[P]) -> Option<TierChoice> {
    let mut choice: Option<TierChoice> = None;
    for path in changed_paths.iter().map(AsRef::as_ref) {
        for (pattern, tier) in RULES.iter().filter(|(pattern, _)| pattern.matches(path)) {
            if choice.as_ref().is_none_or(|choice| *tier > choice.tier) {
                let reason = format!("the changed path `{path}` matches `{}`", pattern.glob());
                choice = Some(TierChoice { tier: *tier, reason });
            }
        }
    }
    choice
}

impl Pattern {
    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Directory(name) => path.rsplit('/').skip(1).any(|directory| directory == *name),
            Self::Suffix(suffix) => path.ends_with(suffix),
        }
    }

    fn glob(&self) -> String {
        match self {
            Self::Directory(name) => format!("**/{name}/**"),
            Self::Suffix(suffix) => format!("**/*{suffix}"),
        }
    }
}

#[cfg(test)]
mod tests;
