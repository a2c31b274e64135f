//! Files, parameters and policy to the manifests of one environment, or to every reason why not.
//!
//! [`render_manifests`] is a function of its request: the received [`Files`], the parameters of the Application, what Argo CD says
//! about it, and the platform's [`Policy`]. Everything that a repository brings is hostile input.
//!
//! # Guarantees
//!
//! - The same request gives the same bytes: no clock, no network, no environment, no order of a hash map. Only
//!   [`Tools`] reaches outside, and what it gives is checked like any other source.
//! - All or nothing: never a part of the objects, never an empty success.
//! - Every refusal names its location, its [`RefusalRule`] and a remedy, and all that one step finds come at once.
//! - What is not listed as allowed is refused: kinds, fields, keys of metadata, registries, hosts.
//! - Nothing that a repository holds widens the policy, and nothing is rendered outside of the environment's namespace.
//! - No input makes it panic, and sizes, depths and repetitions are bounded.
//!
//! # The way of a render
//!
//! 1. The parameters are parsed, and settled with the Application and the policy into one environment.
//! 2. The source is read: a chart, a kustomization, or plain files.
//! 3. The preview transform applies the steps of [`reference::transform_steps`].
//! 4. The policy is checked on the outcome.
//! 5. Our own objects join: those of `eod_domain`, references to secrets, names of stable services.
//!
//! The crate knows neither gRPC nor processes nor the file system.

mod application;
mod check;
mod files;
mod image;
mod kind;
mod manifest;
mod node;
mod object_references;
mod parameters;
mod policy;
mod read;
pub mod reference;
mod refusal;
mod render;
mod secrets;
mod source;
mod stable;
mod tools;
mod transform;
mod workload;
mod write;

pub use crate::application::Application;
pub use crate::files::{FileError, Files};
pub use crate::image::{Image, ImageError, ImageName, Registry};
pub use crate::kind::{SourceKind, SourceKindError};
pub use crate::manifest::Manifest;
pub use crate::node::{Content, FieldPath, MapEntry, Node, PathStep};
pub use crate::parameters::{Guards, Parameters, RawParameter, RawValue, RunState, parse_raw_parameters};
pub use crate::policy::{
    Caps, DomainRule, IngressRule, NamePattern, NamePatternError, Policy, ProjectPolicy, Registries, Sandbox,
    SecretPrefix, SecretPrefixError, Secrets, StoreKind, ToolRule, parse_policy,
};
pub use crate::read::{Document, Fault, FaultKind, YamlLimits, read};
pub use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
pub use crate::render::{RenderedManifests, Request, render_manifests};
pub use crate::source::{Tree, build_kustomization};
pub use crate::tools::{HelmRequest, KustomizeRequest, NoTools, ToolError, Tools};
pub use crate::write::{to_json, to_yaml};
