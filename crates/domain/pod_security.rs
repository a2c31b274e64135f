//! The Pod Security level of an environment.
//!
//! Only `enforce` is chosen. Warnings and audit records always speak for `restricted`, so that a team sees what stands
//! between it and the stricter level. See <https://kubernetes.io/docs/concepts/security/pod-security-admission/>.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::text::as_text;

/// A level of the Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PodSecurity {
    /// Nothing is refused.
    Privileged,
    /// Known ways out of a container are refused.
    #[default]
    Baseline,
    /// Current hardening practice is demanded.
    Restricted,
}

/// A word that is no level.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no Pod Security level; the levels are privileged, baseline and restricted")]
pub struct PodSecurityError(String);

as_text!(PodSecurity);

impl PodSecurity {
    /// The word that names the level.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    /// The labels of the namespace. The versions are written out, so that nobody can pin an old and weaker one.
    pub fn labels(self) -> BTreeMap<String, String> {
        let modes = [("enforce", self), ("warn", Self::Restricted), ("audit", Self::Restricted)];
        let label = |(mode, level): (&str, Self)| {
            let key = format!("pod-security.kubernetes.io/{mode}");
            [(format!("{key}-version"), "latest".to_owned()), (key, level.as_str().to_owned())]
        };
        modes.into_iter().flat_map(label).collect()
    }
}

impl FromStr for PodSecurity {
    type Err = PodSecurityError;

    fn from_str(text: &str) -> Result<Self, PodSecurityError> {
        match text {
            "privileged" => Ok(Self::Privileged),
            "baseline" => Ok(Self::Baseline),
            "restricted" => Ok(Self::Restricted),
            other => Err(PodSecurityError(other.to_owned())),
        }
    }
}

impl fmt::Display for PodSecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
