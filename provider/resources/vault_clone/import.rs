//! Import by `<mount>/<target path>`: what the copies say of themselves.

use std::time::{Duration, SystemTime};

use eod_clients::Deadline;
use eod_clients::vault::clone;
use eod_domain::vault::SecretRef;
use tfplugin::{Diag, Diags, ImportSource, Imported, Partial, RequestContext, Text};

use super::copies::Copies;
use super::model::{Input, OnDestroy, OnExisting, Private};
use super::{VaultClone, records};
use crate::explain;
use crate::provider::Context;

/// An import looks at no more than a subtree may have.
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
        return Err(Diag::error("There is no copy of ours")
            .detail(format!(
                "Nothing at or below `{}` carries the marks of EoD installation `{installation}`, so there is nothing to \
                 import.",
                found.root
            ))
            .hint("check the mount and the path, and set the provider's `installation` to the one that made the copy")
            .into());
    };
    let source: SecretRef = copies.source.parse().map_err(|_| source_is_lost(&copies))?;
    // Only the server knows how many segments a mount has.
    let (_, source) = vault.split(&source, &remote).await.map_err(|error| explain::remote(&error))?;
    let input = input(&copies, &source);
    let private = Private {
        nonce: copies.nonce.as_str().to_owned(),
        installation: Some(copies.installation),
        created: records::created(&copies.records),
        planned: false,
    };
    let output = records::output(vault, &input, &copies.target, &copies.records, now);
    Ok(Imported { attributes: Partial::of(&input).and(&output), private })
}

/// The arguments, with their defaults where the copies say nothing.
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
        on_existing: Some(Text(OnExisting::default())),
        on_destroy: Some(Text(OnDestroy::default())),
        sensitive_path: None,
        timeouts: None,
    }
}

fn source_is_lost(copies: &Copies) -> Diag {
    Diag::error("The copy does not say what it is a copy of")
        .detail(format!("Its entry `eod-src` is `{}`, which is no reference to a secret.", copies.source))
        .hint("a source whose name is very long or has characters that metadata cannot hold cannot be imported; make the copy anew")
}
