//! Import by `<mount>/<target path>`, from the ownership metadata of the copies.
//!
//! An import only reads, so it shares the claim (the nonce) of the state that created the copies. Both states may
//! delete them until one of them does; remove the resource from the other state.

use std::time::{Duration, SystemTime};

use eod_clients::Deadline;
use eod_clients::vault::clone;
use eod_domain::vault::{OnDestroy, OnExistingSecret, SecretRef};
use tfplugin::{Diag, Diags, ImportSource, Imported, Partial, RequestContext, Text};

use super::copies::Copies;
use super::model::{Input, Private};
use super::{VaultClone, records};
use crate::explain;
use crate::provider::Context;

/// Maximum duration of an import.
const LIMIT: Duration = Duration::from_secs(120);

pub(super) async fn import(
    cx: &Context,
    source: ImportSource<VaultClone>,
    call: &RequestContext,
) -> Result<Imported<VaultClone>, Diags> {
    let ImportSource::Id(id) = source else {
        return Err(Diag::error("Import by identity is not supported")
            .hint("import by `<mount>/<target path>`")
            .into());
    };
    let whole: SecretRef = id.parse().map_err(|error: eod_domain::vault::ReferenceError| {
        Diag::error("Invalid import id")
            .detail(explain::sentence(&error.to_string()))
            .hint("use the resource's `id`, `<target_mount>/<target_path>`, such as `secret/preview/shop-pr-123`")
    })?;
    let remote = Deadline::within(LIMIT, call.cancel.clone());
    let vault = cx.vault()?;
    let found = clone::inspect(vault, &whole, &remote).await.map_err(|error| explain::remote(&error))?;
    let now = cx.now();
    let installation = cx.installation()?;
    let copies = Copies::among(&found, SystemTime::from(now)).filter(|copies| copies.installation == *installation);
    let Some(copies) = copies else {
        return Err(Diag::error("The copy does not exist")
            .detail(format!(
                "No secret at or below `{}` has the ownership metadata of EoD installation `{installation}`, so there is \
                 nothing to import.",
                found.root
            ))
            .hint("check the mount and the path, and set the provider's `installation` to the one that created the copy")
            .into());
    };
    let source: SecretRef = copies.source.parse().map_err(|_| lost_source_error(&copies))?;
    // Only the server has the number of segments of the mount.
    let (_, source) = vault.split(&source, &remote).await.map_err(|error| explain::remote(&error))?;
    let input = input(&copies, &source);
    let private = Private {
        nonce: copies.nonce.as_str().to_owned(),
        installation: Some(copies.installation),
        created: records::created(&copies.records),
        ..Private::default()
    };
    let output = records::output(vault, &input, &copies.target, &copies.records, now);
    Ok(Imported { attributes: Partial::of(&input).and(&output), private })
}

/// Arguments, with defaults for those that the copies do not record.
fn input(copies: &Copies, source: &SecretRef) -> Input {
    Input {
        environment: Text(copies.environment.clone()),
        mount: Some(Text(source.mount().clone())),
        target_mount: Some(Text(copies.target.mount().clone())),
        source_path: Text(source.path().clone()),
        target_path: Some(Text(copies.target.path().clone())),
        recursive: Some(copies.recursive),
        exclude_keys: None,
        overrides_wo: None,
        overrides_wo_version: None,
        on_existing: Some(Text(OnExistingSecret::default())),
        on_destroy: Some(Text(OnDestroy::default())),
        sensitive_path: None,
        timeouts: None,
    }
}

fn lost_source_error(copies: &Copies) -> Diag {
    Diag::error("The source of the copy is not recorded")
        .detail(format!("Its metadata entry `eod-src` is `{}`, which is not a reference to a secret.", copies.source))
        .hint("copies of a source with a very long name, or with characters that metadata cannot store, cannot be imported: create the copy again")
}
