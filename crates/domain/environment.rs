//! An environment with every question answered: arguments, presets and platform settings brought together.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::labels::{self, UserLabels};
use crate::limits::ContainerLimits;
use crate::marks::{Claim, Installation, Nonce};
use crate::mesh::Mesh;
use crate::mistake::Mistake;
use crate::name::{EnvironmentName, Identity, Repository, environment_name};
use crate::network::Network;
use crate::owner::Owner;
use crate::pod_security::PodSecurity;
use crate::pull_request::{HeadSha, PullRequestUrl};
use crate::quota::Quota;
use crate::service::{self, Domain, ServiceName};
use crate::settings::Settings;
use crate::spec::{Dns, DnsMode, EnvironmentSpec};
use crate::tier::{Tier, TierSettings};
use crate::ttl::Ttl;

/// An environment, every value decided and checked against the others.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name and that of its namespace.
    pub name: EnvironmentName,
    /// Who it is for.
    pub identity: Identity,
    /// The installation that owns it.
    pub installation: Installation,
    /// Its tier.
    pub tier: Tier,
    /// The numbers of its tier.
    pub tier_settings: TierSettings,
    /// Its TTL; none for a permanent one.
    pub ttl: Option<Ttl>,
    /// Whether the reaper and destroy leave it alone.
    pub protected: bool,
    /// The address of its pull request, given or derived.
    pub pull_request_url: Option<PullRequestUrl>,
    /// Its quota.
    pub quota: Quota,
    /// The limits of its containers.
    pub limits: ContainerLimits,
    /// Its network.
    pub network: Network,
    /// The Pod Security level it enforces.
    pub pod_security: PodSecurity,
    /// The domain of its hosts; none where it has no hosts.
    pub domain: Option<Domain>,
    /// Labels on everything that is made.
    pub default_labels: UserLabels,
    /// The arguments as given.
    pub spec: EnvironmentSpec,
}

/// Where an environment comes from: facts of its making that no argument holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamespaceProvenance {
    /// When it was created; none where objects are rendered without a clock.
    pub created_at: Option<Timestamp>,
    /// The nonce of the create call.
    pub nonce: Option<Nonce>,
}

impl Environment {
    /// Brings arguments, presets and platform settings together, for an environment that is to be made.
    ///
    /// # Errors
    ///
    /// Every mistake there is, each at the path of its argument, sorted by path.
    pub fn resolve(spec: &EnvironmentSpec, settings: &Settings) -> Result<Self, Vec<Mistake>> {
        Self::build(spec, settings, name(spec, settings))
    }

    /// The same for an environment that exists and keeps the name it has: another name template renames nothing.
    ///
    /// # Errors
    ///
    /// As [`Environment::resolve`], with nothing about the name.
    pub fn resolve_named(
        spec: &EnvironmentSpec,
        settings: &Settings,
        name: EnvironmentName,
    ) -> Result<Self, Vec<Mistake>> {
        Self::build(spec, settings, Ok(name))
    }

    fn build(
        spec: &EnvironmentSpec,
        settings: &Settings,
        name: Result<EnvironmentName, Mistake>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let name = collect(&mut mistakes, name.map_err(|mistake| vec![mistake]));
        let tier = spec.tier.unwrap_or(settings.default_tier);
        let tier_settings = settings.tiers.get(tier);
        let ttl = collect(&mut mistakes, tier_settings.ttl_for(tier, spec.ttl).map_err(|mistake| vec![mistake]));
        let quota = tier_settings.quota.with(&spec.quota);
        let limits = collect(&mut mistakes, ContainerLimits::resolve(&spec.limits, &quota));
        let (Some(name), Some(ttl), Some(limits), true) = (name, ttl, limits, mistakes.is_empty()) else {
            mistakes.sort();
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

    /// What we are when we look at the environment's namespace.
    pub fn claim(&self) -> Claim {
        Claim { installation: self.installation.clone(), identity: self.identity.clone() }
    }

    /// The environment's own host, where there is a domain.
    pub fn host(&self) -> Option<String> {
        self.domain.as_ref().map(|domain| service::environment_host(&self.name, domain))
    }

    /// The hosts of its services, where there is a domain.
    pub fn hosts(&self) -> Option<BTreeMap<ServiceName, String>> {
        let domain = self.domain.as_ref()?;
        let host = |service: &ServiceName| (service.clone(), service::host(service, &self.name, domain));
        Some(self.spec.services.iter().map(host).collect())
    }

    /// The labels by which everything of this environment is known: never empty, on every object.
    pub fn marks(&self) -> BTreeMap<String, String> {
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

    /// The labels of every object: the platform's default labels and the marks.
    pub fn object_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.default_labels.as_map().clone();
        labels.extend(self.marks());
        labels
    }

    /// Labels of the namespace that are ours and always forced: marks, Pod Security, mesh, and default labels the user
    /// did not set otherwise.
    pub fn own_namespace_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.object_labels();
        labels.extend(self.pod_security.labels());
        labels.extend(self.spec.mesh.iter().flat_map(Mesh::labels));
        labels.retain(|key, _| !self.spec.labels.as_map().contains_key(key));
        labels
    }

    /// All labels of the namespace: the attribute `effective_labels`.
    pub fn namespace_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.own_namespace_labels();
        labels.extend(self.spec.labels.as_map().clone());
        labels
    }

    /// Annotations of the namespace that are ours and always forced. The clock's and `/provisioned-at` are not among
    /// them: other writers own those.
    pub fn own_namespace_annotations(&self, provenance: &NamespaceProvenance) -> BTreeMap<String, String> {
        let spec = &self.spec;
        let text = |value: Option<&str>| value.map(ToOwned::to_owned);
        let created_at = provenance.created_at.map(|time| whole_seconds(time).to_string());
        let optional = [
            (labels::CREATED_AT, created_at),
            (labels::NONCE, text(provenance.nonce.as_ref().map(Nonce::as_str))),
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

/// The time as we write it down: whole seconds are enough for a life of hours.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn collect<T>(mistakes: &mut Vec<Mistake>, result: Result<T, Vec<Mistake>>) -> Option<T> {
    result.map_err(|found| mistakes.extend(found)).ok()
}

fn name(spec: &EnvironmentSpec, settings: &Settings) -> Result<EnvironmentName, Mistake> {
    if spec.pull_request.is_some() && spec.branch.is_some() {
        return Err(Mistake::at(
            ["branch"],
            "an environment is for a pull request or for a branch; remove `branch` or `pull_request`",
        ));
    }
    let name = match &spec.name {
        Some(name) => name.clone(),
        None => environment_name(&spec.identity(), settings.name_template.as_ref())
            .map_err(|error| Mistake::at(["name"], error))?,
    };
    if name.as_str() == settings.control_namespace.as_str() {
        return Err(Mistake::at(
            ["name"],
            format!(
                "the environment name `{name}` is the control namespace, where EoD keeps its own records; choose \
                    another name"
            ),
        ));
    }
    Ok(name)
}

fn pull_request_url(spec: &EnvironmentSpec) -> Option<PullRequestUrl> {
    let derived = || spec.repository.as_ref()?.pull_request_url(spec.pull_request?)?.parse().ok();
    spec.pull_request_url.clone().or_else(derived)
}

#[cfg(test)]
mod tests;
