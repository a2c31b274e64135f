//! What one container gets when it asks for nothing, and what it may ask for at most.
//!
//! A quota alone refuses every pod that names no requests and limits, so these defaults always go with it. The API
//! server demands `max >= default >= default request`; a maximum over the quota would only promise what the quota
//! then refuses. Both are checked here, so that a wrong value is an error at plan and not a half-made environment.

use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;
use crate::quantity::Quantity;
use crate::quota::Quota;

/// The limits of one container, every field decided and consistent with the quota.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerLimits {
    /// CPU limit of a container that names none.
    pub default_cpu: Quantity,
    /// Memory limit of a container that names none.
    pub default_memory: Quantity,
    /// CPU request of a container that names none.
    pub default_request_cpu: Quantity,
    /// Memory request of a container that names none.
    pub default_request_memory: Quantity,
    /// Largest CPU limit of one container.
    pub max_cpu: Quantity,
    /// Largest memory limit of one container.
    pub max_memory: Quantity,
}

/// Limits as they are written: 250m, 256Mi, 50m, 64Mi and the quota stand in for what is not given.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSettings {
    /// See [`ContainerLimits::default_cpu`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_cpu: Option<Quantity>,
    /// See [`ContainerLimits::default_memory`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_memory: Option<Quantity>,
    /// See [`ContainerLimits::default_request_cpu`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_request_cpu: Option<Quantity>,
    /// See [`ContainerLimits::default_request_memory`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_request_memory: Option<Quantity>,
    /// See [`ContainerLimits::max_cpu`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cpu: Option<Quantity>,
    /// See [`ContainerLimits::max_memory`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_memory: Option<Quantity>,
}

impl ContainerLimits {
    /// Fills in the defaults and checks the result against itself and the quota.
    ///
    /// # Errors
    ///
    /// One mistake per value that does not fit, with a path under `limits`.
    pub fn resolve(settings: &LimitsSettings, quota: &Quota) -> Result<Self, Vec<Mistake>> {
        let limits = Self::unchecked(settings, quota);
        let mistakes = limits.mistakes(quota);
        if mistakes.is_empty() { Ok(limits) } else { Err(mistakes) }
    }

    /// The values with the defaults filled in, not checked: what a plan shows beside the mistakes.
    pub fn unchecked(settings: &LimitsSettings, quota: &Quota) -> Self {
        let LimitsSettings {
            default_cpu,
            default_memory,
            default_request_cpu,
            default_request_memory,
            max_cpu,
            max_memory,
        } = settings.clone();
        Self {
            default_cpu: default_cpu.unwrap_or_else(|| Quantity::milli(250)),
            default_memory: default_memory.unwrap_or_else(|| Quantity::mebibytes(256)),
            default_request_cpu: default_request_cpu.unwrap_or_else(|| Quantity::milli(50)),
            default_request_memory: default_request_memory.unwrap_or_else(|| Quantity::mebibytes(64)),
            max_cpu: max_cpu.unwrap_or_else(|| quota.cpu.clone()),
            max_memory: max_memory.unwrap_or_else(|| quota.memory.clone()),
        }
    }

    fn mistakes(&self, quota: &Quota) -> Vec<Mistake> {
        let rows = [
            ("cpu", &self.default_request_cpu, &self.default_cpu, &self.max_cpu, &quota.cpu),
            ("memory", &self.default_request_memory, &self.default_memory, &self.max_memory, &quota.memory),
        ];
        let mut mistakes = Vec::new();
        for (resource, request, default, max, quota) in rows {
            if max > quota {
                let message = format!(
                    "a container may have at most {max}, more than the quota's {resource} of {quota}; lower it or \
                        raise `quota.{resource}`"
                );
                mistakes.push(Mistake::at(["limits".to_owned(), format!("max_{resource}")], message));
            }
            if default > max {
                let message = format!(
                    "the default limit {default} is above `max_{resource}` {max}; set `limits.default_{resource}` to \
                        at most {max}, or raise the quota"
                );
                mistakes.push(Mistake::at(["limits".to_owned(), format!("default_{resource}")], message));
            }
            if request > default {
                let message = format!(
                    "the default request {request} is above `default_{resource}` {default}; set \
                        `limits.default_request_{resource}` to at most {default}"
                );
                mistakes.push(Mistake::at(["limits".to_owned(), format!("default_request_{resource}")], message));
            }
        }
        mistakes
    }
}

impl From<ContainerLimits> for LimitsSettings {
    /// Limits with every field given.
    fn from(decided: ContainerLimits) -> Self {
        let ContainerLimits {
            default_cpu,
            default_memory,
            default_request_cpu,
            default_request_memory,
            max_cpu,
            max_memory,
        } = decided;
        Self {
            default_cpu: Some(default_cpu),
            default_memory: Some(default_memory),
            default_request_cpu: Some(default_request_cpu),
            default_request_memory: Some(default_request_memory),
            max_cpu: Some(max_cpu),
            max_memory: Some(max_memory),
        }
    }
}

#[cfg(test)]
mod tests;
