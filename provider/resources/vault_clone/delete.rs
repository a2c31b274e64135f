//! Destroy: all versions of what we made, and nothing else. The source is not asked for.

use eod_clients::Call as Remote;
use eod_clients::vault::Vault;
use eod_clients::vault::clone::{self, Notice, Owner, Removed};
use eod_domain::vault::{KeyMarks, KeyRecord, KeyResult, LeaveReason, SecretRef};
use tfplugin::{Call, Diag, Diags, State};

use super::model::OnDestroy;
use super::records::{self, Records};
use super::{VaultClone, notices, place};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn delete(cx: &Context, prior: &State<VaultClone>, call: &Call) -> Result<(), Diags> {
    if prior.input.on_destroy.is_some_and(|choice| choice.0 == OnDestroy::Keep) {
        return Ok(());
    }
    let limit = TimeoutsArgs::of(prior.input.timeouts.as_ref(), Operation::Delete);
    let remote = Remote::within(limit, call.cancel.clone());
    let vault = cx.vault()?;
    let owner = place::owner(cx, prior)?;
    let target = place::target(&prior.input)?;
    let recorded = match &prior.output {
        Some(output) => records::recorded(output, &prior.private)?,
        None if prior.input.recursive == Some(true) => traced(vault, &target, &owner, &remote).await?,
        None => Records::from([(target.path().clone(), unknown())]),
    };
    let destroyed = clone::destroy(vault, target.mount(), &recorded, &owner, &remote).await;
    let left = |(path, removed)| match removed {
        // What never was ours was reported when it was found.
        Removed::Deleted | Removed::Gone | Removed::Left(LeaveReason::KeptForeign) => None,
        Removed::Left(reason) => Some(Notice::Left { target: SecretRef::new(target.mount().clone(), path), reason }),
    };
    let left: Vec<_> = destroyed.keys.into_iter().filter_map(left).collect();
    notices::warnings(&target, &left).into_iter().for_each(|warning| call.warn(warning));
    destroyed.error.map_or(Ok(()), |error| Err(explain::remote(&error).into()))
}

/// What a create that failed without an answer may have stored: everything below the target that carries its nonce.
async fn traced(vault: &Vault, target: &SecretRef, owner: &Owner, remote: &Remote) -> Result<Records, Diag> {
    let found = clone::inspect(vault, target, remote).await.map_err(|error| explain::remote(&error))?;
    let ours = found
        .keys
        .into_iter()
        .filter(|(_, metadata)| KeyMarks::read(&metadata.custom_metadata).nonce.as_ref() == Some(&owner.nonce));
    Ok(ours.map(|(path, _)| (path, unknown())).collect())
}

/// A copy of which only the path is known.
fn unknown() -> KeyRecord {
    KeyRecord { source_version: None, version: 1, result: KeyResult::Cloned, edited: false, created_time: None }
}
