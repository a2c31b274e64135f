//! New overrides for a copy that was not edited.

use std::collections::BTreeMap;

use eod_domain::vault::{KeyRecord, KeyUpdate, MountPath, SecretPath, update};

use super::owner::CopyOwner;
use crate::{
    Deadline, Error, ErrorKind,
    vault::{
        client::Vault,
        engine::MountInfo,
        kv::{Receipt, SecretRead, Written},
        secret::{Metadata, SecretMap},
    },
};

/// Result of an update of overrides. Only the first variant changed the copy; the others are warnings.
#[derive(Debug)]
pub enum Updated {
    /// The overrides are written; contains the new record.
    Written(KeyRecord),
    /// The copy was edited or deleted by another client, so it was not changed.
    Edited,
    /// The copy does not exist.
    Gone,
    /// The copy belongs to another owner.
    NotOurs,
    /// The policy of the token does not allow it; the error names the capability.
    Denied(Error),
}

/// Writes overrides into a copy if its newest version is the one that this provider wrote.
///
/// # Errors
///
/// A request failed, or the new version could not be recorded in the provenance.
pub async fn update_overrides(
    vault: &Vault,
    mount: &MountPath,
    path: &SecretPath,
    record: &KeyRecord,
    overrides: &SecretMap,
    owner: &CopyOwner,
    deadline: &Deadline,
) -> Result<Updated, Error> {
    let mount = &MountInfo::v2(mount.clone());
    let Some(metadata) = vault.metadata(mount, path, deadline).await? else { return Ok(Updated::Gone) };
    let facts = metadata.facts(vault.now());
    let (cas, is_next) = match update(Some(&facts), record, &owner.nonce, &owner.environment, &owner.installation) {
        KeyUpdate::Write { cas } => (cas, false),
        // A run may have been interrupted between the write and its record.
        KeyUpdate::Edited if facts.current_version == record.version + 1 => (record.version, true),
        KeyUpdate::Edited => return Ok(Updated::Edited),
        KeyUpdate::Gone => return Ok(Updated::Gone),
        KeyUpdate::NotOurs => return Ok(Updated::NotOurs),
    };
    let data = match vault.read(mount, path, Some(cas), deadline).await {
        Ok(SecretRead::Secret(mut secret)) => std::mem::take(&mut secret.data).with(overrides),
        Ok(SecretRead::Deleted { .. }) => return Ok(Updated::Edited),
        Ok(SecretRead::Absent) => return Ok(Updated::Gone),
        Err(error) if error.kind == ErrorKind::Denied => return Ok(Updated::Denied(error)),
        Err(error) => return Err(error),
    };
    let stored = if is_next { None } else { Some(vault.write_cas(mount, path, &data, cas, deadline).await?) };
    let receipt = match stored {
        Some(Written::Stored(receipt)) => receipt,
        Some(Written::Denied(error)) => return Ok(Updated::Denied(error)),
        Some(Written::Conflict { after_silence: false }) => return Ok(Updated::Edited),
        Some(Written::Conflict { after_silence: true }) | None => {
            match written_without_response(vault, mount, path, &data, cas, deadline).await? {
                Some(receipt) => receipt,
                None => return Ok(Updated::Edited),
            }
        }
    };
    let updated =
        KeyRecord { version: receipt.version, edited: false, created_time: receipt.created_time, ..record.clone() };
    record_version(vault, mount, path, &metadata, &updated, deadline).await?;
    Ok(Updated::Written(updated))
}

/// The receipt of the next version if it has the expected value: from an attempt without a response, or from an
/// interrupted run.
async fn written_without_response(
    vault: &Vault,
    mount: &MountInfo,
    path: &SecretPath,
    data: &SecretMap,
    cas: u64,
    deadline: &Deadline,
) -> Result<Option<Receipt>, Error> {
    match vault.read(mount, path, None, deadline).await? {
        SecretRead::Secret(secret) if secret.version == Some(cas + 1) && secret.data == *data => Ok(Some(Receipt {
            version: cas + 1,
            created_time: secret.created_time.clone(),
            custom_metadata: secret.custom_metadata.clone(),
        })),
        _ => Ok(None),
    }
}

/// Records the new version in the provenance for later runs that adopt the copy.
async fn record_version(
    vault: &Vault,
    mount: &MountInfo,
    path: &SecretPath,
    metadata: &Metadata,
    updated: &KeyRecord,
    deadline: &Deadline,
) -> Result<(), Error> {
    let Some(created) = &updated.created_time else { return Ok(()) };
    let mut custom: BTreeMap<String, String> = metadata.custom_metadata.clone();
    custom.insert(eod_domain::vault::CREATED.to_owned(), created.clone());
    vault.set_custom_metadata(mount, path, &custom, deadline).await
}
