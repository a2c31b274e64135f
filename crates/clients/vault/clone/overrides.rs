//! New overrides for a copy that nobody has edited.

use std::collections::BTreeMap;

use eod_domain::vault::{KeyRecord, KeyUpdate, MountPath, SecretPath, update};

use super::CopyOwner;
use crate::{
    Deadline, Error, ErrorKind,
    vault::{
        client::Vault,
        kv::{Receipt, SecretRead, Written},
        mount::MountInfo,
        secret::{Metadata, SecretMap},
    },
};

/// What became of an update of the overrides. Only the first changed anything; the rest are warnings.
#[derive(Debug)]
pub enum Updated {
    /// Written; the record as it is now.
    Written(KeyRecord),
    /// Somebody edited or deleted the copy, so it was left.
    Edited,
    /// The copy is gone.
    Gone,
    /// It is not ours, or no longer.
    NotOurs,
    /// The token's policy does not allow it; the error names the capability.
    Denied(Error),
}

/// Puts overrides over a copy of ours, on condition that its newest version is the one we wrote.
///
/// # Errors
///
/// When the server cannot be asked, or the new version could not be noted in the provenance.
pub async fn update_overrides(
    vault: &Vault,
    mount: &MountPath,
    path: &SecretPath,
    record: &KeyRecord,
    overrides: &SecretMap,
    owner: &CopyOwner,
    call: &Deadline,
) -> Result<Updated, Error> {
    let mount = &MountInfo::v2(mount.clone());
    let Some(metadata) = vault.metadata(mount, path, call).await? else { return Ok(Updated::Gone) };
    let facts = metadata.facts(vault.now());
    let (cas, is_next) = match update(Some(&facts), record, &owner.nonce, &owner.environment, &owner.installation) {
        KeyUpdate::Write { cas } => (cas, false),
        // Perhaps a run of ours was stopped after it had written and before it could note so.
        KeyUpdate::Edited if facts.current_version == record.version + 1 => (record.version, true),
        KeyUpdate::Edited => return Ok(Updated::Edited),
        KeyUpdate::Gone => return Ok(Updated::Gone),
        KeyUpdate::NotOurs => return Ok(Updated::NotOurs),
    };
    let data = match vault.read(mount, path, Some(cas), call).await {
        Ok(SecretRead::Secret(mut secret)) => std::mem::take(&mut secret.data).with(overrides),
        Ok(SecretRead::Deleted { .. }) => return Ok(Updated::Edited),
        Ok(SecretRead::Absent) => return Ok(Updated::Gone),
        Err(error) if error.kind == ErrorKind::Denied => return Ok(Updated::Denied(error)),
        Err(error) => return Err(error),
    };
    let stored = if is_next { None } else { Some(vault.write_cas(mount, path, &data, cas, call).await?) };
    let receipt = match stored {
        Some(Written::Stored(receipt)) => receipt,
        Some(Written::Denied(error)) => return Ok(Updated::Denied(error)),
        Some(Written::Conflict { after_silence: false }) => return Ok(Updated::Edited),
        Some(Written::Conflict { after_silence: true }) | None => {
            match silently_written(vault, mount, path, &data, cas, call).await? {
                Some(receipt) => receipt,
                None => return Ok(Updated::Edited),
            }
        }
    };
    let updated =
        KeyRecord { version: receipt.version, edited: false, created_time: receipt.created_time, ..record.clone() };
    note(vault, mount, path, &metadata, &updated, call).await?;
    Ok(Updated::Written(updated))
}

/// Whether the next version is the one we wrote, in an attempt that got no answer or in a run that was stopped.
async fn silently_written(
    vault: &Vault,
    mount: &MountInfo,
    path: &SecretPath,
    data: &SecretMap,
    cas: u64,
    call: &Deadline,
) -> Result<Option<Receipt>, Error> {
    match vault.read(mount, path, None, call).await? {
        SecretRead::Secret(secret) if secret.version == Some(cas + 1) && secret.data == *data => Ok(Some(Receipt {
            version: cas + 1,
            created_time: secret.created_time.clone(),
            custom_metadata: secret.custom_metadata.clone(),
        })),
        _ => Ok(None),
    }
}

/// Notes in the provenance which version is ours, so that a later run that adopts the copy knows it.
async fn note(
    vault: &Vault,
    mount: &MountInfo,
    path: &SecretPath,
    metadata: &Metadata,
    updated: &KeyRecord,
    call: &Deadline,
) -> Result<(), Error> {
    let Some(created) = &updated.created_time else { return Ok(()) };
    let mut custom: BTreeMap<String, String> = metadata.custom_metadata.clone();
    custom.insert(eod_domain::vault::CREATED.to_owned(), created.clone());
    vault.set_custom_metadata(mount, path, &custom, call).await
}
