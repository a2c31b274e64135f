//! Reference of the plugin as data: parameters, policy keys, kinds, steps of the transform and refusal rules.
//!
//! The code itself uses the lists: a parameter, policy key or rule that is not described here does not exist. The
//! documentation is generated from them, so all texts are Markdown without line breaks.

pub use crate::kind::{AllowedKind, ForbiddenKind};
pub use crate::parameters::{ParameterDescription, ParameterType};
pub use crate::policy::{KeyDefault, NarrowClass, NarrowDescription, PolicyKey, PolicySection};
pub use crate::refusal::{RefusalRule, RuleDescription};
pub use crate::transform::{TransformEffect, TransformStep};

/// Parameters of an Application, in the order of Argo CD's user interface.
pub fn parameters() -> &'static [ParameterDescription] {
    &crate::parameters::PARAMETERS
}

/// Sections of the policy file, each after the section that contains it.
pub fn policy_sections() -> &'static [PolicySection] {
    crate::policy::POLICY_SECTIONS
}

/// Kinds that a policy allows by default, each with its API version.
pub fn allowed_kinds() -> impl Iterator<Item = AllowedKind> {
    crate::kind::allowed_by_default()
}

/// API groups and kinds that no policy can allow, each with the reason.
pub fn forbidden_kinds() -> impl Iterator<Item = ForbiddenKind> {
    crate::kind::forbidden()
}

/// Classes of requests that are removed.
pub fn narrow_classes() -> impl Iterator<Item = NarrowDescription> {
    NarrowClass::ALL.iter().map(|class| class.description())
}

/// Steps of the transform, sorted by effect.
pub fn transform_steps() -> &'static [TransformStep] {
    &crate::transform::TRANSFORM_STEPS
}

/// Rules of refusals.
pub fn rules() -> impl Iterator<Item = RuleDescription> {
    RefusalRule::ALL.iter().map(|rule| rule.description())
}
