//! Whom this is rendered for: Argo CD's word about the Application, the parameters and the policy brought together.
//!
//! Only what the repo-server says about the Application is an identity. Parameters have to agree with it.

use std::collections::BTreeMap;

use eod_domain::{
    Domain, Environment, EnvironmentError, EnvironmentName, EnvironmentSpec, Mistake, NamespaceProvenance, Settings,
    Tier, TierTtlError, environment_name, tier,
};

use crate::parameters::Parameters;
use crate::policy::{DomainRule, ProjectPolicy};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};

/// What Argo CD says about the Application.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Application {
    /// `ARGOCD_APP_NAME`.
    pub name: String,
    /// `ARGOCD_APP_NAMESPACE`: the destination namespace.
    pub namespace: String,
    /// `ARGOCD_APP_PROJECT_NAME`.
    pub project: String,
    /// `KUBE_VERSION`, where it is known.
    pub kube_version: Option<String>,
    /// `KUBE_API_VERSIONS`.
    pub api_versions: Vec<String>,
}

/// The environment that is rendered, every question answered.
#[derive(Clone, Debug)]
pub(crate) struct Preview<'a> {
    pub(crate) environment: Environment,
    pub(crate) parameters: &'a Parameters,
    pub(crate) policy: &'a ProjectPolicy,
    /// The platform's labels and the marks of our own domain, which every object carries.
    pub(crate) labels: BTreeMap<String, String>,
}

impl<'a> Preview<'a> {
    /// Brings everything together.
    ///
    /// # Errors
    ///
    /// Every disagreement there is.
    pub(crate) fn settle(
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
            let remedy = format!("use at most {}", policy.caps.replicas);
            refusals.push(Refusal::new(Location::parameter("replicas"), RefusalRule::Caps, message, remedy));
        }
        secret_refs(name.as_ref(), parameters, policy, &mut refusals);
        let environment = name.and_then(|name| {
            let spec = spec(name, tier, parameters, policy);
            let settings = settings(domain, policy);
            Environment::resolve(&spec, &settings)
                .map_err(|mistakes| refusals.extend(mistakes.iter().map(mistake)))
                .ok()
        });
        match (environment, Refusals::collected(refusals)) {
            (Some(environment), None) => Ok(Self::new(environment, parameters, policy)),
            (_, Some(refusals)) => Err(refusals),
            (None, None) => {
                let location = Location::default().object("the Application");
                Err(Refusal::new(location, RefusalRule::Identity, "it names no environment", "set `environment`")
                    .into())
            }
        }
    }

    /// The name of the environment and its namespace.
    pub(crate) fn name(&self) -> &EnvironmentName {
        &self.environment.name
    }

    fn new(environment: Environment, parameters: &'a Parameters, policy: &'a ProjectPolicy) -> Self {
        let mut marks = environment.ownership_labels();
        marks.retain(|key, _| key.starts_with(eod_domain::labels::DOMAIN));
        let mut labels = policy.default_labels.as_map().clone();
        labels.extend(marks);
        Self { environment, parameters, policy, labels }
    }

    /// No time and no nonce: the same input renders the same bytes.
    pub(crate) fn provenance() -> NamespaceProvenance {
        NamespaceProvenance::default()
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
            let message = format!("the destination namespace can be no environment: {error}");
            let remedy = "set `spec.destination.namespace` to the environment's name";
            refusals.push(Refusal::new(location(), RefusalRule::Identity, message, remedy));
            return None;
        }
    };
    if let Some(wanted) = parameters.environment.as_ref().filter(|wanted| **wanted != name) {
        let message = format!("the parameter says `{wanted}`, and the Application's destination namespace is `{name}`");
        let remedy = "make both the same";
        refusals.push(Refusal::new(Location::parameter("environment"), RefusalRule::Identity, message, remedy));
    }
    let derived = environment_name(&spec_identity(parameters).identity(), None).ok();
    if let (None, Some(derived)) = (&parameters.environment, derived.filter(|derived| *derived != name)) {
        let message =
            format!("the pull request's environment is `{derived}`, and the destination namespace is `{name}`");
        let remedy = format!("set the destination namespace to `{derived}`, or name it with `environment`");
        refusals.push(Refusal::new(Location::parameter("pull-request"), RefusalRule::Identity, message, remedy));
    }
    if !policy.namespaces.iter().any(|pattern| pattern.fits(name.as_str())) {
        let known: Vec<_> = policy.namespaces.iter().map(|pattern| format!("`{pattern}`")).collect();
        let message = format!(
            "the policy lets project `{}` render for {}, not for `{name}`",
            application.project,
            known.join(", ")
        );
        let remedy = "use a namespace that the policy allows";
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
            refuse(format!("the policy's domain is `{domain}`, not `{given}`"), "leave the parameter out");
            None
        }
        (DomainRule::Fixed(domain), _) => Some(domain.clone()),
        (DomainRule::None, Some(given)) => {
            refuse(format!("the policy has no domain, so `{given}` cannot be used"), "leave the parameter out");
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
                "correct the label",
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
        if !prefixes.iter().any(|prefix| prefix.holds(secret, name)) {
            let known: Vec<_> = prefixes.iter().map(|prefix| format!("`{prefix}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!("`{secret}` lies under none of the policy's prefixes: {known}");
            let remedy = "point to this environment's own copy, as `eod_vault_clone.secret_ref` gives it";
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

/// The arguments that `eod_environment` would have.
fn spec(name: EnvironmentName, tier: Option<Tier>, parameters: &Parameters, policy: &ProjectPolicy) -> EnvironmentSpec {
    let identity = spec_identity(parameters);
    let derived = environment_name(&identity.identity(), None).ok();
    let mut network = policy.network.clone();
    if !policy.stable_services.is_empty() {
        network.stable_services = Some(policy.stable_services.clone());
    }
    EnvironmentSpec {
        // What the identity says anyway is not said twice, so that both ways record the same arguments.
        name: (derived.as_ref() != Some(&name)).then_some(name),
        head_sha: parameters.head_sha.clone(),
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

/// Refusal of a mistake in the environment, with a remedy in terms of parameters and policy.
fn mistake(mistake: &Mistake<EnvironmentError>) -> Refusal {
    let location = Location::parameter(mistake.path.join("."));
    let remedy = match &mistake.error {
        EnvironmentError::Ttl(TierTtlError::AboveMaximum { tier, max, .. }) => {
            format!("lower the parameter `ttl` to at most {max}, or raise `tiers.{tier}.max_ttl` in the policy file")
        }
        EnvironmentError::Ttl(TierTtlError::Permanent { .. }) => {
            "remove the parameter `ttl`, or use another tier".to_owned()
        }
        _ => "correct the parameter, or the policy file".to_owned(),
    };
    Refusal::new(location, RefusalRule::Parameter, &mistake.error, remedy)
}

#[cfg(test)]
mod tests;
