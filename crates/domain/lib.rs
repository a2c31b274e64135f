//! Values and decisions of EoD: names, tiers, TTL, lifecycle, labels, cost, the objects of an environment, its ledger and
//! its end.
//!
//! Every function depends on its arguments only. The crate has no I/O, no async and no clock: the current time is always an
//! argument called `now`. Kubernetes objects are data (kind, name, JSON), so that the Terraform resource and the Argo CD
//! plugin create the same ones. The crate uses neither Terraform nor a client.
//!
//! Values are parsed once, at the edge, into types that are always valid. Errors over several values are a list of
//! [`Mistake`]s, each with the path of the value to change. Errors contain facts; the caller adds a remedy for its user.

mod absence;
mod access;
mod adoption;
mod cidr;
mod claim;
mod clock;
mod cost;
mod decision;
pub mod dns;
pub mod drift;
mod duration;
mod environment;
mod expiry;
mod hash;
mod installation;
pub mod labels;
pub mod ledger;
mod lifecycle;
mod limits;
mod mesh;
mod mistake;
mod name;
mod network;
mod object;
mod objects;
mod owner;
mod ownership;
mod pod_security;
mod pull_request;
mod quantity;
mod quota;
mod reading;
mod service;
mod settings;
mod slug;
mod spec;
mod text;
mod tier;
mod tier_rule;
mod ttl;
pub mod vault;

pub use crate::absence::{Absence, NamespacePresence, OnExpired, RefreshDecision, RememberedLife, refresh_decision};
pub use crate::access::{AccessError, AccessGrant, AccessRole, OWNER_ROLE, SubjectKind};
pub use crate::adoption::{Adoption, AdoptionError, adopt};
pub use crate::cidr::{Cidr, CidrError};
pub use crate::claim::{Claim, ClaimCheck, NamespaceFacts, OwnershipMetadata, check_claim};
pub use crate::clock::{Clock, ClockChange, next_clock};
pub use crate::cost::{Money, MoneyError, Prices, cost_per_day};
pub use crate::decision::{Decision, DecisionInput, PullRequestState, ReapAction, ReapPolicy, decide};
pub use crate::dns::{DnsError, NamespaceName, SecretName};
pub use crate::duration::{DurationError, HumanDuration};
pub use crate::environment::{Environment, EnvironmentError, NamespaceProvenance};
pub use crate::expiry::{Expiry, ExpiryError, Times, WrittenTimes};
pub use crate::installation::{Installation, Nonce};
pub use crate::labels::{LabelError, LabelValue, UserAnnotations, UserLabels};
pub use crate::lifecycle::{Facts, Status, effective_warning, status};
pub use crate::limits::{ContainerLimits, LimitsError, LimitsSettings};
pub use crate::mesh::{Mesh, MeshError, MeshKind};
pub use crate::mistake::Mistake;
pub use crate::name::{
    BranchName, EnvironmentName, Identity, IdentityError, NameError, NameTemplate, Repository, RepositoryError,
    Subject, TemplateError, environment_name,
};
pub use crate::network::{Isolation, Network, NetworkSettings, StableService, StableServiceError};
pub use crate::object::{Object, ObjectKind};
pub use crate::objects::{contents, namespace_claim, namespace_object, objects};
pub use crate::owner::Owner;
pub use crate::ownership::{Ownership, Remembered, ownership};
pub use crate::pod_security::PodSecurity;
pub use crate::pull_request::{HeadSha, HeadShaError, PullRequestUrl, PullRequestUrlError};
pub use crate::quantity::{Quantity, QuantityError};
pub use crate::quota::{Quota, QuotaSettings};
pub use crate::reading::{Approval, EndMark, EnvironmentReading, ReadingProblem, mark_annotations};
pub use crate::service::{Domain, DomainError, ServiceName, ServiceNameError, environment_host, host};
pub use crate::settings::Settings;
pub use crate::spec::{Dns, DnsMode, EnvironmentSpec, SpecError};
pub use crate::text::KeywordError;
pub use crate::tier::{Tier, TierError, TierOverrideError, TierOverrides, TierSettings, TierTtlError, Tiers};
pub use crate::tier_rule::{TierChoice, TierLabelError, tier};
pub use crate::ttl::{Ttl, TtlError};
