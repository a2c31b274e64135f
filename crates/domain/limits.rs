//! Default and maximum resources of one container.
//!
//! A quota alone refuses every pod without requests and limits, so these defaults always come with it. The API server
//! requires `max >= default >= default request`, and the quota would refuse a container above the quota. Both are
//! checked here, so that an invalid value is an error before anything is created.

use serde::{Deserialize, Serialize};

use crate::mistake::Mistake;
use crate::quantity::Quantity;
use crate::quota::Quota;

/// Limits of one container, complete and consistent with the quota.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerLimits {
    /// CPU limit of a container without its own.
    pub default_cpu: Quantity,
    /// Memory limit of a container without its own.
    pub default_memory: Quantity,
    /// CPU request of a container without its own.
    pub default_request_cpu: Quantity,
    /// Memory request of a container without its own.
    pub default_request_memory: Quantity,
    /// Maximum CPU limit of one container.
    pub max_cpu: Quantity,
    /// Maximum memory limit of one container.
    pub max_memory: Quantity,
}

/// Limits as set by the user. The defaults are 250m, 256Mi, 50m, 64Mi, and the quota as maximum.
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

/// Reasons to refuse the limits of a container.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LimitsError {
    /// The maximum of a container is above the quota of the environment.
    #[error("maximum {resource} of a container must be at most the quota {quota}, got {max}")]
    MaxAboveQuota {
        /// Resource: `cpu` or `memory`.
        resource: &'static str,
        /// Maximum of a container.
        max: Quantity,
        /// Quota of the environment.
        quota: Quantity,
    },
    /// The default limit is above the maximum.
    #[error("default {resource} limit of a container must be at most its maximum {max}, got {default}")]
    DefaultAboveMax {
        /// Resource: `cpu` or `memory`.
        resource: &'static str,
        /// Default limit of a container.
        default: Quantity,
        /// Maximum of a container.
        max: Quantity,
    },
    /// The default request is above the default limit.
    #[error("default {resource} request of a container must be at most its default limit {default}, got {request}")]
    RequestAboveDefault {
        /// Resource: `cpu` or `memory`.
        resource: &'static str,
        /// Default request of a container.
        request: Quantity,
        /// Default limit of a container.
        default: Quantity,
    },
}

impl ContainerLimits {
    /// Applies the defaults and validates the result against the quota.
    ///
    /// # Errors
    ///
    /// One mistake per invalid value, with a path under `limits`.
    pub fn resolve(settings: &LimitsSettings, quota: &Quota) -> Result<Self, Vec<Mistake<LimitsError>>> {
        let limits = Self::unchecked(settings, quota);
        let mistakes = limits.mistakes(quota);
        if mistakes.is_empty() { Ok(limits) } else { Err(mistakes) }
    }

    /// Applies the defaults without validation.
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

    fn mistakes(&self, quota: &Quota) -> Vec<Mistake<LimitsError>> {
        let rows = [
            ("cpu", &self.default_request_cpu, &self.default_cpu, &self.max_cpu, &quota.cpu),
            ("memory", &self.default_request_memory, &self.default_memory, &self.max_memory, &quota.memory),
        ];
        let mut mistakes = Vec::new();
        for (resource, request, default, max, quota) in rows {
            let mut refuse = |field: &str, error| {
                mistakes.push(Mistake::at(["limits".to_owned(), format!("{field}_{resource}")], error));
            };
            if max > quota {
                refuse("max", LimitsError::MaxAboveQuota { resource, max: max.clone(), quota: quota.clone() });
            }
            if default > max {
                refuse(
                    "default",
                    LimitsError::DefaultAboveMax { resource, default: default.clone(), max: max.clone() },
                );
            }
            if request > default {
                let (request, default) = (request.clone(), default.clone());
                refuse("default_request", LimitsError::RequestAboveDefault { resource, request, default });
            }
        }
        mistakes
    }
}

impl From<ContainerLimits> for LimitsSettings {
    /// Sets every field.
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
