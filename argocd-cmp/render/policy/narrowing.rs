//! Classes of narrowing, and patterns of kinds that it drops.

use std::fmt;
use std::str::FromStr;

use super::pattern::glob;

/// A class of requests that a preview does not get. Requests of the class are removed instead of refused.
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Ord,
    PartialEq,
    PartialOrd,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "`NarrowClass::description` has the meaning of each class")]
pub enum NarrowClass {
    ServiceType,
    ClusterKinds,
    Guards,
    Kinds,
    Token,
    Identity,
    Scheduling,
    Metadata,
    Hooks,
}

/// Description of a class for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NarrowDescription {
    /// The described class.
    pub class: NarrowClass,
    /// Objects or fields that are removed, as a sentence without a final dot, in Markdown.
    pub removed: &'static str,
    /// Effect on the application, as a sentence without a final dot.
    pub effect: &'static str,
    /// Reason, as the end of a sentence.
    pub reason: &'static str,
}

impl NarrowClass {
    /// All classes, in the documented order.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Name of the class, such as `service-type`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Description of the class.
    pub const fn description(self) -> NarrowDescription {
        let (removed, effect, reason) = match self {
            Self::ServiceType => (
                "Services of type `LoadBalancer` and `NodePort` become `ClusterIP`; node ports and all fields of load \
                 balancers are removed",
                "The Service has no address outside the cluster; an Ingress or HTTPRoute gives it one",
                "previews are reached through routes only",
            ),
            Self::ClusterKinds => (
                "Cluster-scoped kinds, roles and their bindings, CustomResourceDefinitions, webhooks and Namespaces of \
                 other names are dropped",
                "The application cannot use the API server, and the CRDs of its operators must exist already",
                "previews create nothing outside their namespace and grant no permissions",
            ),
            Self::Guards => (
                "NetworkPolicy, ResourceQuota, LimitRange, PodDisruptionBudget and autoscalers are dropped",
                "The network policies, quota and limits are those of EoD, and the number of replicas is fixed",
                "only EoD creates the guards of a preview",
            ),
            Self::Kinds => (
                "Objects of the kinds in `drop_kinds` are dropped",
                "The application runs as before, without its own monitoring, certificates and snapshots",
                "the policy drops this kind",
            ),
            Self::Token => (
                "`automountServiceAccountToken: true` of pods and ServiceAccounts becomes `false`",
                "Pods have no token; programs that call the API server fail",
                "pods of previews have no token of the API server",
            ),
            Self::Identity => (
                "Annotations and `secrets` of ServiceAccounts are removed, and `imagePullSecrets` that are neither in the \
                 source nor those of the platform",
                "Pods have no identity at a cloud provider; images are pulled with the Secret of the platform",
                "previews have no identity outside the cluster",
            ),
            Self::Scheduling => (
                "`tolerations`, `priorityClassName`, `runtimeClassName` and `schedulerName` with the fields that belong to \
                 them, `nodeSelector` and node affinity are removed",
                "Pods run on any node of the previews, with the default priority and runtime",
                "the cluster decides where previews run",
            ),
            Self::Metadata => (
                "Labels and annotations of other domains, `finalizers`, `ownerReferences` and `helm.sh/resource-policy` are \
                 removed. A label that a selector uses stays, and is refused",
                "Software that these keys control, such as meshes, ingress controllers and DNS, uses its defaults",
                "it controls software outside the preview",
            ),
            Self::Hooks => (
                "Hooks at deletion, at rollback and of tests are removed; an object without another hook is dropped",
                "No hook runs before or after the end of the preview",
                "previews have no such phase",
            ),
        };
        NarrowDescription { class: self, removed, effect, reason }
    }
}

impl fmt::Display for NarrowClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Pattern of an API group and a kind. `*` matches any text in its part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KindPattern {
    group: String,
    kind: String,
}

/// An invalid pattern of kinds.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "invalid pattern `{0}`: expected `group/Kind`, in which `*` matches any text, such as `monitoring.coreos.com/*`"
)]
pub struct KindPatternError(String);

impl KindPattern {
    /// Patterns of a policy that does not set `drop_kinds`.
    pub(super) fn defaults() -> Vec<Self> {
        let groups =
            ["monitoring.coreos.com", "cert-manager.io", "policy", "autoscaling", "keda.sh", "snapshot.storage.k8s.io"];
        groups.iter().map(|group| Self { group: (*group).to_owned(), kind: "*".to_owned() }).collect()
    }

    /// True if the pattern matches an API group (empty for the core group) and a kind.
    pub fn matches(&self, group: &str, kind: &str) -> bool {
        glob(&self.group, group) && glob(&self.kind, kind)
    }
}

impl FromStr for KindPattern {
    type Err = KindPatternError;

    fn from_str(text: &str) -> Result<Self, KindPatternError> {
        let is_group = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-*".contains(&byte);
        let is_kind = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'*';
        match text.split_once('/') {
            Some((group, kind)) if !kind.is_empty() && group.bytes().all(is_group) && kind.bytes().all(is_kind) => {
                Ok(Self { group: group.to_owned(), kind: kind.to_owned() })
            }
            _ => Err(KindPatternError(text.to_owned())),
        }
    }
}

impl fmt::Display for KindPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.kind)
    }
}
