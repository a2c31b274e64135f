//! Source, target and owner of copies.

use eod_clients::vault::clone::CopyOwner;
use eod_domain::Nonce;
use eod_domain::vault::{MountPath, SecretPath, SecretRef, default_target};
use tfplugin::{Diag, Diags, State, Text};

use super::VaultClone;
use super::model::Input;
use crate::explain;
use crate::provider::Context;

/// Source of the copy.
pub(super) fn source(input: &Input) -> SecretRef {
    SecretRef::new(mount_or_default(input.mount.as_ref()), input.source_path.0.clone())
}

/// Target of the copy, with the defaults of the plan.
pub(super) fn target(input: &Input) -> Result<SecretRef, Diags> {
    let mount = mount_or_default(input.target_mount.as_ref().or(input.mount.as_ref()));
    let path = match &input.target_path {
        Some(path) => path.0.clone(),
        None => default_path(input)?,
    };
    Ok(SecretRef::new(mount, path))
}

fn default_path(input: &Input) -> Result<SecretPath, Diag> {
    default_target(&input.environment, &input.source_path)
        .map_err(|error| explain::invalid(Input::TARGET_PATH.path(), &error.to_string()))
}

/// The mount, or the default `secret`.
pub(super) fn mount_or_default(given: Option<&Text<MountPath>>) -> MountPath {
    given.map(|mount| mount.0.clone()).unwrap_or_default()
}

/// Owner of the copies in a state.
///
/// # Errors
/// They belong to another installation. Without the state no tool would remove them.
pub(super) fn owner(cx: &Context, prior: &State<VaultClone>) -> Result<CopyOwner, Diag> {
    let ours = cx.installation()?;
    let theirs = prior.private.installation.as_ref().unwrap_or(ours);
    if theirs != ours {
        return Err(Diag::error("The copies belong to another installation")
            .detail(format!(
                "The copies of environment `{}` were created by installation `{theirs}`; this one is `{ours}`. They were not \
                 changed.",
                prior.input.environment
            ))
            .hint("set the provider's `installation` to the one that created them, or remove the resource from this state"));
    }
    Ok(CopyOwner {
        environment: prior.input.environment.0.clone(),
        installation: theirs.clone(),
        nonce: Nonce::recorded(&prior.private.nonce),
    })
}
