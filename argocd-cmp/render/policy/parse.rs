//! Reads the policy file.

use std::collections::BTreeMap;
use std::str::FromStr;

use eod_domain::{Isolation, NetworkSettings, Quantity, QuotaSettings, Tier, TierOverrides, Tiers, UserLabels};

use super::decode::{At, PolicyDecoder};
use super::{
    Caps, DomainRule, IngressRule, Policy, ProjectPolicy, Registries, Sandbox, SecretPrefix, Secrets, StoreKind,
    ToolRule,
};
use crate::kind::SourceKind;
use crate::node::PathStep;
use crate::read::{YamlLimits, read};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};

/// Domains of metadata keys that stay ours or Argo CD's, whatever a policy says.
const NEVER_METADATA: [&str; 4] = ["environment.on-demand", "argoproj.io", "istio.io", "pod-security.kubernetes.io"];

/// Reads a policy. `file` is its name in messages.
///
/// # Errors
///
/// Every mistake there is, each with its line and path.
pub fn parse_policy(file: &str, bytes: &[u8]) -> Result<Policy, Refusals> {
    let documents = read(bytes, &YamlLimits::default()).map_err(|faults| yaml(file, faults))?;
    let mut decoder = PolicyDecoder::new(file);
    let policy = match documents.as_slice() {
        [document] => policy(&mut decoder, &At { node: &document.root, path: Vec::new() }),
        several => {
            let message = format!("expected one document, got {}", several.len());
            decoder.mistake(1, &[], message, "write `version: 1` and `projects:` in one document");
            None
        }
    };
    match (Refusals::collected(decoder.finish()), policy) {
        (None, Some(policy)) => Ok(policy),
        (Some(mistakes), _) => Err(mistakes),
        (None, None) => {
            Err(Refusal::new(Location::file(file), RefusalRule::Policy, "it says nothing", "write a policy").into())
        }
    }
}

fn yaml(file: &str, faults: Vec<crate::read::Fault>) -> Refusals {
    let refusal = |fault: crate::read::Fault| {
        let remedy = fault.kind.remedy();
        Refusal::new(Location::file(file).line(fault.line), RefusalRule::Yaml, fault.kind, remedy)
    };
    let refusals = faults.into_iter().map(refusal).collect();
    Refusals::collected(refusals).unwrap_or_else(|| {
        Refusal::new(Location::file(file), RefusalRule::Yaml, "it cannot be read", "correct it").into()
    })
}

fn policy(decoder: &mut PolicyDecoder<'_>, at: &At<'_>) -> Option<Policy> {
    let mut fields = decoder.map(at)?;
    let version = fields.need("version", decoder);
    if let Some(version) = version {
        let number: Option<u32> = decoder.parsed(Some(version.clone()));
        if number.is_some_and(|number| number != 1) {
            decoder.mistake(version.node.line, &version.path, "only version 1 is known", "write `version: 1`");
        }
    }
    let mut projects = BTreeMap::new();
    if let Some(listed) = fields.need("projects", decoder)
        && let Some(mut named) = decoder.map(&listed)
    {
        for (name, _, at) in named.take_all() {
            if let Some(found) = project(decoder, &at) {
                projects.insert(name, found);
            }
        }
        if projects.is_empty() {
            decoder.mistake(listed.node.line, &listed.path, "no project is allowed anything", "name a project");
        }
    }
    fields.finish(decoder);
    let other = projects.remove("*").map(Box::new);
    Some(Policy { projects, other })
}

fn project(decoder: &mut PolicyDecoder<'_>, at: &At<'_>) -> Option<ProjectPolicy> {
    let mut fields = decoder.map(at)?;
    let mut project = ProjectPolicy::default();
    // What must be said by the platform, because any default would be a guess about somebody's cluster.
    let namespaces = fields.need("namespaces", decoder);
    set(&mut project.namespaces, decoder.parsed_list(namespaces));
    let registries = fields.need("registries", decoder);
    set(&mut project.registries, decoder.parsed_list(registries).map(Registries::Listed));
    set(&mut project.installation, decoder.parsed(fields.take("installation")));
    set(&mut project.domain, decoder.parsed(fields.take("domain")).map(DomainRule::Fixed));
    let kinds: Option<Vec<SourceKind>> = decoder.parsed_list(fields.take("kinds"));
    set(&mut project.kinds, kinds.map(|kinds| kinds.into_iter().collect()));
    set(&mut project.default_labels, labels(decoder, fields.take("default_labels")));
    set(&mut project.pod_security, decoder.parsed(fields.take("pod_security")));
    set(&mut project.tiers, tiers(decoder, fields.take("tiers")));
    set(&mut project.network, network(decoder, fields.take("network")));
    set(&mut project.stable_services, decoder.parsed_list(fields.take("stable_services")));
    let prefixes: Option<Vec<SecretPrefix>> = decoder.parsed_list(fields.take("secret_prefixes"));
    set(&mut project.secret_prefixes, prefixes);
    set(&mut project.sensitive_secret_prefixes, decoder.parsed_list(fields.take("sensitive_secret_prefixes")));
    project.image_pull_secret = optional(decoder, fields.take("image_pull_secret"));
    set(&mut project.caps, caps(decoder, fields.take("caps")));
    set(&mut project.helm, tool(decoder, fields.take("helm"), "helm"));
    set(&mut project.kustomize, tool(decoder, fields.take("kustomize"), "kustomize"));
    set(&mut project.secrets, secrets(decoder, fields.take("secrets")));
    set(&mut project.ingress, ingress(decoder, fields.take("ingress")));
    set(&mut project.storage_classes, decoder.parsed_list(fields.take("storage_classes")));
    set(&mut project.metadata_allow, metadata_allow(decoder, fields.take("metadata_allow")));
    fields.finish(decoder);
    Some(project)
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// A value that may be written as an empty text to say that there is none.
fn optional<T: FromStr<Err: std::fmt::Display>>(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<T> {
    at.filter(|at| at.node.text() != Some("")).and_then(|at| decoder.parsed(Some(at)))
}

fn labels(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<UserLabels> {
    let at = at?;
    let mut fields = decoder.map(&at)?;
    let mut labels = BTreeMap::new();
    for (key, _, value) in fields.take_all() {
        if let Some(value) = decoder.parsed::<String>(Some(value)) {
            labels.insert(key, value);
        }
    }
    match UserLabels::parse("default_labels", labels) {
        Ok(labels) => Some(labels),
        Err(mistakes) => {
            for mistake in mistakes {
                decoder.mistake(at.node.line, &at.path, mistake.message, "correct the label");
            }
            None
        }
    }
}

fn tiers(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<Tiers> {
    let at = at?;
    let mut fields = decoder.map(&at)?;
    let mut overrides: BTreeMap<Tier, TierOverrides> = BTreeMap::new();
    for (name, line, value) in fields.take_all() {
        let tier = match name.parse::<Tier>() {
            Ok(tier) => tier,
            Err(error) => {
                decoder.mistake(line, &value.path, error, "use a tier's name");
                continue;
            }
        };
        if let Some(settings) = tier_overrides(decoder, &value) {
            overrides.insert(tier, settings);
        }
    }
    match Tiers::default().with_overrides(&overrides) {
        Ok(tiers) => Some(tiers),
        Err(mistakes) => {
            for mistake in mistakes {
                let path = mistake.path.iter().skip(1).map(|step| PathStep::Key(step.clone()));
                let path: Vec<PathStep> = at.path.iter().cloned().chain(path).collect();
                decoder.mistake(at.node.line, &path, mistake.message, "correct the value");
            }
            None
        }
    }
}

fn tier_overrides(decoder: &mut PolicyDecoder<'_>, at: &At<'_>) -> Option<TierOverrides> {
    let mut fields = decoder.map(at)?;
    let (ttl, max_ttl) = (fields.take("ttl"), fields.take("max_ttl"));
    let (warning, quota_at) = (fields.take("warning"), fields.take("quota"));
    fields.finish(decoder);
    let quota = quota_at.and_then(|at| quota(decoder, &at)).unwrap_or_default();
    Some(TierOverrides {
        ttl: decoder.parsed(ttl),
        max_ttl: decoder.parsed(max_ttl),
        warning: decoder.parsed(warning),
        quota,
    })
}

fn quota(decoder: &mut PolicyDecoder<'_>, at: &At<'_>) -> Option<QuotaSettings> {
    let mut fields = decoder.map(at)?;
    let quota = QuotaSettings {
        cpu: decoder.parsed(fields.take("cpu")),
        memory: decoder.parsed(fields.take("memory")),
        pods: decoder.parsed(fields.take("pods")),
        services: decoder.parsed(fields.take("services")),
        persistent_volume_claims: decoder.parsed(fields.take("persistent_volume_claims")),
        storage: decoder.parsed(fields.take("storage")),
        load_balancers: decoder.parsed(fields.take("load_balancers")),
        node_ports: decoder.parsed(fields.take("node_ports")),
    };
    fields.finish(decoder);
    Some(quota)
}

fn network(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<NetworkSettings> {
    let mut fields = decoder.map(&at?)?;
    let isolation = [("strict", Isolation::Strict), ("none", Isolation::None)];
    let network = NetworkSettings {
        isolation: decoder.word(fields.take("isolation"), &isolation),
        allow_from_namespaces: decoder.parsed_list(fields.take("allow_from_namespaces")),
        allow_to_namespaces: decoder.parsed_list(fields.take("allow_to_namespaces")),
        allow_to_cidrs: decoder.parsed_list(fields.take("allow_to_cidrs")),
        // They have a key of their own, beside `network`.
        stable_services: None,
        dns_namespace: decoder.parsed(fields.take("dns_namespace")),
        ingress_namespaces: decoder.parsed_list(fields.take("ingress_namespaces")),
    };
    fields.finish(decoder);
    Some(network)
}

fn caps(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<Caps> {
    let mut fields = decoder.map(&at?)?;
    let mut caps = Caps::default();
    set(&mut caps.objects, decoder.parsed(fields.take("objects")));
    let bytes: Option<Quantity> = decoder.parsed(fields.take("bytes"));
    set(&mut caps.bytes, bytes.and_then(|bytes| usize::try_from(bytes.nanos() / 1_000_000_000).ok()));
    set(&mut caps.replicas, decoder.parsed(fields.take("replicas")));
    set(&mut caps.cpu, decoder.parsed(fields.take("cpu")));
    set(&mut caps.memory, decoder.parsed(fields.take("memory")));
    set(&mut caps.storage, decoder.parsed(fields.take("storage")));
    fields.finish(decoder);
    Some(caps)
}

fn tool(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>, name: &str) -> Option<ToolRule> {
    let mut fields = decoder.map(&at?)?;
    let mut tool = ToolRule::named(name);
    set(&mut tool.enabled, decoder.switch(fields.take("enabled")));
    set(&mut tool.binary, decoder.parsed(fields.take("binary")));
    let words = [("required", Sandbox::Required), ("best-effort", Sandbox::BestEffort)];
    set(&mut tool.sandbox, decoder.word(fields.take("sandbox"), &words));
    fields.finish(decoder);
    Some(tool)
}

fn secrets(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<Secrets> {
    #[derive(Clone, Copy)]
    enum SecretsKind {
        None,
        ExternalSecrets,
        VaultOperator,
    }
    let at = at?;
    let mut fields = decoder.map(&at)?;
    let words = [
        ("external-secrets", SecretsKind::ExternalSecrets),
        ("vault-operator", SecretsKind::VaultOperator),
        ("none", SecretsKind::None),
    ];
    let kind_at = fields.need("kind", decoder);
    let kind = decoder.word(kind_at, &words);
    let store: Option<String> = match kind {
        Some(SecretsKind::None) | None => fields.take("store").and_then(|at| decoder.parsed(Some(at))),
        Some(_) => {
            let at = fields.need("store", decoder);
            decoder.parsed(at)
        }
    };
    let kinds = [("ClusterSecretStore", StoreKind::ClusterSecretStore), ("SecretStore", StoreKind::SecretStore)];
    let store_kind = decoder.word(fields.take("store_kind"), &kinds).unwrap_or(StoreKind::ClusterSecretStore);
    fields.finish(decoder);
    Some(match (kind?, store) {
        (SecretsKind::None, _) | (_, None) => Secrets::None,
        (SecretsKind::ExternalSecrets, Some(store)) => Secrets::ExternalSecrets { store, store_kind },
        (SecretsKind::VaultOperator, Some(auth)) => Secrets::VaultOperator { auth },
    })
}

fn ingress(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<IngressRule> {
    let mut fields = decoder.map(&at?)?;
    let gateway = fields.take("gateway").filter(|at| at.node.text() != Some(""));
    let rule = IngressRule {
        gateway: gateway.and_then(|at| gateway_name(decoder, &at)),
        class: optional(decoder, fields.take("class")),
        tls_secret: optional(decoder, fields.take("tls_secret")),
        private: decoder.switch(fields.take("private")).unwrap_or(true),
    };
    fields.finish(decoder);
    Some(rule)
}

fn gateway_name(
    decoder: &mut PolicyDecoder<'_>,
    at: &At<'_>,
) -> Option<(eod_domain::NamespaceName, eod_domain::NamespaceName)> {
    let text: String = decoder.parsed(Some(at.clone()))?;
    let parts = text.split_once('/').and_then(|(namespace, name)| Some((namespace.parse().ok()?, name.parse().ok()?)));
    if parts.is_none() {
        let message = format!("`{text}` is no gateway; expected `<namespace>/<name>`");
        decoder.mistake(at.node.line, &at.path, message, "write for example `ingress/private`");
    }
    parts
}

fn metadata_allow(decoder: &mut PolicyDecoder<'_>, at: Option<At<'_>>) -> Option<Vec<String>> {
    let items = decoder.list(at)?;
    let mut prefixes = Vec::new();
    for item in items {
        let Some(prefix) = decoder.parsed::<String>(Some(item.clone())) else { continue };
        let domain = prefix.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let lies_in =
            |never: &&str| domain.strip_suffix(*never).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if let Some(never) = NEVER_METADATA.into_iter().find(lies_in) {
            let message = format!("`{prefix}` lies in `{never}`, whose keys no source may set");
            decoder.mistake(item.node.line, &item.path, message, "remove it");
        } else if !prefix.contains('/') {
            let message = format!("`{prefix}` has no slash, so it could be the beginning of any domain");
            decoder.mistake(item.node.line, &item.path, message, format!("write `{prefix}/`"));
        } else {
            prefixes.push(prefix);
        }
    }
    Some(prefixes)
}
