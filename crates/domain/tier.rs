//! Tiers: how long an environment lives, what it may use, and what happens at its end.
//!
//! The presets are the table of DESIGN 3; the provider block may override each number. `production` is known by name
//! only, so that it can be refused: nothing of EoD may own it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;
use crate::quantity::Quantity;
use crate::quota::{Quota, QuotaSettings};
use crate::text::as_text;
use crate::ttl::Ttl;

/// A class of environments. The order is that of caution: a rule may raise a tier, never lower it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Tier {
    /// Short-lived, on a shared database.
    #[default]
    Lightweight,
    /// A day, with a database of its own.
    Full,
    /// Two days; ends only with an approval.
    Compliance,
    /// Permanent; never ended by EoD.
    Staging,
}

/// Why a word is no tier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TierError {
    /// Production is not ours.
    #[error(
        "the tier `production` is refused: EoD makes and removes environments and must never own production; use \
            lightweight, full, compliance or staging"
    )]
    Production,
    /// A word that is no tier.
    #[error("`{0}` is no tier; the tiers are lightweight, full, compliance and staging")]
    Unknown(String),
}

/// The numbers of one tier, every one decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TierSettings {
    /// TTL of an environment that names none; none for `staging`.
    pub ttl: Option<Ttl>,
    /// Longest TTL an environment may name; none for `staging`, which has no TTL.
    pub max_ttl: Option<Ttl>,
    /// How long before the end the warning is given; see [`crate::effective_warning`].
    pub warning: Option<Ttl>,
    /// Quota of an environment that names none.
    pub quota: Quota,
    /// Whether commits and tests restart the clock. In `compliance` only a manual extension does.
    pub activity_resets_clock: bool,
    /// Whether environments are protected unless they say otherwise.
    pub protected: bool,
}

/// Numbers of one tier as the provider block gives them; what is not given stays the preset's.
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

/// The settings of all tiers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tiers {
    lightweight: TierSettings,
    full: TierSettings,
    compliance: TierSettings,
    staging: TierSettings,
}

/// Longest TTL of a tier that configures no other: 7 days.
const MAX_TTL: Ttl = Ttl::days(7);

as_text!(Tier);

impl Tier {
    /// All tiers, in order.
    pub const ALL: [Self; 4] = [Self::Lightweight, Self::Full, Self::Compliance, Self::Staging];

    /// The word that names the tier.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lightweight => "lightweight",
            Self::Full => "full",
            Self::Compliance => "compliance",
            Self::Staging => "staging",
        }
    }
}

impl FromStr for Tier {
    type Err = TierError;

    fn from_str(text: &str) -> Result<Self, TierError> {
        match text {
            "lightweight" => Ok(Self::Lightweight),
            "full" => Ok(Self::Full),
            "compliance" => Ok(Self::Compliance),
            "staging" => Ok(Self::Staging),
            "production" | "prod" => Err(TierError::Production),
            other => Err(TierError::Unknown(other.to_owned())),
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        let full = preset(Ttl::hours(24), Ttl::hours(2), quota(4, 8, 40));
        Self {
            lightweight: preset(Ttl::hours(4), Ttl::minutes(30), quota(2, 4, 20)),
            compliance: TierSettings {
                ttl: Some(Ttl::hours(48)),
                warning: Some(Ttl::hours(4)),
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
    /// The settings of a tier.
    pub fn get(&self, tier: Tier) -> &TierSettings {
        match tier {
            Tier::Lightweight => &self.lightweight,
            Tier::Full => &self.full,
            Tier::Compliance => &self.compliance,
            Tier::Staging => &self.staging,
        }
    }

    /// These tiers with the given overrides.
    ///
    /// # Errors
    ///
    /// One mistake per wrong field, with paths like `tiers.full.warning`.
    pub fn with_overrides(mut self, overrides: &BTreeMap<Tier, TierOverrides>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        for (tier, overrides) in overrides {
            let settings = match tier {
                Tier::Lightweight => &mut self.lightweight,
                Tier::Full => &mut self.full,
                Tier::Compliance => &mut self.compliance,
                Tier::Staging => &mut self.staging,
            };
            let found = settings.override_with(overrides);
            mistakes.extend(found.into_iter().map(|mistake| mistake.under(tier.as_str()).under("tiers")));
        }
        if mistakes.is_empty() { Ok(self) } else { Err(mistakes) }
    }
}

impl TierSettings {
    /// The TTL of an environment of this tier that asks for `asked`, or for nothing.
    ///
    /// # Errors
    ///
    /// At `ttl`, when the tier has no TTL, or a lower maximum.
    pub fn ttl_for(&self, tier: Tier, asked: Option<Ttl>) -> Result<Option<Ttl>, Mistake> {
        match (asked, self.ttl, self.max_ttl) {
            (None, preset, _) => Ok(preset),
            (Some(_), None, _) => Err(Mistake::at(
                ["ttl"],
                format!(
                    "an environment of the tier {tier} is permanent and has no TTL; remove `ttl` or choose another tier"
                ),
            )),
            (Some(asked), Some(_), Some(max)) if asked > max => Err(Mistake::at(
                ["ttl"],
                format!(
                    "the TTL {asked} is above {max}, the longest of the tier {tier}; lower it, or raise \
                        `tiers.{tier}.max_ttl` in the provider block"
                ),
            )),
            (Some(asked), Some(_), _) => Ok(Some(asked)),
        }
    }

    fn override_with(&mut self, overrides: &TierOverrides) -> Vec<Mistake> {
        let TierOverrides { ttl, max_ttl, warning, quota } = overrides;
        self.quota = self.quota.with(quota);
        let (Some(preset_ttl), Some(preset_max), Some(preset_warning)) = (self.ttl, self.max_ttl, self.warning) else {
            let given = [("ttl", ttl), ("max_ttl", max_ttl), ("warning", warning)];
            let given = given.into_iter().filter(|(_, value)| value.is_some());
            return given
                .map(|(field, _)| {
                    Mistake::at([field], "a staging environment is permanent and has no TTL; remove this")
                })
                .collect();
        };
        let ttl_now = ttl.unwrap_or(preset_ttl);
        let max_now = max_ttl.unwrap_or(preset_max);
        // A preset warning shrinks with a shorter TTL; only one that was written can be too long.
        let warning_now = warning.unwrap_or(preset_warning);
        let mut mistakes = Vec::new();
        if ttl_now > max_now {
            let field = if ttl.is_some() { "ttl" } else { "max_ttl" };
            mistakes.push(Mistake::at(
                [field],
                format!(
                    "the TTL {ttl_now} is above the tier's `max_ttl` {max_now}; \
                lower `ttl` or raise `max_ttl` (at most 90d)"
                ),
            ));
        }
        if warning.is_some() && warning_now >= ttl_now {
            mistakes.push(Mistake::at(
                ["warning"],
                format!(
                    "the warning {warning_now} is not shorter than the TTL {ttl_now}; lower `warning` or raise `ttl`"
                ),
            ));
        }
        self.ttl = Some(ttl_now);
        self.max_ttl = Some(max_now);
        self.warning = Some(warning_now);
        mistakes
    }
}

/// The preset quota with so many CPUs, gibibytes of memory and pods; the other counts grow with the pods.
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
