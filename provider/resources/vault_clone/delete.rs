//! Destroy: deletes all versions of the copies with our claim, and no other secret. The source is not read.

use eod_clients::Deadline;
use eod_clients::vault::Vault;
use eod_clients::vault::clone::{self, Notice, Removed};
use eod_domain::vault::{KeyRecord, KeyResult, LeaveReason, OnDestroy, SecretRef};
use tfplugin::{Diag, Diags, RequestContext, State};

use super::model::Input;
use super::recall::Forgotten;
use super::records::{self, Records};
use super::{VaultClone, notices, place};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn delete(cx: &Context, prior: &State<VaultClone>, call: &RequestContext) -> Result<(), Diags> {
    if prior.input.on_destroy.is_some_and(|choice| choice.0 == OnDestroy::Keep) {
        return Ok(());
    }
    let limit = TimeoutsArgs::of_or_default(prior.input.timeouts.as_ref(), Operation::Delete);
    let remote = Deadline::within(limit, call.cancel.clone());
    let vault = cx.vault()?;
    let mut owner = place::owner(cx, prior)?;
    let target = place::target(&prior.input)?;
    let mut recorded = match &prior.output {
        Some(output) => records::recorded(output, &prior.private)?,
        None => possible(vault, &prior.input, &target, &remote).await?,
    };
    if prior.private.planned {
        let source = place::source(&prior.input);
        let forgotten = Forgotten { vault, source: &source, target: &target, owner: &owner };
        if let Some(since) = prior.output.as_ref().and_then(|output| output.created_at.parse().ok()) {
            forgotten.times(&mut recorded, since, &remote).await?;
        }
        owner.nonce = forgotten.nonce(&recorded, &remote).await?.unwrap_or(owner.nonce);
    }
    let destroyed = clone::destroy(vault, target.mount(), &recorded, &owner, &remote).await;
    let left = |(path, removed)| match removed {
        // Secrets of other owners were reported when they were found, and possible copies were never reported as ours.
        Removed::Deleted | Removed::Gone | Removed::Left(LeaveReason::KeptForeign) => None,
        Removed::Left(_) if prior.output.is_none() && path != *target.path() => None,
        Removed::Left(reason) => Some(Notice::Left { target: SecretRef::new(target.mount().clone(), path), reason }),
    };
    let left: Vec<_> = destroyed.keys.into_iter().filter_map(left).collect();
    notices::warnings(&target, &left).into_iter().for_each(|warning| call.warn(warning));
    destroyed.error.map_or(Ok(()), |error| Err(explain::remote(&error).into()))
}

/// Secrets that a create without an answer may have stored: all secrets at the target. Their ownership metadata
/// decides.
async fn possible(vault: &Vault, input: &Input, target: &SecretRef, remote: &Deadline) -> Result<Records, Diag> {
    let unknown =
        KeyRecord { source_version: None, version: 1, result: KeyResult::Cloned, edited: false, created_time: None };
    if input.recursive != Some(true) {
        return Ok(Records::from([(target.path().clone(), unknown)]));
    }
    let found = clone::inspect(vault, target, remote).await.map_err(|error| explain::remote(&error))?;
    Ok(found.keys.into_keys().map(|path| (path, unknown.clone())).collect())
}
