//! The platform's policy: what a project's Applications may render. Nothing in a repository can widen it.
//!
//! [`crate::reference::policy_sections`] describes all keys. The file is parsed once, as a whole: every key is known,
//! every value has its type, and all mistakes are reported together, each with its line and path.

mod decode;
mod keys;
mod parse;
mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::{
    Domain, Installation, NamespaceName, NetworkSettings, PodSecurity, Quantity, SecretName, StableService, Tiers,
    UserLabels,
};

pub(crate) use self::keys::POLICY_SECTIONS;
pub use self::keys::{KeyDefault, PolicyKey, PolicySection};
pub use self::parse::parse_policy;
pub use self::pattern::{NamePattern, NamePatternError, SecretPrefix, SecretPrefixError};
use crate::image::{ImageName, Registry};
use crate::kind::SourceKind;
use crate::refusal::{Location, Refusal, RefusalRule};

/// The policy of a platform: one per Argo CD project.
#[derive(Clone, Debug)]
pub struct Policy {
    projects: BTreeMap<String, ProjectPolicy>,
    /// What stands in for every project that is not named.
    other: Option<Box<ProjectPolicy>>,
}

/// What the Applications of one Argo CD project may render.
#[derive(Clone, Debug)]
pub struct ProjectPolicy {
    /// The installation that owns what is rendered.
    pub installation: Installation,
    /// Destination namespaces; none of them is allowed where this is empty.
    pub namespaces: Vec<NamePattern>,
    /// The domain of hosts.
    pub domain: DomainRule,
    /// Where images may come from.
    pub registries: Registries,
    /// Kinds that a source may bring.
    pub kinds: BTreeSet<SourceKind>,
    /// Labels on everything that is made.
    pub default_labels: UserLabels,
    /// The level that pods keep.
    pub pod_security: PodSecurity,
    /// The tiers with the platform's overrides.
    pub tiers: Tiers,
    /// The network of environments.
    pub network: NetworkSettings,
    /// Services outside that environments reach.
    pub stable_services: Vec<StableService>,
    /// Where `secretRef` may point.
    pub secret_prefixes: Vec<SecretPrefix>,
    /// Where `sensitiveSecretRef` may point.
    pub sensitive_secret_prefixes: Vec<SecretPrefix>,
    /// The pull secret that the platform makes in every namespace.
    pub image_pull_secret: Option<SecretName>,
    /// Upper bounds.
    pub caps: Caps,
    /// The Helm binary.
    pub helm: ToolRule,
    /// The kustomize binary.
    pub kustomize: ToolRule,
    /// How references to secrets become secrets.
    pub secrets: Secrets,
    /// How traffic comes in.
    pub ingress: IngressRule,
    /// Storage classes of claims.
    pub storage_classes: Vec<String>,
    /// Further prefixes of label and annotation keys.
    pub metadata_allow: Vec<String>,
}

/// Which domain hosts lie under.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DomainRule {
    /// No hosts.
    None,
    /// This one.
    Fixed(Domain),
    /// The one that the parameter `domain` names: for a person at a terminal.
    Parameter,
}

/// Where images may come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Registries {
    /// From anywhere: for a person at a terminal.
    Any,
    /// From these.
    Listed(Vec<Registry>),
}

/// Upper bounds of one Application's output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caps {
    /// Objects, our own included.
    pub objects: usize,
    /// Bytes of all objects as JSON.
    pub bytes: usize,
    /// Replicas of one workload.
    pub replicas: u32,
    /// CPU of one container.
    pub cpu: Quantity,
    /// Memory of one container.
    pub memory: Quantity,
    /// Storage of one claim.
    pub storage: Quantity,
}

/// Whether and how an external tool runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToolRule {
    /// Whether it may run at all.
    pub enabled: bool,
    /// Its name in the search path, or its path.
    pub binary: String,
    /// Whether it runs only inside a sandbox.
    pub sandbox: Sandbox,
}

/// What happens where the kernel offers no sandbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Sandbox {
    /// The tool does not run.
    Required,
    /// It runs with what there is.
    BestEffort,
}

/// How references to secrets become secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Secrets {
    /// They do not; a reference is refused.
    None,
    /// External Secrets with this store.
    ExternalSecrets {
        /// The store's name.
        store: String,
        /// `ClusterSecretStore` or `SecretStore`.
        store_kind: StoreKind,
    },
    /// The Vault Secrets Operator with this VaultAuth.
    VaultOperator {
        /// The name of the VaultAuth.
        auth: String,
    },
}

/// The kinds of stores of External Secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames)]
#[expect(missing_docs, reason = "the names are those of External Secrets")]
pub enum StoreKind {
    ClusterSecretStore,
    SecretStore,
}

/// How traffic comes in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IngressRule {
    /// The gateway of HTTPRoutes: its namespace and name.
    pub gateway: Option<(NamespaceName, NamespaceName)>,
    /// The class of Ingresses.
    pub class: Option<String>,
    /// The TLS Secret of Ingresses, made by the platform in every namespace.
    pub tls_secret: Option<SecretName>,
    /// Whether the way in is reachable from inside only. Recorded for people; the platform's gateway decides it.
    pub private: bool,
}

impl Policy {
    /// The policy of a person at a terminal: any project, any namespace that equals the environment, any registry, the
    /// domain of the parameter, every other rule kept.
    pub fn built_in() -> Self {
        let project = ProjectPolicy {
            namespaces: vec![NamePattern::any()],
            domain: DomainRule::Parameter,
            registries: Registries::Any,
            ..ProjectPolicy::default()
        };
        Self { projects: BTreeMap::new(), other: Some(Box::new(project)) }
    }

    /// What holds for an Argo CD project.
    ///
    /// # Errors
    ///
    /// When the policy says nothing about it.
    pub fn project(&self, name: &str) -> Result<&ProjectPolicy, Refusal> {
        self.projects.get(name).or(self.other.as_deref()).ok_or_else(|| {
            let known: Vec<_> = self.projects.keys().map(|name| format!("`{name}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Refusal::new(
                Location::default().object(format!("project {name}")),
                RefusalRule::Policy,
                format!("the policy says nothing about the Argo CD project `{name}`; it knows {known}"),
                "use one of these projects, or have the platform add this one to the policy",
            )
        })
    }
}

impl Registries {
    /// Whether an image may come from where it lies.
    pub fn hold(&self, image: &ImageName) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(registries) => registries.iter().any(|registry| registry.holds(image)),
        }
    }
}

impl Default for ProjectPolicy {
    /// What holds where a key is not written.
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
            helm: ToolRule::named("helm"),
            kustomize: ToolRule::named("kustomize"),
            secrets: Secrets::None,
            ingress: IngressRule::default(),
            storage_classes: Vec::new(),
            metadata_allow: Vec::new(),
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

impl ToolRule {
    fn named(binary: &str) -> Self {
        Self { enabled: true, binary: binary.to_owned(), sandbox: Sandbox::Required }
    }
}

#[cfg(test)]
mod tests;
