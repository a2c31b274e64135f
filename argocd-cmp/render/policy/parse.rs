//! Parser of the policy file.

use std::collections::BTreeMap;
use std::str::FromStr;

use eod_domain::{
    ContainerLimits, LimitsError, LimitsSettings, NetworkSettings, Quantity, Quota, QuotaSettings, Tier,
    TierOverrideError, TierOverrides, Tiers, Ttl, UserLabels,
};
use eod_yaml::{PathStep, YamlLimits, read};

use super::decode::{At, PolicyDecoder, SectionReader};
use super::keys;
use super::{
    ApprovalRule, Caps, DomainRule, HelmRule, IngressRule, NarrowClass, Policy, ProjectPolicy, Registries,
    SecretOperator, SecretPrefix, StoreKind, ToolRule, forbidden_domain,
};
use crate::kind::SourceKind;
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};

/// Parses a policy file. `file` is its name in messages.
///
/// # Errors
///
/// All mistakes, each with its line and path.
pub fn parse_policy(file: &str, bytes: &[u8]) -> Result<Policy, Refusals> {
    let documents = read(bytes, &YamlLimits::default()).map_err(|faults| yaml(file, faults))?;
    let mut decoder = PolicyDecoder::new(file);
    let policy = match documents.as_slice() {
        [document] => policy(&mut decoder, &At { node: &document.root, path: Vec::new() }),
        several => {
            let message = format!("expected one YAML document, got {}", several.len());
            decoder.mistake(1, &[], message, "write `version: 1` and `projects` in one document");
            None
        }
    };
    match (Refusals::collected(decoder.into_mistakes()), policy) {
        (None, Some(policy)) => Ok(policy),
        (Some(mistakes), _) => Err(mistakes),
        (None, None) => Err(Refusal::new(
            Location::file(file),
            RefusalRule::Policy,
            "the policy is empty",
            "write `version: 1` and `projects`",
        )
        .into()),
    }
}

fn yaml(file: &str, faults: Vec<eod_yaml::Fault>) -> Refusals {
    let refusal = |fault: eod_yaml::Fault| {
        let remedy = fault.kind.remedy();
        Refusal::new(Location::file(file).line(fault.line), RefusalRule::Yaml, fault.kind, remedy)
    };
    let refusals = faults.into_iter().map(refusal).collect();
    Refusals::collected(refusals).unwrap_or_else(|| {
        Refusal::new(Location::file(file), RefusalRule::Yaml, "the file cannot be read", "correct the file").into()
    })
}

fn policy(decoder: &mut PolicyDecoder<'_>, at: &At<'_>) -> Option<Policy> {
    let mut section = decoder.section(&keys::FILE, at)?;
    let version = section.take_required("version", decoder);
    if let Some(version) = version {
        let number: Option<u32> = decoder.parsed(Some(version.clone()));
        if let Some(number) = number.filter(|number| *number != 1) {
            let message = format!("unsupported version {number}; the supported version is 1");
            decoder.mistake(version.node.line, &version.path, message, "write `version: 1`");
        }
    }
    let mut projects = BTreeMap::new();
    if let Some(listed) = section.take_required("projects", decoder)
        && let Some(named) = decoder.named(&listed)
    {
        for (name, _, at) in named {
            if let Some(found) = project(decoder, &at) {
                projects.insert(name.to_owned(), found);
            }
        }
        if projects.is_empty() {
            decoder.mistake(listed.node.line, &listed.path, "no project has a valid policy", "add a project");
        }
    }
    section.finish(decoder);
    let other = projects.remove("*").map(Box::new);
    Some(Policy { projects, other })
}

fn project(decoder: &mut PolicyDecoder<'_>, at: &At<'_>) -> Option<ProjectPolicy> {
    let mut section = decoder.section(&keys::PROJECT, at)?;
    let mut project = ProjectPolicy::default();
    // Required, because any default would be a guess about the cluster.
    let namespaces = section.take_required("namespaces", decoder);
    set(&mut project.namespaces, decoder.parsed_list(namespaces));
    let registries = section.take_required("registries", decoder);
    set(&mut project.registries, decoder.parsed_list(registries).map(Registries::Listed));
    set(&mut project.installation, decoder.parsed(section.take("installation")));
    set(&mut project.domain, decoder.parsed(section.take("domain")).map(DomainRule::Fixed));
    let kinds: Option<Vec<SourceKind>> = decoder.parsed_list(section.take("kinds"));
    set(&mut project.kinds, kinds.map(|kinds| kinds.into_iter().collect()));
    set(&mut project.default_labels, labels(decoder, section.take("default_labels")));
    set(&mut project.pod_security, decoder.parsed(section.take("pod_security")));
    set(&mut project.tiers, tiers(decoder, section.take("tiers")));
    set(&mut project.network, network(decoder, section.take("network")));
    set(&mut project.stable_services, decoder.parsed_list(section.take("stable_services")));
    let prefixes: Option<Vec<SecretPrefix>> = decoder.parsed_list(section.take("secret_prefixes"));
    set(&mut project.secret_prefixes, prefixes);
    set(&mut project.sensitive_secret_prefixes, decoder.parsed_list(section.take("sensitive_secret_prefixes")));
    project.image_pull_secret = parsed_unless_empty(decoder, section.take("image_pull_secret"));
    set(&mut project.caps, caps(decoder, section.take("caps")));
    set(&mut project.helm, helm(decoder, section.take("helm")));
    set(&mut project.kustomize, kustomize(decoder, section.take("kustomize")));
    set(&mut project.secrets, secrets(decoder, section.take("secrets")));
    set(&mut project.ingress, ingress(decoder, section.take("ingress")));
    set(&mut project.storage_classes, decoder.parsed_list(section.take("storage_classes")));
    set(&mut project.metadata_allow, metadata_allow(decoder, section.take("metadata_allow")));
    let classes: Option<Vec<NarrowClass>> = decoder.choices(section.take("narrow"));
    set(&mut project.narrow, classes.map(|classes| classes.into_iter().collect()));
    set(&mut project.drop_kinds, decoder.parsed_list(section.take("drop_kinds")));
    project.approval = approval(decoder, &mut section);
    section.finish(decoder);
    Some(project)
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// A value; none if the key is not set or is the empty string.
fn parsed_unless_empty<T: FromStr<Err: std::fmt::Display + 'static>>(
    decoder: &mut PolicyDecoder<'_>,
    at: Option<At<'_>>,
) -> Option<T> {
    at.filter(|at| at.node.text() != Some("")).and_then(|at| decoder.parsed(Some(at)))
}

fn labels(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<UserLabels> {
    let at = at?;
    let mut labels = BTreeMap::new();
    for (key, _, value) in decoder.named(&at)? {
        if let Some(value) = decoder.parsed::<String>(Some(value)) {
            labels.insert(key.to_owned(), value);
        }
    }
    match UserLabels::parse("default_labels", labels) {
        Ok(labels) => Some(labels),
        Err(mistakes) => {
            for mistake in mistakes {
                decoder.mistake(at.node.line, &at.path, mistake.error, "correct the label");
            }
            None
        }
    }
}

fn tiers(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<Tiers> {
    let at = at?;
    let mut overrides: BTreeMap<Tier, TierOverrides> = BTreeMap::new();
    for (name, line, value) in decoder.named(&at)? {
        let tier = match name.parse::<Tier>() {
            Ok(tier) => tier,
            Err(error) => {
                decoder.mistake(line, &value.path, error, "use the name of a tier");
                continue;
            }
        };
        if let Some(settings) = tier_overrides(decoder, &value) {
            overrides.insert(tier, settings);
        }
    }
    match Tiers::default().with_overrides(&overrides) {
        Ok(tiers) => {
            for tier in overrides.keys() {
                check_quota(decoder, &at, *tier, &tiers.get(*tier).quota);
            }
            Some(tiers)
        }
        Err(mistakes) => {
            for mistake in mistakes {
                let path = mistake.path.iter().skip(1).map(|step| PathStep::Key(step.clone()));
                let path: Vec<PathStep> = at.path.iter().cloned().chain(path).collect();
                let remedy = tier_remedy(&mistake.error);
                decoder.mistake(at.node.line, &path, mistake.error, remedy);
            }
            None
        }
    }
}

fn tier_remedy(error: &TierOverrideError) -> String {
    match error {
        TierOverrideError::Permanent(_) => "remove this key".to_owned(),
        TierOverrideError::TtlAboveMaximum { .. } => format!("lower `ttl`, or raise `max_ttl` (at most {})", Ttl::MAX),
        TierOverrideError::WarningTooLong { .. } => "lower `warning`, or raise `ttl`".to_owned(),
    }
}

/// Refuses a quota below the default limits of a container: no environment of the tier could be rendered.
fn check_quota(decoder: &mut PolicyDecoder<'_>, tiers: &At<'_>, tier: Tier, quota: &Quota) {
    let mistakes = ContainerLimits::resolve(&LimitsSettings::default(), quota).err().unwrap_or_default();
    for mistake in mistakes {
        let LimitsError::DefaultAboveMax { resource, default, max } = mistake.error else { continue };
        let keys = [tier.as_str(), "quota", resource].map(|key| PathStep::Key(key.to_owned()));
        let path: Vec<PathStep> = tiers.path.iter().cloned().chain(keys).collect();
        let message = format!("quota {max} is below the default {resource} limit {default} of a container");
        decoder.mistake(tiers.node.line, &path, message, format!("set it to at least {default}"));
    }
}

fn tier_overrides(decoder: &mut PolicyDecoder<'_>, at: &At<'_>) -> Option<TierOverrides> {
    let mut section = decoder.section(&keys::TIER, at)?;
    let (ttl, max_ttl) = (section.take("ttl"), section.take("max_ttl"));
    let (warning, quota_at) = (section.take("warning"), section.take("quota"));
    section.finish(decoder);
    let quota = quota_at.and_then(|at| quota(decoder, &at)).unwrap_or_default();
    Some(TierOverrides {
        ttl: decoder.parsed(ttl),
        max_ttl: decoder.parsed(max_ttl),
        warning: decoder.parsed(warning),
        quota,
    })
}

fn quota(decoder: &mut PolicyDecoder<'_>, at: &At<'_>) -> Option<QuotaSettings> {
    let mut section = decoder.section(&keys::QUOTA, at)?;
    let quota = QuotaSettings {
        cpu: decoder.parsed(section.take("cpu")),
        memory: decoder.parsed(section.take("memory")),
        pods: decoder.parsed(section.take("pods")),
        services: decoder.parsed(section.take("services")),
        persistent_volume_claims: decoder.parsed(section.take("persistent_volume_claims")),
        storage: decoder.parsed(section.take("storage")),
        load_balancers: decoder.parsed(section.take("load_balancers")),
        node_ports: decoder.parsed(section.take("node_ports")),
    };
    section.finish(decoder);
    Some(quota)
}

fn network(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<NetworkSettings> {
    let mut section = decoder.section(&keys::NETWORK, &at?)?;
    let network = NetworkSettings {
        isolation: decoder.parsed(section.take("isolation")),
        allow_from_namespaces: decoder.parsed_list(section.take("allow_from_namespaces")),
        allow_to_namespaces: decoder.parsed_list(section.take("allow_to_namespaces")),
        allow_to_cidrs: decoder.parsed_list(section.take("allow_to_cidrs")),
        // `stable_services` is a key of the project.
        stable_services: None,
        dns_namespace: decoder.parsed(section.take("dns_namespace")),
        ingress_namespaces: decoder.parsed_list(section.take("ingress_namespaces")),
    };
    section.finish(decoder);
    Some(network)
}

fn caps(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<Caps> {
    let mut section = decoder.section(&keys::CAPS, &at?)?;
    let mut caps = Caps::default();
    set(&mut caps.objects, decoder.parsed(section.take("objects")));
    let bytes: Option<Quantity> = decoder.parsed(section.take("bytes"));
    set(&mut caps.bytes, bytes.and_then(|bytes| usize::try_from(bytes.nanos() / 1_000_000_000).ok()));
    set(&mut caps.replicas, decoder.parsed(section.take("replicas")));
    set(&mut caps.cpu, decoder.parsed(section.take("cpu")));
    set(&mut caps.memory, decoder.parsed(section.take("memory")));
    set(&mut caps.storage, decoder.parsed(section.take("storage")));
    section.finish(decoder);
    Some(caps)
}

/// Approval of commits. `null` is a mistake, because it could mean both `{}` and none.
fn approval(decoder: &mut PolicyDecoder<'_>, project: &mut SectionReader<'_>) -> Option<ApprovalRule> {
    const NAME: &str = "approval";
    if let Some((line, path)) = project.take_null(NAME) {
        decoder.mistake(
            line,
            &path,
            "expected a map, got null",
            "write `{}` to require an approval, or remove the key",
        );
    }
    let at = project.take(NAME)?;
    let mut section = decoder.section(&keys::APPROVAL, &at)?;
    let mut rule = ApprovalRule::default();
    let authors = section.take("trusted_authors");
    set(&mut rule.trusted_authors, decoder.parsed_list(authors));
    if let Some(prefix_at) = section.take("label_prefix") {
        let prefix: Option<String> = decoder.parsed(Some(prefix_at.clone()));
        if prefix.as_deref().is_some_and(|prefix| prefix.trim().is_empty()) {
            let message = "prefix is empty, so every label with a commit would approve it";
            decoder.mistake(prefix_at.node.line, &prefix_at.path, message, "write a prefix such as `approved/`");
        }
        set(&mut rule.label_prefix, prefix);
    }
    section.finish(decoder);
    Some(rule)
}

fn helm(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<HelmRule> {
    let mut section = decoder.section(&keys::HELM, &at?)?;
    let mut helm = HelmRule::default();
    tool(decoder, &mut section, &mut helm.tool);
    helm.random = decoder.choice(section.take("random"));
    set(&mut helm.repositories, decoder.parsed_list(section.take("repositories")));
    section.finish(decoder);
    Some(helm)
}

fn kustomize(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<ToolRule> {
    let mut section = decoder.section(&keys::KUSTOMIZE, &at?)?;
    let mut kustomize = ToolRule::named("kustomize");
    tool(decoder, &mut section, &mut kustomize);
    section.finish(decoder);
    Some(kustomize)
}

/// Keys that both tools have.
fn tool(decoder: &mut PolicyDecoder<'_>, section: &mut SectionReader<'_>, tool: &mut ToolRule) {
    set(&mut tool.enabled, decoder.boolean(section.take("enabled")));
    set(&mut tool.binary, decoder.parsed(section.take("binary")));
    set(&mut tool.sandbox, decoder.choice(section.take("sandbox")));
}

/// Values of `secrets.kind`.
#[derive(Clone, Copy, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
enum SecretsKind {
    ExternalSecrets,
    VaultOperator,
    None,
}

fn secrets(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<SecretOperator> {
    let mut section = decoder.section(&keys::SECRETS, &at?)?;
    let kind_at = section.take_required("kind", decoder);
    let kind = decoder.choice(kind_at);
    let store: Option<String> = match kind {
        Some(SecretsKind::None) | None => section.take("store").and_then(|at| decoder.parsed(Some(at))),
        Some(_) => {
            let at = section.take_required("store", decoder);
            decoder.parsed(at)
        }
    };
    let store_kind = decoder.choice(section.take("store_kind")).unwrap_or(StoreKind::ClusterSecretStore);
    section.finish(decoder);
    Some(match (kind?, store) {
        (SecretsKind::None, _) | (_, None) => SecretOperator::None,
        (SecretsKind::ExternalSecrets, Some(store)) => SecretOperator::ExternalSecrets { store, store_kind },
        (SecretsKind::VaultOperator, Some(auth)) => SecretOperator::VaultOperator { auth },
    })
}

fn ingress(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<IngressRule> {
    let mut section = decoder.section(&keys::INGRESS, &at?)?;
    let gateway = section.take("gateway").filter(|at| at.node.text() != Some(""));
    let rule = IngressRule {
        gateway: gateway.and_then(|at| gateway_name(decoder, &at)),
        class: parsed_unless_empty(decoder, section.take("class")),
        tls_secret: parsed_unless_empty(decoder, section.take("tls_secret")),
        private: decoder.boolean(section.take("private")).unwrap_or(true),
    };
    section.finish(decoder);
    Some(rule)
}

fn gateway_name(
    decoder: &mut PolicyDecoder<'_>,
    at: &At<'_>,
) -> Option<(eod_domain::NamespaceName, eod_domain::NamespaceName)> {
    let text: String = decoder.parsed(Some(at.clone()))?;
    let parts = text.split_once('/').and_then(|(namespace, name)| Some((namespace.parse().ok()?, name.parse().ok()?)));
    if parts.is_none() {
        let message = format!("invalid gateway `{text}`: expected `<namespace>/<name>`");
        decoder.mistake(at.node.line, &at.path, message, "write a value such as `ingress/private`");
    }
    parts
}

fn metadata_allow(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<Vec<String>> {
    let items = decoder.list(at)?;
    let mut prefixes = Vec::new();
    for item in items {
        let Some(prefix) = decoder.parsed::<String>(Some(item.clone())) else { continue };
        if let Some(forbidden) = forbidden_domain(&prefix) {
            let message = format!("prefix `{prefix}` is never allowed: a source must not set keys of `{forbidden}`");
            decoder.mistake(item.node.line, &item.path, message, "remove the prefix");
        } else if !prefix.contains('/') {
            let message = format!("prefix `{prefix}` has no slash, so it would match several domains");
            decoder.mistake(item.node.line, &item.path, message, format!("write `{prefix}/`"));
        } else {
            prefixes.push(prefix);
        }
    }
    Some(prefixes)
}
