//! The environment of a render, resolved from the Application, its parameters and the policy.
//!
//! Only the facts that the repo-server sends about the Application are trusted. Parameters must agree with them.

mod approval;

use std::collections::BTreeMap;

use eod_domain::labels;
use eod_domain::ledger::MadeBy;
use eod_domain::{
    Domain, Environment, EnvironmentError, EnvironmentName, EnvironmentSpec, Mistake, NamespaceProvenance, Settings,
    Tier, TierTtlError, environment_name, tier,
};

use crate::parameters::Parameters;
use crate::policy::{DomainRule, ProjectPolicy};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};

/// Facts that Argo CD sends about the Application.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Application {
    /// `ARGOCD_APP_NAME`.
    pub name: String,
    /// `ARGOCD_APP_NAMESPACE`: the destination namespace.
    pub namespace: String,
    /// `ARGOCD_APP_PROJECT_NAME`.
    pub project: String,
    /// `ARGOCD_APP_SOURCE_REPO_URL`: URL of the source's repository; empty if not known.
    pub repository: String,
    /// `ARGOCD_APP_REVISION`: the commit of the source; none for a local directory.
    pub revision: Option<String>,
    /// `KUBE_VERSION`, if known.
    pub kube_version: Option<String>,
    /// `KUBE_API_VERSIONS`.
    pub api_versions: Vec<String>,
}

/// The resolved environment of a render.
#[derive(Clone, Debug)]
pub(crate) struct Preview<'a> {
    pub(crate) environment: Environment,
    pub(crate) parameters: &'a Parameters,
    pub(crate) policy: &'a ProjectPolicy,
    /// Labels of every object: the policy's default labels and EoD's ownership labels.
    pub(crate) labels: BTreeMap<String, String>,
}

impl<'a> Preview<'a> {
    /// Resolves the environment.
    ///
    /// # Errors
    ///
    /// All disagreements between Application, parameters and policy.
    pub(crate) fn resolve(
        application: &Application,
        parameters: &'a Parameters,
        policy: &'a ProjectPolicy,
    ) -> Result<Self, Refusals> {
        let mut refusals = Vec::new();
        let name = name(application, parameters, policy, &mut refusals);
        let domain = domain(parameters, policy, &mut refusals);
        let tier = chosen_tier(parameters, &mut refusals);
        if parameters.replicas > policy.caps.replicas {
            let message =
                format!("{} replicas are above the policy's cap of {}", parameters.replicas, policy.caps.replicas);
            let remedy = format!("set at most {}", policy.caps.replicas);
            refusals.push(Refusal::new(Location::parameter("replicas"), RefusalRule::Caps, message, remedy));
        }
        secret_refs(name.as_ref(), parameters, policy, &mut refusals);
        refusals.extend(approval::refusal(application, parameters, policy.approval.as_ref()));
        let environment = name.and_then(|name| {
            let spec = spec(name, tier, parameters, policy);
            let settings = settings(domain, policy);
            let tier = spec.tier.unwrap_or(settings.default_tier);
            let refusal = |mistake: &Mistake<EnvironmentError>| environment_refusal(mistake, tier);
            Environment::resolve(&spec, &settings)
                .map_err(|mistakes| refusals.extend(mistakes.iter().map(refusal)))
                .ok()
        });
        match (environment, Refusals::collected(refusals)) {
            (Some(environment), None) => Ok(Self::new(environment, parameters, policy)),
            (_, Some(refusals)) => Err(refusals),
            (None, None) => {
                let location = Location::default().object("the Application");
                Err(Refusal::new(
                    location,
                    RefusalRule::Identity,
                    "the environment has no name",
                    "set the parameter `environment`",
                )
                .into())
            }
        }
    }

    /// Name of the environment and of its namespace.
    pub(crate) fn name(&self) -> &EnvironmentName {
        &self.environment.name
    }

    /// Labels that never change during the life of the environment, for fields that the API server does not change.
    pub(crate) fn constant_labels(&self) -> BTreeMap<String, String> {
        let mut constant = self.labels.clone();
        constant.retain(|key, _| [labels::ENV, labels::INSTALLATION].contains(&key.as_str()));
        constant
    }

    fn new(environment: Environment, parameters: &'a Parameters, policy: &'a ProjectPolicy) -> Self {
        let mut ownership = environment.ownership_labels();
        ownership.retain(|key, _| key.starts_with(labels::DOMAIN));
        let mut labels = policy.default_labels.as_map().clone();
        labels.extend(ownership);
        Self { environment, parameters, policy, labels }
    }

    /// True if Argo CD deletes the environment only after a confirmation, which the reaper or a person gives.
    pub(crate) fn needs_confirmation(&self) -> bool {
        let Environment { tier, protected, .. } = &self.environment;
        *protected || matches!(tier, Tier::Compliance | Tier::Staging)
    }

    /// Provenance without time and nonce, so that the same input renders the same bytes.
    pub(crate) fn provenance() -> NamespaceProvenance {
        NamespaceProvenance { made_by: Some(MadeBy::Argocd), ..NamespaceProvenance::default() }
    }
}

fn name(
    application: &Application,
    parameters: &Parameters,
    policy: &ProjectPolicy,
    refusals: &mut Vec<Refusal>,
) -> Option<EnvironmentName> {
    let location = || Location::default().object(format!("Application {}", application.name));
    let name = match application.namespace.parse::<EnvironmentName>() {
        Ok(name) => name,
        Err(error) => {
            let message = format!("the destination namespace is not a valid name of an environment: {error}");
            let remedy = "set `spec.destination.namespace` to the name of the environment";
            refusals.push(Refusal::new(location(), RefusalRule::Identity, message, remedy));
            return None;
        }
    };
    if let Some(given) = parameters.environment.as_ref().filter(|given| **given != name) {
        let message = format!("expected the Application's destination namespace `{name}`, got `{given}`");
        let remedy = "set the parameter and `spec.destination.namespace` to the same name";
        refusals.push(Refusal::new(Location::parameter("environment"), RefusalRule::Identity, message, remedy));
    }
    let derived = environment_name(&spec_identity(parameters).identity(), None).ok();
    if let (None, Some(derived)) = (&parameters.environment, derived.filter(|derived| *derived != name)) {
        let message =
            format!("the pull request's environment is `{derived}`, but the destination namespace is `{name}`");
        let remedy =
            format!("set `spec.destination.namespace` to `{derived}`, or set the parameter `environment` to `{name}`");
        refusals.push(Refusal::new(Location::parameter("pull-request"), RefusalRule::Identity, message, remedy));
    }
    if !policy.namespaces.iter().any(|pattern| pattern.matches(name.as_str())) {
        let known: Vec<_> = policy.namespaces.iter().map(|pattern| format!("`{pattern}`")).collect();
        let message = format!(
            "namespace `{name}` is not allowed for project `{}`; allowed are: {}",
            application.project,
            known.join(", ")
        );
        let remedy = "use an allowed namespace, or have the platform add it to `namespaces` in the policy";
        refusals.push(Refusal::new(location(), RefusalRule::Identity, message, remedy));
    }
    Some(name)
}

fn domain(parameters: &Parameters, policy: &ProjectPolicy, refusals: &mut Vec<Refusal>) -> Option<Domain> {
    let mut refuse = |message: String, remedy: &str| {
        refusals.push(Refusal::new(Location::parameter("domain"), RefusalRule::Host, message, remedy));
    };
    match (&policy.domain, &parameters.domain) {
        (DomainRule::Parameter, given) => given.clone(),
        (DomainRule::Fixed(domain), Some(given)) if given != domain => {
            refuse(format!("expected the policy's domain `{domain}`, got `{given}`"), "remove the parameter");
            None
        }
        (DomainRule::Fixed(domain), _) => Some(domain.clone()),
        (DomainRule::None, Some(given)) => {
            let remedy = "remove the parameter, or have the platform set `domain` in the policy";
            refuse(format!("`{given}` is not allowed: the policy has no domain"), remedy);
            None
        }
        (DomainRule::None, None) => None,
    }
}

fn chosen_tier(parameters: &Parameters, refusals: &mut Vec<Refusal>) -> Option<Tier> {
    if parameters.tier.is_some() || parameters.labels.is_empty() {
        return parameters.tier;
    }
    match tier::<_, &str>(&parameters.labels, &[]) {
        Ok(choice) => Some(choice.tier),
        Err(error) => {
            refusals.push(Refusal::new(
                Location::parameter("labels"),
                RefusalRule::Parameter,
                error,
                "use at most one valid label `tier/<name>`",
            ));
            None
        }
    }
}

fn secret_refs(
    name: Option<&EnvironmentName>,
    parameters: &Parameters,
    policy: &ProjectPolicy,
    refusals: &mut Vec<Refusal>,
) {
    let Some(name) = name else { return };
    let rows = [
        ("secretRef", &parameters.secret_ref, &policy.secret_prefixes),
        ("sensitiveSecretRef", &parameters.sensitive_secret_ref, &policy.sensitive_secret_prefixes),
    ];
    for (parameter, secret, prefixes) in rows {
        let Some(secret) = secret else { continue };
        if !prefixes.iter().any(|prefix| prefix.allows(&secret.value, name)) {
            let known: Vec<_> = prefixes.iter().map(|prefix| format!("`{prefix}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!("`{}` is not under an allowed prefix; allowed are: {known}", secret.value);
            let remedy = "use the environment's own copy, as `eod_vault_clone.secret_ref` returns it";
            refusals.push(Refusal::new(Location::parameter(parameter), RefusalRule::Secret, message, remedy));
        }
    }
}

fn spec_identity(parameters: &Parameters) -> EnvironmentSpec {
    EnvironmentSpec {
        repository: parameters.repository.clone(),
        pull_request: parameters.pull_request,
        ..EnvironmentSpec::default()
    }
}

/// The specification that `eod_environment` would have.
fn spec(name: EnvironmentName, tier: Option<Tier>, parameters: &Parameters, policy: &ProjectPolicy) -> EnvironmentSpec {
    let identity = spec_identity(parameters);
    let derived = environment_name(&identity.identity(), None).ok();
    let mut network = policy.network.clone();
    if !policy.stable_services.is_empty() {
        network.stable_services = Some(policy.stable_services.clone());
    }
    EnvironmentSpec {
        // A derived name is not set, so that the plugin and Terraform record the same specification.
        name: (derived.as_ref() != Some(&name)).then_some(name),
        head_sha: parameters.head_sha.as_ref().map(|given| given.value.clone()),
        owner: parameters.owner.clone(),
        tier,
        ttl: parameters.ttl,
        services: parameters.services.clone().unwrap_or_default(),
        network,
        pod_security: Some(policy.pod_security).filter(|level| *level != eod_domain::PodSecurity::default()),
        image_pull_secrets: policy.image_pull_secret.iter().cloned().collect(),
        ..identity
    }
}

fn settings(domain: Option<Domain>, policy: &ProjectPolicy) -> Settings {
    Settings {
        installation: policy.installation.clone(),
        domain,
        default_labels: policy.default_labels.clone(),
        tiers: policy.tiers.clone(),
        ..Settings::default()
    }
}

/// Refusal of a mistake in the environment. Location and remedy are about parameters and the policy file, because users
/// of Argo CD have no other arguments.
fn environment_refusal(mistake: &Mistake<EnvironmentError>, tier: Tier) -> Refusal {
    let error = &mistake.error;
    let parameter =
        |name: &str, remedy: String| Refusal::new(Location::parameter(name), RefusalRule::Parameter, error, remedy);
    match error {
        EnvironmentError::Ttl(TierTtlError::AboveMaximum { tier, max, .. }) => parameter(
            "ttl",
            format!("set `ttl` to at most {max}, or have the platform raise `tiers.{tier}.max_ttl` in the policy"),
        ),
        EnvironmentError::Ttl(TierTtlError::Permanent { .. }) => {
            parameter("ttl", "remove the parameter, or use another tier".to_owned())
        }
        // Limits of containers are no parameters, so only a quota of the policy can be too small for their defaults. The check
        // of the policy has refused it.
        EnvironmentError::Limits(_) => {
            let location = Location::default().object(format!("policy tiers.{tier}.quota"));
            Refusal::new(location, RefusalRule::Policy, error, "have the platform raise the quota in the policy")
        }
        EnvironmentError::Name(_) | EnvironmentError::ControlNamespace(_) => {
            let remedy = "set `spec.destination.namespace` and the parameter `environment` to another name";
            Refusal::new(Location::parameter("environment"), RefusalRule::Identity, error, remedy)
        }
        EnvironmentError::PullRequestAndBranch => {
            parameter("pull-request", "correct the parameter in the Application".to_owned())
        }
    }
}

#[cfg(test)]
mod tests;
