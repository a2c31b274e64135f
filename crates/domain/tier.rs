//! Tiers: TTL, quota and end of an environment.
//!
//! The presets can be overridden per field. `production` is a known name, so that it can be refused: EoD never owns
//! production.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::mistake::Mistake;
use crate::quantity::Quantity;
use crate::quota::{Quota, QuotaSettings};
use crate::text::{KeywordError, keyword};
use crate::ttl::Ttl;

/// Class of environments. The order is by caution: a rule selects a higher tier, never a lower one.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Tier {
    /// Short-lived, with a shared database.
    #[default]
    Lightweight,
    /// One day, with its own database.
    Full,
    /// Two days. Ends only with an approval.
    Compliance,
    /// Permanent. Never ended by EoD.
    Staging,
}

/// Reasons to refuse a tier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TierError {
    /// The tier `production`.
    #[error(
        "tier `production` is refused: EoD creates and deletes environments and must never own production; supported are \
            lightweight, full, compliance, staging"
    )]
    Production,
    /// A name that is not a tier.
    #[error(transparent)]
    Unsupported(#[from] KeywordError),
}

/// Reasons to refuse the TTL of an environment in its tier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TierTtlError {
    /// A TTL for a permanent environment.
    #[error("an environment of tier {tier} is permanent and has no TTL, got {ttl}")]
    Permanent {
        /// Tier of the environment.
        tier: Tier,
        /// Requested TTL.
        ttl: Ttl,
    },
    /// A TTL above the maximum of the tier.
    #[error("TTL must be at most {max} in tier {tier}, got {ttl}")]
    AboveMaximum {
        /// Tier of the environment.
        tier: Tier,
        /// Requested TTL.
        ttl: Ttl,
        /// Maximum TTL of the tier.
        max: Ttl,
    },
}

/// Reasons to refuse overrides of a tier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TierOverrideError {
    /// A time for a permanent tier.
    #[error("tier {0} is permanent and has no TTL, maximum TTL and warning time")]
    Permanent(Tier),
    /// A TTL above the maximum of the tier.
    #[error("TTL {ttl} is above the maximum TTL {max} of the tier")]
    TtlAboveMaximum {
        /// TTL after the overrides.
        ttl: Ttl,
        /// Maximum TTL after the overrides.
        max: Ttl,
    },
    /// A warning time that is not below the TTL.
    #[error("warning time {warning} is not below the TTL {ttl} of the tier")]
    WarningTooLong {
        /// Requested warning time.
        warning: Ttl,
        /// TTL after the overrides.
        ttl: Ttl,
    },
}

/// Settings of one tier, complete.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TierSettings {
    /// Default TTL of an environment; none for `staging`.
    pub ttl: Option<Ttl>,
    /// Maximum TTL of an environment; none for `staging`.
    pub max_ttl: Option<Ttl>,
    /// Time between the warning and the end; see [`crate::effective_warning`]. None for `staging`.
    pub warning: Option<Ttl>,
    /// Default quota of an environment.
    pub quota: Quota,
    /// True if commits and tests restart the clock. In `compliance` only a manual extension does.
    pub activity_resets_clock: bool,
    /// Default protection of an environment from the reaper and from destroy.
    pub protected: bool,
}

/// Overrides of one tier. A field that is not set keeps its preset.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TierOverrides {
    /// See [`TierSettings::ttl`].
    pub ttl: Option<Ttl>,
    /// See [`TierSettings::max_ttl`].
    pub max_ttl: Option<Ttl>,
    /// See [`TierSettings::warning`].
    pub warning: Option<Ttl>,
    /// See [`TierSettings::quota`].
    pub quota: QuotaSettings,
}

/// Settings of all tiers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tiers {
    lightweight: TierSettings,
    full: TierSettings,
    compliance: TierSettings,
    staging: TierSettings,
}

/// Default of the maximum TTL of a tier: 7 days.
const MAX_TTL: Ttl = Ttl::from_days(7);

keyword!(Tier, "tier", TierError, tier_error);

fn tier_error(text: &str) -> TierError {
    match text {
        "production" | "prod" => TierError::Production,
        other => Tier::unsupported(other).into(),
    }
}

impl Default for Tiers {
    /// The presets.
    fn default() -> Self {
        let preset = |ttl, warning, quota| TierSettings {
            ttl: Some(ttl),
            max_ttl: Some(MAX_TTL),
            warning: Some(warning),
            quota,
            activity_resets_clock: true,
            protected: false,
        };
        let full = preset(Ttl::from_hours(24), Ttl::from_hours(2), quota(4, 8, 40));
        Self {
            lightweight: preset(Ttl::from_hours(4), Ttl::from_minutes(30), quota(2, 4, 20)),
            compliance: TierSettings {
                ttl: Some(Ttl::from_hours(48)),
                warning: Some(Ttl::from_hours(4)),
                activity_resets_clock: false,
                ..full.clone()
            },
            staging: TierSettings {
                ttl: None,
                max_ttl: None,
                warning: None,
                quota: quota(8, 16, 80),
                activity_resets_clock: false,
                protected: true,
            },
            full,
        }
    }
}

impl Tiers {
    /// Settings of a tier.
    pub fn get(&self, tier: Tier) -> &TierSettings {
        match tier {
            Tier::Lightweight => &self.lightweight,
            Tier::Full => &self.full,
            Tier::Compliance => &self.compliance,
            Tier::Staging => &self.staging,
        }
    }

    /// Applies overrides.
    ///
    /// # Errors
    ///
    /// One mistake per invalid field, with paths like `tiers.full.warning`.
    pub fn with_overrides(
        mut self,
        overrides: &BTreeMap<Tier, TierOverrides>,
    ) -> Result<Self, Vec<Mistake<TierOverrideError>>> {
        let mut mistakes = Vec::new();
        for (tier, overrides) in overrides {
            let settings = match tier {
                Tier::Lightweight => &mut self.lightweight,
                Tier::Full => &mut self.full,
                Tier::Compliance => &mut self.compliance,
                Tier::Staging => &mut self.staging,
            };
            let found = settings.override_with(*tier, overrides);
            mistakes.extend(found.into_iter().map(|mistake| mistake.under(tier.as_str()).under("tiers")));
        }
        if mistakes.is_empty() { Ok(self) } else { Err(mistakes) }
    }
}

impl TierSettings {
    /// TTL of an environment of this tier: `requested`, or the default of the tier.
    ///
    /// # Errors
    ///
    /// The tier has no TTL, or its maximum is lower.
    pub fn ttl_or_default(&self, tier: Tier, requested: Option<Ttl>) -> Result<Option<Ttl>, TierTtlError> {
        match (requested, self.ttl, self.max_ttl) {
            (None, preset, _) => Ok(preset),
            (Some(ttl), None, _) => Err(TierTtlError::Permanent { tier, ttl }),
            (Some(ttl), Some(_), Some(max)) if ttl > max => Err(TierTtlError::AboveMaximum { tier, ttl, max }),
            (Some(ttl), Some(_), _) => Ok(Some(ttl)),
        }
    }

    fn override_with(&mut self, tier: Tier, overrides: &TierOverrides) -> Vec<Mistake<TierOverrideError>> {
        let TierOverrides { ttl, max_ttl, warning, quota } = overrides;
        self.quota = self.quota.with(quota);
        let (Some(preset_ttl), Some(preset_max), Some(preset_warning)) = (self.ttl, self.max_ttl, self.warning) else {
            let times = [("ttl", ttl), ("max_ttl", max_ttl), ("warning", warning)];
            let given = times.into_iter().filter(|(_, value)| value.is_some());
            return given.map(|(field, _)| Mistake::at([field], TierOverrideError::Permanent(tier))).collect();
        };
        let ttl_now = ttl.unwrap_or(preset_ttl);
        let max_now = max_ttl.unwrap_or(preset_max);
        // A preset warning time is shortened with a short TTL. Only one that was set can be too long.
        let warning_now = warning.unwrap_or(preset_warning);
        let mut mistakes = Vec::new();
        if ttl_now > max_now {
            let field = if ttl.is_some() { "ttl" } else { "max_ttl" };
            mistakes.push(Mistake::at([field], TierOverrideError::TtlAboveMaximum { ttl: ttl_now, max: max_now }));
        }
        if warning.is_some() && warning_now >= ttl_now {
            let error = TierOverrideError::WarningTooLong { warning: warning_now, ttl: ttl_now };
            mistakes.push(Mistake::at(["warning"], error));
        }
        self.ttl = Some(ttl_now);
        self.max_ttl = Some(max_now);
        self.warning = Some(warning_now);
        mistakes
    }
}

/// Preset quota with these CPUs, gibibytes of memory and pods. The other counts grow with the pods.
fn quota(cpu: u32, memory: u32, pods: u32) -> Quota {
    Quota {
        cpu: Quantity::whole(cpu),
        memory: Quantity::gibibytes(memory),
        pods,
        services: pods / 2,
        persistent_volume_claims: pods / 4,
        storage: Quantity::gibibytes(pods),
        load_balancers: 0,
        node_ports: 0,
    }
}

#[cfg(test)]
mod tests;
