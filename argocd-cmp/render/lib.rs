//! Files, parameters and policy to the manifests of one environment, or to every reason why not.

mod application;
mod check;
mod files;
mod image;
mod kind;
mod manifest;
mod node;
mod parameters;
mod policy;
mod read;
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
pub use crate::node::{Content, Entry, Field, Node, Step};
pub use crate::parameters::{Guards, Parameters, RawParameter, RawValue, RunState, parse_raw_parameters};
pub use crate::policy::{
    Caps, DomainRule, IngressRule, NamePattern, NamePatternError, Policy, ProjectPolicy, Registries, Sandbox,
    SecretPrefix, SecretPrefixError, Secrets, StoreKind, ToolRule, parse_policy,
};
pub use crate::read::{Document, Fault, FaultKind, Limits, read};
pub use crate::refusal::{Place, Refusal, Refusals, Rule};
pub use crate::render::{Rendered, Request, render};
pub use crate::source::Tree;
pub use crate::tools::{HelmRequest, KustomizeRequest, NoTools, ToolError, Tools};
pub use crate::write::{to_json, to_yaml};
