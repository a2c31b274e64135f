//! Arguments of an environment, parsed.
//!
//! The arguments are stored as JSON in the annotation `/spec`, so that an import can restore the configuration. An
//! argument that is not set is not stored: a later change of its default then applies to the environment. Equal
//! arguments always have equal text.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::absence::OnExpired;
use crate::access::AccessGrant;
use crate::dns::SecretName;
use crate::labels::{UserAnnotations, UserLabels};
use crate::limits::LimitsSettings;
use crate::mesh::Mesh;
use crate::name::{BranchName, EnvironmentName, Identity, Repository, Subject};
use crate::network::NetworkSettings;
use crate::owner::Owner;
use crate::pod_security::PodSecurity;
use crate::pull_request::{HeadSha, PullRequestUrl};
use crate::quota::QuotaSettings;
use crate::service::ServiceName;
use crate::text::keyword;
use crate::tier::Tier;
use crate::ttl::Ttl;

/// All arguments of an environment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "every field is the argument of the same name")]
pub struct EnvironmentSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<EnvironmentName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request_url: Option<PullRequestUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_sha: Option<HeadSha>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Ttl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub labels: UserLabels,
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: UserAnnotations,
    #[serde(skip_serializing_if = "is_default")]
    pub services: BTreeSet<ServiceName>,
    #[serde(skip_serializing_if = "is_default")]
    pub quota: QuotaSettings,
    #[serde(skip_serializing_if = "is_default")]
    pub limits: LimitsSettings,
    #[serde(skip_serializing_if = "is_default")]
    pub network: NetworkSettings,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_security: Option<PodSecurity>,
    #[serde(skip_serializing_if = "is_default")]
    pub access: Vec<AccessGrant>,
    #[serde(skip_serializing_if = "is_default")]
    pub image_pull_secrets: Vec<SecretName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mesh: Option<Mesh>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<Dns>,
    #[serde(skip_serializing_if = "is_default")]
    pub on_expired: OnExpired,
}

/// DNS of the hosts.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dns {
    /// DNS mode.
    pub mode: DnsMode,
}

/// DNS modes.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum DnsMode {
    /// One wildcard record of the platform. Nothing is written per environment.
    #[default]
    Wildcard,
    /// No hosts.
    None,
}

/// Error for an annotation `/spec` that cannot be parsed.
#[derive(Debug, thiserror::Error)]
#[error("recorded arguments cannot be parsed")]
pub struct SpecError(#[from] serde_json::Error);

keyword!(DnsMode, "DNS mode");

impl EnvironmentSpec {
    /// Text of the annotation `/spec`.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("the arguments are strings, numbers and maps with string keys")
    }

    /// Parses the annotation `/spec`. Fields of a newer version are ignored.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or a value is invalid for its argument.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        Ok(serde_json::from_str(text)?)
    }

    /// Identity of the environment.
    pub fn identity(&self) -> Identity {
        let subject = match (self.pull_request, &self.branch) {
            (Some(number), _) => Subject::PullRequest(number),
            (None, Some(branch)) => Subject::Branch(branch.clone()),
            (None, None) => Subject::Given,
        };
        Identity { repository: self.repository.clone(), subject }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
pub(crate) mod tests;
