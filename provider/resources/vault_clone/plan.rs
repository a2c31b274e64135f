//! The plan: computes the target and checks that the copy is allowed. It makes no call to Vault.

use eod_domain::vault::{MountPath, RouteError, SecretPath, SecretRef, default_target};
use tfplugin::{Attr, Diags, DraftOf, Text};

use super::VaultClone;
use super::model::{Input, Output};
use crate::explain;
use crate::provider::Context;

pub(super) fn plan_target(cx: &Context, draft: &mut DraftOf<'_, VaultClone>) -> Diags {
    draft.private.planned = draft.is_create() && draft.private.nonce.is_empty();
    if !draft.is_create() && draft.planned(Input::ENVIRONMENT).is_unknown() {
        // The environment returns in the same run. The copy and its edits are kept.
        draft.in_place(Input::ENVIRONMENT);
    }
    let is_new = draft.is_create() || replaces_copy(draft);
    if is_new && let Err(diags) = set_target_defaults(draft) {
        return diags;
    }
    let mount = draft.planned(Input::MOUNT).map(|mount| mount.0);
    let sensitive_ref = match draft.planned(Input::SENSITIVE_PATH) {
        Attr::Known(path) => mount.clone().map(|mount| SecretRef::new(mount, path.0).to_string()),
        Attr::Null => Attr::Null,
        Attr::Unknown => Attr::Unknown,
    };
    draft.set(Output::SENSITIVE_SECRET_REF, sensitive_ref);
    let mut diags = Diags::new();
    if draft.is_create() || draft.changed(Input::SENSITIVE_PATH) {
        let sensitive = reference(mount.clone(), draft.planned(Input::SENSITIVE_PATH));
        diags.extend(sensitive.and_then(|path| explain::pasted_warning(&path, Input::SENSITIVE_PATH.path())));
    }
    if !is_new {
        // An existing copy was allowed at its creation, and its source is not read again.
        return diags;
    }
    let source = reference(mount, draft.planned(Input::SOURCE_PATH));
    let target_mount = draft.planned(Input::TARGET_MOUNT).map(|mount| mount.0);
    let target = reference(target_mount, draft.planned(Input::TARGET_PATH));
    if let (Some(target), Ok(vault)) = (&target, cx.vault()) {
        draft.set(Output::VAULT_UI_URL, vault.ui_url(target).into());
    }
    // The default target ends like the source, so an error about it would only repeat the mistake of the source.
    let is_default = draft.config(Input::TARGET_PATH).is_null();
    let configured = target.as_ref().filter(|_| !is_default);
    diags.extend(configured.and_then(|target| explain::pasted_warning(target, Input::TARGET_PATH.path())));
    diags.extend(match source.as_ref().and_then(|source| sensitive_diags(cx, source)) {
        Some(mistakes) if is_default => mistakes,
        _ => refusal_diags(cx, source, target),
    });
    diags
}

/// True if the copy is replaced.
fn replaces_copy(draft: &DraftOf<'_, VaultClone>) -> bool {
    draft.changed(Input::ENVIRONMENT) && !draft.planned(Input::ENVIRONMENT).is_unknown()
        || draft.changed(Input::MOUNT)
        || draft.changed(Input::SOURCE_PATH)
        || !draft.config(Input::TARGET_MOUNT).is_null() && draft.changed(Input::TARGET_MOUNT)
        || !draft.config(Input::TARGET_PATH).is_null() && draft.changed(Input::TARGET_PATH)
        || draft.changed(Input::RECURSIVE)
}

/// Sets the defaults of the target.
fn set_target_defaults(draft: &mut DraftOf<'_, VaultClone>) -> Result<(), Diags> {
    if draft.config(Input::TARGET_MOUNT).is_null() {
        draft.set(Input::TARGET_MOUNT, draft.planned(Input::MOUNT));
    }
    if draft.config(Input::TARGET_PATH).is_null() {
        let path = match draft.planned(Input::ENVIRONMENT).zip(draft.planned(Input::SOURCE_PATH)) {
            Attr::Known((environment, source)) => {
                let path = default_target(&environment, &source)
                    .map_err(|error| explain::invalid(Input::TARGET_PATH.path(), &error.to_string()))?;
                Attr::Known(Text(path))
            }
            Attr::Null | Attr::Unknown => Attr::Unknown,
        };
        draft.set(Input::TARGET_PATH, path);
    }
    Ok(())
}

/// Reasons to refuse the copy, as far as they are known. The apply checks again before any read.
fn refusal_diags(cx: &Context, source: Option<SecretRef>, target: Option<SecretRef>) -> Diags {
    match (source, target) {
        (Some(source), Some(target)) if cx.knows_routes() => cx.route(source, target).err().unwrap_or_default(),
        (Some(source), _) => sensitive_diags(cx, &source).unwrap_or_default(),
        (None, _) => Diags::new(),
    }
}

fn sensitive_diags(cx: &Context, source: &SecretRef) -> Option<Diags> {
    let pattern = cx.sensitive_paths()?.covering(source)?.to_owned();
    let error = RouteError::Sensitive { source_ref: source.clone(), pattern };
    Some(explain::with_remedy(Input::SOURCE_PATH.path(), &error).into())
}

fn reference(mount: Attr<MountPath>, path: Attr<Text<SecretPath>>) -> Option<SecretRef> {
    mount.zip(path).known().map(|(mount, path)| SecretRef::new(mount, path.0))
}
