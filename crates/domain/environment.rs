//! Resolved environment: arguments, tier presets and platform settings combined.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::claim::Claim;
use crate::installation::{Installation, Nonce};
use crate::labels::{self, UserLabels};
use crate::ledger::MadeBy;
use crate::limits::{ContainerLimits, LimitsError};
use crate::mesh::Mesh;
use crate::mistake::Mistake;
use crate::name::{EnvironmentName, Identity, NameError, Repository, environment_name};
use crate::network::Network;
use crate::owner::Owner;
use crate::pod_security::PodSecurity;
use crate::pull_request::{HeadSha, PullRequestUrl};
use crate::quota::Quota;
use crate::service::{self, Domain, ServiceName};
use crate::settings::Settings;
use crate::spec::{Dns, DnsMode, EnvironmentSpec};
use crate::tier::{Tier, TierSettings, TierTtlError};
use crate::ttl::Ttl;

/// Environment with all values, validated against each other.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Name of the environment and of its namespace.
    pub name: EnvironmentName,
    /// Identity: pull request, branch or name.
    pub identity: Identity,
    /// Installation that owns the environment.
    pub installation: Installation,
    /// Tier.
    pub tier: Tier,
    /// Settings of the tier.
    pub tier_settings: TierSettings,
    /// TTL; none for a permanent environment.
    pub ttl: Option<Ttl>,
    /// True if neither the reaper nor destroy may end the environment.
    pub protected: bool,
    /// URL of the pull request, set by the user or derived.
    pub pull_request_url: Option<PullRequestUrl>,
    /// Resource quota.
    pub quota: Quota,
    /// Limits of the containers.
    pub limits: ContainerLimits,
    /// Network.
    pub network: Network,
    /// Enforced Pod Security level.
    pub pod_security: PodSecurity,
    /// Domain of the hosts; none if the environment has no hosts.
    pub domain: Option<Domain>,
    /// Labels on every object that EoD creates.
    pub default_labels: UserLabels,
    /// Arguments as set by the user.
    pub spec: EnvironmentSpec,
}

/// Facts about the creation of a namespace that are not arguments.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamespaceProvenance {
    /// Creation time; none if the objects are rendered without a clock.
    pub created_at: Option<Timestamp>,
    /// Nonce of the create call.
    pub nonce: Option<Nonce>,
    /// Tool that applies the namespace; none for a comparison of namespaces that different versions have applied.
    pub made_by: Option<MadeBy>,
}

/// Reasons to refuse the arguments of an environment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EnvironmentError {
    /// Both a pull request and a branch are set.
    #[error("an environment must have either a pull request or a branch, got both")]
    PullRequestAndBranch,
    /// The name is invalid, or there is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The name is that of the control namespace.
    #[error("environment name `{0}` is the control namespace, which contains EoD's own records; use another name")]
    ControlNamespace(EnvironmentName),
    /// The TTL is not valid in the tier.
    #[error(transparent)]
    Ttl(#[from] TierTtlError),
    /// The limits of containers are invalid.
    #[error(transparent)]
    Limits(#[from] LimitsError),
}

/// Mistake in the arguments of an environment.
type EnvironmentMistake = Mistake<EnvironmentError>;

impl Environment {
    /// Resolves a new environment: its name follows from the arguments and the template.
    ///
    /// # Errors
    ///
    /// All mistakes, each with the path of its argument, sorted by path.
    pub fn resolve(spec: &EnvironmentSpec, settings: &Settings) -> Result<Self, Vec<EnvironmentMistake>> {
        Self::build(spec, settings, name(spec, settings))
    }

    /// Resolves an existing environment with its own name: a change of the template never renames it.
    ///
    /// # Errors
    ///
    /// As [`Environment::resolve`], without mistakes in the name.
    pub fn resolve_named(
        spec: &EnvironmentSpec,
        settings: &Settings,
        name: EnvironmentName,
    ) -> Result<Self, Vec<EnvironmentMistake>> {
        Self::build(spec, settings, Ok(name))
    }

    fn build(
        spec: &EnvironmentSpec,
        settings: &Settings,
        name: Result<EnvironmentName, Vec<EnvironmentMistake>>,
    ) -> Result<Self, Vec<EnvironmentMistake>> {
        let mut mistakes = Vec::new();
        let name = collect(&mut mistakes, name);
        let tier = spec.tier.unwrap_or(settings.default_tier);
        let tier_settings = settings.tiers.get(tier);
        let ttl = tier_settings.ttl_or_default(tier, spec.ttl);
        let ttl = collect(&mut mistakes, ttl.map_err(|error| vec![EnvironmentMistake::at(["ttl"], error)]));
        let quota = tier_settings.quota.with(&spec.quota);
        let limits = collect(&mut mistakes, ContainerLimits::resolve(&spec.limits, &quota));
        let (Some(name), Some(ttl), Some(limits), true) = (name, ttl, limits, mistakes.is_empty()) else {
            mistakes.sort_by(|one, other| one.path.cmp(&other.path));
            return Err(mistakes);
        };
        Ok(Self {
            name,
            identity: spec.identity(),
            installation: settings.installation.clone(),
            tier,
            tier_settings: tier_settings.clone(),
            ttl,
            protected: spec.protected.unwrap_or(tier_settings.protected),
            pull_request_url: pull_request_url(spec),
            quota,
            limits,
            network: Network::resolve(&spec.network),
            pod_security: spec.pod_security.unwrap_or_default(),
            domain: settings.domain.clone().filter(|_| !matches!(spec.dns, Some(Dns { mode: DnsMode::None }))),
            default_labels: settings.default_labels.clone(),
            spec: spec.clone(),
        })
    }

    /// Claim for the environment's namespace.
    pub fn claim(&self) -> Claim {
        Claim { installation: self.installation.clone(), identity: self.identity.clone() }
    }

    /// Host of the environment; none without a domain.
    pub fn host(&self) -> Option<String> {
        self.domain.as_ref().map(|domain| service::environment_host(&self.name, domain))
    }

    /// Hosts of the services; none without a domain.
    pub fn hosts(&self) -> Option<BTreeMap<ServiceName, String>> {
        let domain = self.domain.as_ref()?;
        let host = |service: &ServiceName| (service.clone(), service::host(service, &self.name, domain));
        Some(self.spec.services.iter().map(host).collect())
    }

    /// Ownership labels: on every object of this environment, never empty.
    pub fn ownership_labels(&self) -> BTreeMap<String, String> {
        let owner =
            self.spec.owner.as_ref().map_or_else(|| labels::NO_OWNER.to_owned(), |owner| owner.label().to_string());
        let ttl = self.ttl.map_or_else(|| labels::NO_TTL.to_owned(), |ttl| ttl.to_string());
        [
            (labels::NAME, labels::NAME_VALUE.to_owned()),
            (labels::INSTANCE, self.name.to_string()),
            (labels::MANAGED_BY, labels::MANAGED_BY_VALUE.to_owned()),
            (labels::ENV, self.name.to_string()),
            (labels::INSTALLATION, self.installation.to_string()),
            (labels::OWNER, owner),
            (labels::TTL, ttl),
            (labels::TIER, self.tier.to_string()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }

    /// Labels of every object: the platform's default labels and the ownership labels.
    pub fn object_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.default_labels.as_map().clone();
        labels.extend(self.ownership_labels());
        labels
    }

    /// Labels of the namespace that EoD always applies with force: ownership labels, Pod Security, mesh, and those
    /// default labels that the user does not override.
    pub fn own_namespace_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.object_labels();
        labels.extend(self.pod_security.labels());
        labels.extend(self.spec.mesh.iter().flat_map(Mesh::labels));
        labels.retain(|key, _| !self.spec.labels.as_map().contains_key(key));
        labels
    }

    /// All labels of the namespace, with those of the user.
    pub fn namespace_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.own_namespace_labels();
        labels.extend(self.spec.labels.as_map().clone());
        labels
    }

    /// Annotations of the namespace that EoD always applies with force. The clock and `/provisioned-at` are not included:
    /// they have other writers.
    pub fn own_namespace_annotations(&self, provenance: &NamespaceProvenance) -> BTreeMap<String, String> {
        let spec = &self.spec;
        let text = |value: Option<&str>| value.map(ToOwned::to_owned);
        let created_at = provenance.created_at.map(|time| whole_seconds(time).to_string());
        let optional = [
            (labels::CREATED_AT, created_at),
            (labels::NONCE, text(provenance.nonce.as_ref().map(Nonce::as_str))),
            (labels::MADE_BY, provenance.made_by.map(|tool| tool.to_string())),
            (labels::OWNER, text(spec.owner.as_ref().map(Owner::as_str))),
            (labels::REPOSITORY, spec.repository.as_ref().map(Repository::canonical)),
            (labels::PR_URL, text(self.pull_request_url.as_ref().map(PullRequestUrl::as_str))),
            (labels::HEAD_SHA, text(spec.head_sha.as_ref().map(HeadSha::as_str))),
            (labels::EXTENSION, spec.extension.clone()),
        ];
        let always = [
            (labels::IDENTITY, self.identity.canonical()),
            (labels::PROTECTED, self.protected.to_string()),
            (labels::SPEC, spec.to_json()),
        ];
        let present = optional.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let mut annotations: BTreeMap<_, _> =
            present.chain(always).map(|(key, value)| (key.to_owned(), value)).collect();
        annotations.extend(spec.mesh.iter().flat_map(Mesh::annotations));
        annotations
    }
}

/// Truncates a time to whole seconds.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn collect<T, E>(mistakes: &mut Vec<EnvironmentMistake>, result: Result<T, Vec<Mistake<E>>>) -> Option<T>
where
    EnvironmentError: From<E>,
{
    result.map_err(|found| mistakes.extend(found.into_iter().map(Mistake::into_mistake))).ok()
}

/// Name of a new environment.
fn name(spec: &EnvironmentSpec, settings: &Settings) -> Result<EnvironmentName, Vec<EnvironmentMistake>> {
    if spec.pull_request.is_some() && spec.branch.is_some() {
        return Err(vec![Mistake::at(["branch"], EnvironmentError::PullRequestAndBranch)]);
    }
    let name = match &spec.name {
        Some(name) => name.clone(),
        None => environment_name(&spec.identity(), settings.name_template.as_ref())
            .map_err(|error| vec![Mistake::at(["name"], error)])?,
    };
    if name.as_str() == settings.control_namespace.as_str() {
        return Err(vec![Mistake::at(["name"], EnvironmentError::ControlNamespace(name))]);
    }
    Ok(name)
}

fn pull_request_url(spec: &EnvironmentSpec) -> Option<PullRequestUrl> {
    let derived = || spec.repository.as_ref()?.pull_request_url(spec.pull_request?)?.parse().ok();
    spec.pull_request_url.clone().or_else(derived)
}

#[cfg(test)]
mod tests;
