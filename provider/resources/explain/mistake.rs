//! Mistakes in arguments, as the domain reports them, with their remedies.

use std::collections::BTreeMap;
use std::fmt::Display;

use eod_domain::vault::RouteError;
use eod_domain::{
    AccessError, EnvironmentError, LabelError, LimitsError, MeshError, Mistake, NameError, TierOverrideError,
    TierTtlError, Ttl, UserAnnotations, UserLabels,
};
use tfplugin::{Diag, Diags, EMPTY_STRING_HINT, Path};

use super::sentence;

/// Remedy for an error of the domain, as a change of Terraform arguments.
pub(crate) trait Remedy: Display {
    /// The change of the configuration that corrects the error; none if the error itself contains it.
    fn remedy(&self) -> Option<String> {
        None
    }
}

impl Remedy for LabelError {}

impl Remedy for TierOverrideError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Permanent(_) => "remove this value".to_owned(),
            Self::TtlAboveMaximum { .. } => format!("lower `ttl`, or raise `max_ttl` (at most {})", Ttl::MAX),
            Self::WarningTooLong { .. } => "lower `warning`, or raise `ttl`".to_owned(),
        })
    }
}

impl Remedy for AccessError {
    fn remedy(&self) -> Option<String> {
        let remedy = match self {
            Self::EmptyName(_) => EMPTY_STRING_HINT,
            Self::NamespaceMissing(_) => "set `namespace`",
            Self::NamespaceGiven { .. } => "remove `namespace`, or use the kind `ServiceAccount`",
            Self::Name(_) | Self::ServiceAccountName(_) | Self::Role(_) => return None,
        };
        Some(remedy.to_owned())
    }
}

impl Remedy for MeshError {
    fn remedy(&self) -> Option<String> {
        Some("remove `revision`, or use the kind `istio-sidecar` or `istio-ambient`".to_owned())
    }
}

impl Remedy for LimitsError {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::MaxAboveQuota { resource, .. } => {
                format!("lower `limits.max_{resource}`, or raise `quota.{resource}`")
            }
            Self::DefaultAboveMax { resource, .. } => {
                format!("set `limits.default_{resource}`, or raise `limits.max_{resource}` and `quota.{resource}`")
            }
            Self::RequestAboveDefault { resource, .. } => format!("set `limits.default_request_{resource}`"),
        })
    }
}

impl Remedy for EnvironmentError {
    fn remedy(&self) -> Option<String> {
        let remedy = match self {
            Self::PullRequestAndBranch => "remove `branch` or `pull_request`".to_owned(),
            Self::Name(NameError::Missing) => "set `name`, `pull_request` or `branch`".to_owned(),
            Self::Name(NameError::NoRepository { .. }) => "set `repository` or `name`".to_owned(),
            Self::Ttl(TierTtlError::Permanent { .. }) => "remove `ttl`, or use another tier".to_owned(),
            Self::Ttl(TierTtlError::AboveMaximum { tier, .. }) => {
                format!("lower `ttl`, or raise `tiers.{tier}.max_ttl` in the provider block")
            }
            Self::Limits(error) => return error.remedy(),
            Self::Name(_) | Self::ControlNamespace(_) => return None,
        };
        Some(remedy)
    }
}

impl Remedy for RouteError {
    fn remedy(&self) -> Option<String> {
        let remedy = match self {
            Self::Sensitive { .. } => {
                "to use it as a reference, set `sensitive_path`; the provider's `vault.sensitive_paths` has the patterns"
            }
            Self::SensitiveTarget { .. } => {
                "the provider's `vault.sensitive_paths` has the patterns of sensitive secrets"
            }
            Self::Outside { .. } => "the provider's `vault.target_prefixes` has the patterns of allowed targets",
            Self::Overlap { .. } => return None,
        };
        Some(remedy.to_owned())
    }
}

/// Converts mistakes of the domain, each at its attribute.
pub(crate) fn mistakes<E: Remedy>(found: &[Mistake<E>]) -> Diags {
    found.iter().map(|mistake| with_remedy(path(mistake), &mistake.error)).collect()
}

/// Converts an error of the domain at an attribute.
pub(crate) fn with_remedy(at: Path, error: &impl Remedy) -> Diag {
    hinted(invalid(at, &error.to_string()), error)
}

/// Adds the remedy of an error as the hint.
pub(crate) fn hinted(diag: Diag, error: &impl Remedy) -> Diag {
    match error.remedy() {
        Some(remedy) => diag.hint(remedy),
        None => diag,
    }
}

/// An invalid value. The title names the attribute, because for nested attributes Terraform shows only the line of the
/// outer attribute.
pub(crate) fn invalid(at: Path, message: &str) -> Diag {
    Diag::error(format!("Invalid {at}")).detail(sentence(message)).at(at)
}

/// Labels, unless a key or value is refused.
pub(crate) fn user_labels(labels: &BTreeMap<String, String>, at: &Path) -> Result<UserLabels, Diags> {
    let name = at.to_string();
    UserLabels::parse(&name, labels.clone()).map_err(|found| keyed_diags("Label is refused", &found, at))
}

/// Annotations, unless a key is refused.
pub(crate) fn user_annotations(annotations: &BTreeMap<String, String>, at: &Path) -> Result<UserAnnotations, Diags> {
    let name = at.to_string();
    UserAnnotations::parse(&name, annotations.clone()).map_err(|found| keyed_diags("Annotation is refused", &found, at))
}

/// Mistakes in a map: the step after the attribute is a key of the map.
fn keyed_diags(title: &str, found: &[Mistake<LabelError>], at: &Path) -> Diags {
    let diag = |mistake: &Mistake<LabelError>| {
        let path = mistake.path.iter().skip(1).fold(at.clone(), tfplugin::Path::key);
        Diag::error(title).detail(sentence(&mistake.error.to_string())).at(path)
    };
    found.iter().map(diag).collect()
}

/// The path of a mistake: numbers are positions, everything else is an attribute.
fn path<E>(mistake: &Mistake<E>) -> Path {
    mistake.path.iter().fold(Path::root(), |path, step| match step.parse() {
        Ok(at) => path.index(at),
        Err(_) => path.attribute(step),
    })
}

#[cfg(test)]
mod tests;
