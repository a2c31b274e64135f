//! Pod Security level of an environment.
//!
//! Only the mode `enforce` is configurable. The modes `warn` and `audit` always use `restricted`, so that a team sees
//! the violations of a stricter level. See <https://kubernetes.io/docs/concepts/security/pod-security-admission/>.

use std::collections::BTreeMap;

use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::text::keyword;

/// Level of the Pod Security Standards.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum PodSecurity {
    /// Refuses nothing.
    Privileged,
    /// Refuses known privilege escalations.
    #[default]
    Baseline,
    /// Requires current hardening practice.
    Restricted,
}

keyword!(PodSecurity, "Pod Security level");

impl PodSecurity {
    /// Labels of the namespace. They include the versions, so that an old and weaker version cannot be pinned.
    pub fn labels(self) -> BTreeMap<String, String> {
        let modes = [("enforce", self), ("warn", Self::Restricted), ("audit", Self::Restricted)];
        let label = |(mode, level): (&str, Self)| {
            let key = format!("pod-security.kubernetes.io/{mode}");
            [(format!("{key}-version"), "latest".to_owned()), (key, level.as_str().to_owned())]
        };
        modes.into_iter().flat_map(label).collect()
    }
}

#[cfg(test)]
mod tests;
