//! Policy of the platform: limits on the output of each Argo CD project. Nothing in a repository can extend it.
//!
//! [`crate::reference::policy_sections`] describes the file. Unknown keys are refused, and all mistakes are reported
//! together, each with its line and path.

mod approval;
mod decode;
mod keys;
mod narrowing;
mod parse;
mod pattern;
mod repository;

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::{
    Domain, Installation, NamespaceName, NetworkSettings, PodSecurity, Quantity, SecretName, StableService, Tiers,
    UserLabels,
};

pub use self::approval::ApprovalRule;
pub(crate) use self::keys::POLICY_SECTIONS;
pub use self::keys::{KeyDefault, PolicyKey, PolicySection};
pub use self::narrowing::{KindPattern, KindPatternError, NarrowClass, NarrowDescription};
pub use self::parse::parse_policy;
pub use self::pattern::{NamePattern, NamePatternError, SecretPrefix, SecretPrefixError};
pub use self::repository::{ChartProtocol, ChartRepository, ChartRepositoryError};
use crate::image::{ImageName, Registry};
use crate::kind::SourceKind;
use crate::refusal::{Location, Refusal, RefusalRule};

/// Policies of a platform, one per Argo CD project.
#[derive(Clone, Debug)]
pub struct Policy {
    projects: BTreeMap<String, ProjectPolicy>,
    /// Policy of all projects that are not named.
    other: Option<Box<ProjectPolicy>>,
}

/// Policy of one Argo CD project.
#[derive(Clone, Debug)]
pub struct ProjectPolicy {
    /// EoD installation that owns the rendered objects.
    pub installation: Installation,
    /// Allowed destination namespaces; none if empty.
    pub namespaces: Vec<NamePattern>,
    /// Domain of hosts.
    pub domain: DomainRule,
    /// Allowed registries of images.
    pub registries: Registries,
    /// Allowed kinds of a source.
    pub kinds: BTreeSet<SourceKind>,
    /// Labels of all rendered objects.
    pub default_labels: UserLabels,
    /// Pod Security level.
    pub pod_security: PodSecurity,
    /// Tiers with the platform's overrides.
    pub tiers: Tiers,
    /// Network of the environments.
    pub network: NetworkSettings,
    /// Shared services that environments can reach.
    pub stable_services: Vec<StableService>,
    /// Allowed values of `secretRef`.
    pub secret_prefixes: Vec<SecretPrefix>,
    /// Allowed values of `sensitiveSecretRef`.
    pub sensitive_secret_prefixes: Vec<SecretPrefix>,
    /// Pull secret that the platform creates in every namespace.
    pub image_pull_secret: Option<SecretName>,
    /// Upper limits.
    pub caps: Caps,
    /// Use of the Helm binary.
    pub helm: HelmRule,
    /// Use of the kustomize binary.
    pub kustomize: ToolRule,
    /// Operator that creates Secrets from references.
    pub secrets: SecretOperator,
    /// Access from outside the cluster.
    pub ingress: IngressRule,
    /// Allowed storage classes of claims.
    pub storage_classes: Vec<String>,
    /// Further allowed prefixes of label and annotation keys.
    pub metadata_allow: Vec<String>,
    /// Classes of requests that are removed. Requests of other classes are refused.
    pub narrow: BTreeSet<NarrowClass>,
    /// Kinds that the class `kinds` drops, unless the policy allows them.
    pub drop_kinds: Vec<KindPattern>,
    /// Approval of each commit; none if no commit needs one.
    pub approval: Option<ApprovalRule>,
}

/// Domain of hosts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DomainRule {
    /// No domain: objects with hosts are refused.
    None,
    /// Domain of the policy file.
    Fixed(Domain),
    /// Domain of the parameter `domain`, for local renders without a policy file.
    Parameter,
}

/// Allowed registries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Registries {
    /// All registries, for local renders without a policy file.
    Any,
    /// Registries of the policy file.
    Listed(Vec<Registry>),
}

/// Upper limits of one Application's output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caps {
    /// Number of objects, including those that EoD adds.
    pub objects: usize,
    /// Size of all objects as JSON, in bytes.
    pub bytes: usize,
    /// Replicas of each workload.
    pub replicas: u32,
    /// CPU of each container.
    pub cpu: Quantity,
    /// Memory of each container.
    pub memory: Quantity,
    /// Storage of each claim, and ephemeral storage of each container.
    pub storage: Quantity,
}

/// Use of the Helm binary.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HelmRule {
    /// The binary.
    pub tool: ToolRule,
    /// Random values of charts; if none, the binary decides: `stable` with the helm of EoD's image, else `refuse`.
    pub random: Option<RandomValues>,
    /// Allowed repositories of the dependencies of charts; none if empty.
    pub repositories: Vec<ChartRepository>,
}

/// Treatment of charts with random values. A value that depends on the clock is always refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum RandomValues {
    /// Random values are equal at every render of an environment, and different in every other environment.
    Stable,
    /// A chart is refused if two renders differ.
    Refuse,
}

/// Use of an external tool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToolRule {
    /// True if the tool may run.
    pub enabled: bool,
    /// Name in the search path, or path.
    pub binary: String,
    /// Use of the sandbox.
    pub sandbox: Sandbox,
}

/// Behavior if the kernel has no sandbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Sandbox {
    /// The tool does not run.
    Required,
    /// The tool runs with the parts of the sandbox that the kernel has.
    BestEffort,
}

/// Operator that creates Secrets from references.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecretOperator {
    /// No operator: references are refused.
    None,
    /// External Secrets.
    ExternalSecrets {
        /// Name of the store.
        store: String,
        /// Kind of the store.
        store_kind: StoreKind,
    },
    /// Vault Secrets Operator.
    VaultOperator {
        /// Name of the VaultAuth.
        auth: String,
    },
}

/// Kinds of stores of External Secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames)]
#[expect(missing_docs, reason = "the names are those of External Secrets")]
pub enum StoreKind {
    ClusterSecretStore,
    SecretStore,
}

/// Access from outside the cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IngressRule {
    /// Gateway of all HTTPRoutes: namespace and name. HTTPRoutes are refused if not set.
    pub gateway: Option<(NamespaceName, NamespaceName)>,
    /// Class of all Ingresses. Ingresses are refused if not set.
    pub class: Option<String>,
    /// TLS Secret of all Ingresses, created by the platform in every namespace.
    pub tls_secret: Option<SecretName>,
    /// True if the gateway is reachable from the internal network only. For information; the platform's gateway decides.
    pub private: bool,
}

impl Policy {
    /// Policy of local renders without a policy file: all projects, all registries, all namespaces that equal the
    /// environment's name, and the domain of the parameter. Routes get the class `preview` or the gateway
    /// `preview/preview`, because a repository does not know those of the platform. All other rules apply.
    pub fn built_in() -> Self {
        let name: Option<NamespaceName> = "preview".parse().ok();
        let project = ProjectPolicy {
            namespaces: vec![NamePattern::any()],
            domain: DomainRule::Parameter,
            registries: Registries::Any,
            ingress: IngressRule {
                gateway: name.clone().zip(name),
                class: Some("preview".to_owned()),
                ..IngressRule::default()
            },
            ..ProjectPolicy::default()
        };
        Self { projects: BTreeMap::new(), other: Some(Box::new(project)) }
    }

    /// All policies with the names of their projects; `*` is the name for all other projects.
    pub fn projects(&self) -> impl Iterator<Item = (&str, &ProjectPolicy)> {
        let named = self.projects.iter().map(|(name, project)| (name.as_str(), project));
        named.chain(self.other.as_deref().map(|project| ("*", project)))
    }

    /// Policy of an Argo CD project.
    ///
    /// # Errors
    ///
    /// If the policy has no section for the project.
    pub fn project(&self, name: &str) -> Result<&ProjectPolicy, Refusal> {
        self.projects.get(name).or(self.other.as_deref()).ok_or_else(|| {
            let known: Vec<_> = self.projects.keys().map(|name| format!("`{name}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Refusal::new(
                Location::default().object(format!("project {name}")),
                RefusalRule::Policy,
                format!("the policy has no section for the Argo CD project `{name}`; it has: {known}"),
                "use one of these projects, or have the platform add a section to the policy",
            )
        })
    }
}

/// Domains of metadata keys that no policy can allow: they control EoD, Argo CD, the mesh or Pod Security.
const FORBIDDEN_DOMAINS: [&str; 4] = ["environment.on-demand", "argoproj.io", "istio.io", "pod-security.kubernetes.io"];

/// Domain that forbids a key or a prefix in `metadata_allow`; none if a policy can allow it.
pub(crate) fn forbidden_domain(key: &str) -> Option<&'static str> {
    let domain = key.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_inside =
        |outer: &&str| domain.strip_suffix(*outer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    FORBIDDEN_DOMAINS.into_iter().find(is_inside)
}

impl Registries {
    /// True if the registry of an image is allowed.
    pub fn allow(&self, image: &ImageName) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(registries) => registries.iter().any(|registry| registry.contains(image)),
        }
    }
}

impl Default for ProjectPolicy {
    /// Values of keys that are not set.
    fn default() -> Self {
        Self {
            installation: Installation::default(),
            namespaces: Vec::new(),
            domain: DomainRule::None,
            registries: Registries::Listed(Vec::new()),
            kinds: SourceKind::defaults().collect(),
            default_labels: UserLabels::default(),
            pod_security: PodSecurity::default(),
            tiers: Tiers::default(),
            network: NetworkSettings::default(),
            stable_services: Vec::new(),
            secret_prefixes: SecretPrefix::defaults(),
            sensitive_secret_prefixes: Vec::new(),
            image_pull_secret: None,
            caps: Caps::default(),
            helm: HelmRule::default(),
            kustomize: ToolRule::named("kustomize"),
            secrets: SecretOperator::None,
            ingress: IngressRule::default(),
            storage_classes: Vec::new(),
            metadata_allow: Vec::new(),
            narrow: NarrowClass::ALL.iter().copied().collect(),
            drop_kinds: KindPattern::defaults(),
            approval: None,
        }
    }
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            objects: 200,
            bytes: 4 << 20,
            replicas: 2,
            cpu: Quantity::whole(4),
            memory: Quantity::gibibytes(8),
            storage: Quantity::gibibytes(20),
        }
    }
}

impl Default for IngressRule {
    fn default() -> Self {
        Self { gateway: None, class: None, tls_secret: None, private: true }
    }
}

impl Default for HelmRule {
    fn default() -> Self {
        Self { tool: ToolRule::named("helm"), random: None, repositories: Vec::new() }
    }
}

impl ToolRule {
    fn named(binary: &str) -> Self {
        Self { enabled: true, binary: binary.to_owned(), sandbox: Sandbox::Required }
    }
}

#[cfg(test)]
mod tests;
