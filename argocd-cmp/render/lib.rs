//! Rendering of one environment: from files, parameters and policy to manifests, or to all reasons not to render.
//!
//! [`render_manifests`] is a pure function of its request: the received [`Files`], the parameters of the Application, the
//! facts that Argo CD sends about it, and the platform's [`Policy`]. All content of a repository is untrusted.
//!
//! # Guarantees
//!
//! - The same request gives the same bytes. There is no clock, no network and no environment; only [`Tools`] runs
//!   programs, and their output is checked like any other source.
//! - A render returns all objects or an error, never a part of the objects and never an empty result.
//! - Every refusal has a location, a [`RefusalRule`] and a remedy. All refusals of one step are returned together.
//! - Kinds, fields, metadata keys, registries and hosts that are not allowed explicitly are refused.
//! - Nothing in a repository can extend the policy, and all objects are in the namespace of the environment.
//! - No input causes a panic. Sizes, depths and repetitions are limited.
//!
//! # Steps of a render
//!
//! 1. The parameters are parsed, and resolved with the Application and the policy to one environment.
//! 2. The source is read: a chart, a kustomization, or plain files.
//! 3. Requests that a preview does not get are removed ([`reference::narrow_classes`]).
//! 4. The preview transform rewrites, drops and adds values ([`reference::transform_steps`]).
//! 5. The result is checked against the policy.
//! 6. EoD's objects are added: guards from `eod_domain`, secret references, stable services, the report of the render.
//!
//! The crate uses no gRPC, no processes and no file system. [`mod@reference`] has the data of the documentation.

mod application;
mod check;
mod files;
mod image;
mod kind;
mod manifest;
mod metadata_key;
mod narrow;
mod nearest;
mod object_references;
mod parameters;
mod policy;
pub mod reference;
mod refusal;
mod render;
mod report;
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
pub use crate::narrow::Narrowed;
pub use crate::parameters::{Given, Guards, Parameters, RawParameter, RawValue, RunState, parse_raw_parameters};
pub use crate::policy::{
    ApprovalRule, Caps, ChartProtocol, ChartRepository, ChartRepositoryError, DomainRule, HelmRule, IngressRule,
    KindPattern, KindPatternError, NamePattern, NamePatternError, NarrowClass, Policy, ProjectPolicy, RandomValues,
    Registries, Sandbox, SecretOperator, SecretPrefix, SecretPrefixError, StoreKind, ToolRule, parse_policy,
};
pub use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
pub use crate::render::{RenderInput, RenderedManifests, render_manifests};
pub use crate::source::{Tree, build_kustomization, is_source_override};
pub use crate::tools::{
    ChartDependency, HelmOutput, HelmRequest, KustomizeRequest, NoTools, RandomScope, SecondRender, ToolError, Tools,
};
pub use crate::write::{to_json, to_yaml};
pub use eod_yaml::{Content, FieldPath, MapEntry, Node, PathStep};
pub use eod_yaml::{Document, Fault, FaultKind, YamlLimits, read};
