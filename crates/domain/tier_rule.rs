//! Which tier a pull request needs, from its labels and the files it changes.
//!
//! A label `tier/<name>` wins over everything, `quick-fix` over the files. The files can only raise the tier.

use crate::tier::{Tier, TierError};

/// A tier and why it was chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TierChoice {
    /// The tier.
    pub tier: Tier,
    /// Why, as a sentence without a final dot.
    pub reason: String,
}

/// A pattern over paths.
enum Pattern {
    /// `**/<directory>/**`: something below a directory of this name, anywhere.
    Directory(&'static str),
    /// `**/*<suffix>`: a file with this ending, anywhere.
    Suffix(&'static str),
}

const RULES: [(Pattern, Tier); 5] = [
    (Pattern::Directory("payments"), Tier::Compliance),
    (Pattern::Directory("billing"), Tier::Compliance),
    (Pattern::Directory("migrations"), Tier::Full),
    (Pattern::Directory("migrate"), Tier::Full),
    (Pattern::Suffix(".sql"), Tier::Full),
];

/// The tier of a pull request with these labels and changed paths.
///
/// Of several `tier/` labels the highest tier wins.
///
/// # Errors
///
/// When a label names a tier that does not exist, or `production`: falling back to a lower tier than somebody asked for
/// would be a guess.
pub fn tier<L: AsRef<str>, P: AsRef<str>>(labels: &[L], changed_paths: &[P]) -> Result<TierChoice, TierError> {
    let labels: Vec<&str> = labels.iter().map(AsRef::as_ref).collect();
    let named = labels.iter().filter_map(|label| label.strip_prefix("tier/")).map(str::parse::<Tier>);
    if let Some(tier) = named.collect::<Result<Vec<_>, _>>()?.into_iter().max() {
        return Ok(TierChoice { tier, reason: format!("the label `tier/{tier}` asks for it") });
    }
    if labels.contains(&"quick-fix") {
        let reason = "the label `quick-fix` asks for it".to_owned();
        return Ok(TierChoice { tier: Tier::Lightweight, reason });
    }
    Ok(by_paths(changed_paths).unwrap_or_else(|| TierChoice {
        tier: Tier::Lightweight,
        reason: "no label and no changed path asks for more".to_owned(),
    }))
}

/// The highest tier a path asks for; of equal ones the first path speaks.
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
