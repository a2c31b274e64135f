//! What copies that were made come to: looked at again, and given back.

use std::{collections::BTreeMap, future::Future};

use eod_domain::vault::{
    KeyRecord, KeyRemoval, KeyResult, LeaveReason, MountPath, SecretPath, SecretRef, edited, removal,
};
use futures::{StreamExt, stream};

use super::{AT_ONCE, CopyOwner, subtree};
use crate::{
    Deadline, Error,
    vault::{client::Vault, mount::MountInfo, secret::Metadata},
};

/// What a refresh found of one copy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyState {
    /// It is there; `edited` is as of now.
    Present(KeyRecord),
    /// It is gone with all its metadata.
    Gone,
    /// Something else is there, or a later run has taken it over: it is no longer ours to delete.
    Lost,
}

/// What a destroy did with one copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removed {
    /// All versions and the metadata are deleted.
    Deleted,
    /// It was gone.
    Gone,
    /// It was left.
    Left(LeaveReason),
}

/// What a destroy came to. What is not in `keys` is still to be done.
#[derive(Debug, Default)]
pub struct Destroyed {
    /// What was done, by path.
    pub keys: BTreeMap<SecretPath, Removed>,
    /// Why it is not whole.
    pub error: Option<Error>,
}

/// What lies at and below a path, apart from values.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The path, its mount told apart by the server.
    pub root: SecretRef,
    /// The secrets by path.
    pub keys: BTreeMap<SecretPath, Metadata>,
}

/// Looks at the copies of a state: metadata only, one request each, and none for what never was ours.
///
/// # Errors
///
/// The first failure; "gone" is said only where the server said so.
pub async fn refresh(
    vault: &Vault,
    mount: &MountPath,
    keys: &BTreeMap<SecretPath, KeyRecord>,
    owner: &CopyOwner,
    call: &Deadline,
) -> Result<BTreeMap<SecretPath, KeyState>, Error> {
    let mount = &MountInfo::v2(mount.clone());
    let jobs = keys.iter().map(|(path, record)| async move {
        if record.result == KeyResult::KeptForeign {
            return Ok((path.clone(), KeyState::Present(record.clone())));
        }
        let found = vault.metadata(mount, path, call).await?;
        let facts = found.map(|metadata| metadata.facts(vault.now()));
        let decided = removal(facts.as_ref(), record, &owner.nonce, &owner.environment, &owner.installation);
        let state = match (decided, facts) {
            (KeyRemoval::Delete, Some(facts)) => {
                KeyState::Present(KeyRecord { edited: edited(&facts, record.version), ..record.clone() })
            }
            (_, None) => KeyState::Gone,
            (_, Some(_)) => KeyState::Lost,
        };
        Ok((path.clone(), state))
    });
    let mut jobs = at_once(jobs);
    let mut states = BTreeMap::new();
    while let Some(job) = jobs.next().await {
        let (path, state) = job?;
        states.insert(path, state);
    }
    Ok(states)
}

/// Deletes what is ours of a state, edited or not, and nothing else. The source is not asked for. A failure ends
/// nothing: what can be deleted is deleted, and the first failure is told.
pub async fn destroy(
    vault: &Vault,
    mount: &MountPath,
    keys: &BTreeMap<SecretPath, KeyRecord>,
    owner: &CopyOwner,
    call: &Deadline,
) -> Destroyed {
    let mount = &MountInfo::v2(mount.clone());
    let jobs = keys.iter().map(|(path, record)| async move {
        (path.clone(), destroy_one(vault, mount, path, record, owner, call).await)
    });
    let mut jobs = at_once(jobs);
    let mut destroyed = Destroyed::default();
    while let Some((path, removed)) = jobs.next().await {
        match removed {
            Ok(removed) => {
                destroyed.keys.insert(path, removed);
            }
            Err(error) => destroyed.error = destroyed.error.or(Some(error)),
        }
    }
    destroyed
}

/// Looks at everything at and below a path: for imports, data sources and the search for orphans.
///
/// # Errors
///
/// When the mount is none, or the server refuses.
pub async fn inspect(vault: &Vault, whole: &SecretRef, call: &Deadline) -> Result<Inspected, Error> {
    let (mount, root) = vault.split(whole, call).await?;
    let paths = subtree::paths(vault, &mount, &root, call).await?;
    let mount = &mount;
    let jobs = stream::iter(paths)
        .map(|path| async move { vault.metadata(mount, &path, call).await.map(|found| (path, found)) });
    let mut jobs = jobs.buffer_unordered(AT_ONCE);
    let mut keys = BTreeMap::new();
    while let Some(job) = jobs.next().await {
        if let (path, Some(metadata)) = job? {
            keys.insert(path, metadata);
        }
    }
    Ok(Inspected { root, keys })
}

async fn destroy_one(
    vault: &Vault,
    mount: &MountInfo,
    path: &SecretPath,
    record: &KeyRecord,
    owner: &CopyOwner,
    call: &Deadline,
) -> Result<Removed, Error> {
    if record.result == KeyResult::KeptForeign {
        return Ok(Removed::Left(LeaveReason::KeptForeign));
    }
    let found = vault.metadata(mount, path, call).await?;
    let facts = found.map(|metadata| metadata.facts(vault.now()));
    match removal(facts.as_ref(), record, &owner.nonce, &owner.environment, &owner.installation) {
        KeyRemoval::Gone => Ok(Removed::Gone),
        KeyRemoval::Leave(reason) => Ok(Removed::Left(reason)),
        KeyRemoval::Delete => {
            vault.delete_all(mount, path, call).await?;
            Ok(Removed::Deleted)
        }
    }
}

/// A few of the jobs at once. They are made before they are polled: a future that borrows from what a lazy stream
/// yields cannot be sent to another thread.
fn at_once<T, J: Future<Output = T>>(jobs: impl Iterator<Item = J>) -> impl futures::Stream<Item = T> {
    let jobs: Vec<J> = jobs.collect();
    stream::iter(jobs).buffer_unordered(AT_ONCE)
}
