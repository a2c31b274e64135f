//! Values and decisions of EoD: names, tiers, TTL, lifecycle, labels, cost, and the objects of an environment.
//!
//! Everything here is a function of its arguments. The crate does no I/O, is not async and never reads a clock: the
//! present moment is always an argument called `now`. It knows Kubernetes objects only as data (kind, name, JSON), so
//! that the Terraform resource and the Argo CD plugin emit the same ones. It knows neither Terraform nor any client.
//!
//! Values are parsed once, at the edge, into types that cannot hold a wrong value. What several values together get
//! wrong is reported as a list of [`Mistake`]s, each with the path of the attribute to change.

mod access;
mod cidr;
mod clock;
mod cost;
mod dns;
pub mod drift;
mod environment;
mod hash;
pub mod labels;
mod lifecycle;
mod limits;
mod marks;
mod mesh;
mod mistake;
mod name;
mod network;
mod object;
mod owner;
mod ownership;
mod pod_security;
mod pull_request;
mod quantity;
mod quota;
mod service;
mod settings;
mod slug;
mod spec;
mod text;
mod tier;
mod tier_rule;
mod ttl;
pub mod vault;

pub use crate::access::{AccessError, AccessGrant, AccessRole, OWNER_ROLE, SubjectKind};
pub use crate::cidr::{Cidr, CidrError};
pub use crate::clock::{Clock, ClockChange, next_clock};
pub use crate::cost::{Money, MoneyError, Prices, cost_per_day};
pub use crate::dns::{DnsError, NamespaceName, SecretName};
pub use crate::environment::{Environment, NamespaceProvenance};
pub use crate::labels::{LabelError, LabelValue, UserAnnotations, UserLabels};
pub use crate::lifecycle::{Facts, Status, StatusError, effective_warning, status};
pub use crate::limits::{ContainerLimits, LimitsSettings};
pub use crate::marks::{Claim, ClaimCheck, Installation, Marks, NamespaceFacts, Nonce, check_claim};
pub use crate::mesh::{Mesh, MeshError, MeshKind};
pub use crate::mistake::Mistake;
pub use crate::name::{
    BranchName, EnvironmentName, Identity, IdentityError, NameError, NameTemplate, Repository, RepositoryError,
    Subject, TemplateError, environment_name,
};
pub use crate::network::{Isolation, IsolationError, Network, NetworkSettings, StableService, StableServiceError};
pub use crate::object::{Object, ObjectKind, ObjectKindError, contents, namespace_claim, namespace_object, objects};
pub use crate::owner::Owner;
pub use crate::ownership::{Ownership, Remembered, ownership};
pub use crate::pod_security::{PodSecurity, PodSecurityError};
pub use crate::pull_request::{HeadSha, HeadShaError, PullRequestUrl, PullRequestUrlError};
pub use crate::quantity::{Quantity, QuantityError};
pub use crate::quota::{Quota, QuotaSettings};
pub use crate::service::{Domain, DomainError, ServiceName, ServiceNameError, environment_host, host};
pub use crate::settings::Settings;
pub use crate::spec::{Dns, DnsMode, DnsModeError, EnvironmentSpec, SpecError};
pub use crate::tier::{Tier, TierError, TierOverrides, TierSettings, Tiers};
pub use crate::tier_rule::{TierChoice, tier};
pub use crate::ttl::{Ttl, TtlError};
