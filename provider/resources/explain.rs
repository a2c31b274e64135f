//! What a person reads when a decision or a remote call went wrong.

pub(crate) mod kubernetes;
pub(crate) mod vault;

mod connection;

use std::collections::BTreeMap;
use std::fmt::Display;

use eod_clients::kubernetes::Rejection;
use eod_clients::{Error, ErrorKind};
use eod_domain::vault::RouteError;
use eod_domain::{
    EnvironmentError, LabelError, Mistake, NameError, TierOverrideError, TierTtlError, UserAnnotations, UserLabels,
};
use tfplugin::{Diag, Diags, Path};

/// A remote call that failed. The cause chain tells what was tried and what was answered, the hint what to do.
pub(crate) fn remote(error: &Error) -> Diag {
    let conflicts = Rejection::conflicts_of(error);
    if !conflicts.is_empty() {
        let fields: Vec<_> = conflicts
            .iter()
            .map(|conflict| format!("`{}` belongs to `{}`", conflict.field, conflict.manager))
            .collect();
        return Diag::error("Another manager owns a field")
            .detail(format!("{} could not be applied: {}.", capitalised(&error.target), fields.join(", ")))
            .hint("take the field out of `labels` or `annotations`, or set `force_conflicts = true` to take it over");
    }
    let diag = Diag::error(summary(error)).cause(error);
    match hint(error) {
        Some(hint) => diag.hint(hint),
        None => diag,
    }
}

/// Advice about a failed request: about its cause if that is known, else about its kind.
fn hint(error: &Error) -> Option<String> {
    let cause = connection::hint(error).or_else(|| kubernetes::hint(error)).or_else(|| vault::hint(error));
    cause.or_else(|| general_hint(error.kind).map(str::to_owned))
}

fn general_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthenticated => Some(
            "renew the credentials (for example log in again, or let the exec plugin or token file supply a new token), \
             and check that they belong to this server",
        ),
        ErrorKind::Denied => Some("give the credentials the permission named above, or use others"),
        ErrorKind::Unavailable => Some("check that the server is up and reachable from here, then run again"),
        ErrorKind::Timeout => Some("run again to continue, or raise the limit in the `timeouts` block"),
        ErrorKind::Cancelled => Some("run again to continue; everything done so far is kept"),
        ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::Invalid
        | ErrorKind::NotFound
        | ErrorKind::Other => None,
    }
}

fn summary(error: &Error) -> String {
    let system = error.system;
    match error.kind {
        ErrorKind::Cancelled => "Stopped".to_owned(),
        ErrorKind::Denied => format!("{system} denies this"),
        ErrorKind::Invalid => format!("{system} cannot be used like this"),
        ErrorKind::NotFound => format!("{system} does not know this"),
        ErrorKind::Timeout => format!("{system} took too long"),
        ErrorKind::Unauthenticated => format!("{system} does not accept the credentials"),
        ErrorKind::Unavailable => format!("{system} is not available"),
        ErrorKind::AlreadyExists | ErrorKind::Conflict | ErrorKind::Other => format!("{system} refused"),
    }
}

/// Remedy for an error of the domain, in terms of Terraform arguments.
pub(crate) trait Remedy: Display {
    /// The change of the configuration that solves the error; none if the error itself already says it.
    fn remedy(&self) -> Option<String> {
        None
    }
}

impl Remedy for LabelError {}

impl Remedy for TierOverrideError {}

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
            Self::Name(_) | Self::ControlNamespace(_) | Self::Limits(_) => return None,
        };
        Some(remedy)
    }
}

impl Remedy for RouteError {
    fn remedy(&self) -> Option<String> {
        let remedy = match self {
            Self::Sensitive { .. } => {
                "to pass it on as a reference, set `sensitive_path`; the provider's `vault.sensitive_paths` has the patterns"
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
    let diag = invalid(at, &error.to_string());
    match error.remedy() {
        Some(remedy) => diag.hint(remedy),
        None => diag,
    }
}

/// A wrong value. The title names the attribute, because Terraform shows the line of nested ones only roughly.
pub(crate) fn invalid(at: Path, message: &str) -> Diag {
    Diag::error(format!("Invalid {at}")).detail(sentence(message)).at(at)
}

/// Labels, unless a key or value is refused.
pub(crate) fn user_labels(labels: &BTreeMap<String, String>, at: &Path) -> Result<UserLabels, Diags> {
    let name = at.to_string();
    UserLabels::parse(&name, labels.clone()).map_err(|found| keyed("Label is refused", &found, at))
}

/// Annotations, unless a key is refused.
pub(crate) fn user_annotations(annotations: &BTreeMap<String, String>, at: &Path) -> Result<UserAnnotations, Diags> {
    let name = at.to_string();
    UserAnnotations::parse(&name, annotations.clone()).map_err(|found| keyed("Annotation is refused", &found, at))
}

/// The step after the attribute is a map key.
fn keyed(title: &str, found: &[Mistake<LabelError>], at: &Path) -> Diags {
    let diag = |mistake: &Mistake<LabelError>| {
        let path = mistake.path.iter().skip(1).fold(at.clone(), tfplugin::Path::key);
        Diag::error(title).detail(sentence(&mistake.error.to_string())).at(path)
    };
    found.iter().map(diag).collect()
}

/// Positions are numbers, everything else is an attribute.
fn path<E>(mistake: &Mistake<E>) -> Path {
    mistake.path.iter().fold(Path::root(), |path, step| match step.parse() {
        Ok(at) => path.index(at),
        Err(_) => path.attribute(step),
    })
}

/// The domain speaks in lower case without a final dot.
pub(crate) fn sentence(text: &str) -> String {
    let text = capitalised(text);
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
