//! Existing copies: refresh, destroy and inspect.

use std::{collections::BTreeMap, future::Future};

use eod_domain::vault::{
    KeyRecord, KeyRemoval, KeyResult, LeaveReason, MountPath, SecretPath, SecretRef, edited, removal,
};
use futures::{StreamExt, stream};

use super::{options::MAX_AT_ONCE, owner::CopyOwner, subtree};
use crate::{
    Deadline, Error,
    vault::{client::Vault, engine::MountInfo, secret::Metadata},
};

/// State of one copy after a refresh.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyState {
    /// The copy exists; `edited` is the current value.
    Present(KeyRecord),
    /// The copy and its metadata do not exist.
    Gone,
    /// Another secret exists, or a later run adopted the copy; a destroy must not delete it.
    Lost,
}

/// Result of a destroy for one copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removed {
    /// All versions and the metadata are deleted.
    Deleted,
    /// The copy did not exist.
    Gone,
    /// The copy was kept.
    Left(LeaveReason),
}

/// Result of a destroy. Copies that are not in `keys` still have to be deleted.
#[derive(Debug, Default)]
pub struct Destroyed {
    /// Results by path.
    pub keys: BTreeMap<SecretPath, Removed>,
    /// The first failure.
    pub error: Option<Error>,
}

/// The secrets at and below a path without their values.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The path, split into mount and path by the server.
    pub root: SecretRef,
    /// The secrets by path.
    pub keys: BTreeMap<SecretPath, Metadata>,
}

/// Reads the copies of a state: metadata only, one request each, and none for secrets of other owners.
///
/// # Errors
///
/// The first failed request. A copy is reported as gone only if the server reports it.
pub async fn refresh(
    vault: &Vault,
    mount: &MountPath,
    keys: &BTreeMap<SecretPath, KeyRecord>,
    owner: &CopyOwner,
    deadline: &Deadline,
) -> Result<BTreeMap<SecretPath, KeyState>, Error> {
    let mount = &MountInfo::v2(mount.clone());
    let jobs = keys.iter().map(|(path, record)| async move {
        if record.result == KeyResult::KeptForeign {
            return Ok((path.clone(), KeyState::Present(record.clone())));
        }
        let found = vault.metadata(mount, path, deadline).await?;
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

/// Deletes the own copies of a state, also edited ones, and nothing else. The source is not read. After a failure the
/// remaining copies are deleted as well; the first failure is returned.
pub async fn destroy(
    vault: &Vault,
    mount: &MountPath,
    keys: &BTreeMap<SecretPath, KeyRecord>,
    owner: &CopyOwner,
    deadline: &Deadline,
) -> Destroyed {
    let mount = &MountInfo::v2(mount.clone());
    let jobs = keys.iter().map(|(path, record)| async move {
        (path.clone(), destroy_one(vault, mount, path, record, owner, deadline).await)
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

/// Reads the metadata of all secrets at and below a path: for imports, data sources and the search for orphans.
///
/// # Errors
///
/// There is no such mount, or a request failed.
pub async fn inspect(vault: &Vault, whole: &SecretRef, deadline: &Deadline) -> Result<Inspected, Error> {
    let (mount, root) = vault.split(whole, deadline).await?;
    let paths = subtree::paths(vault, &mount, &root, deadline).await?;
    let mount = &mount;
    let jobs = stream::iter(paths)
        .map(|path| async move { vault.metadata(mount, &path, deadline).await.map(|found| (path, found)) });
    let mut jobs = jobs.buffer_unordered(MAX_AT_ONCE);
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
    deadline: &Deadline,
) -> Result<Removed, Error> {
    if record.result == KeyResult::KeptForeign {
        return Ok(Removed::Left(LeaveReason::KeptForeign));
    }
    let found = vault.metadata(mount, path, deadline).await?;
    let facts = found.map(|metadata| metadata.facts(vault.now()));
    match removal(facts.as_ref(), record, &owner.nonce, &owner.environment, &owner.installation) {
        KeyRemoval::Gone => Ok(Removed::Gone),
        KeyRemoval::Leave(reason) => Ok(Removed::Left(reason)),
        KeyRemoval::Delete => {
            vault.delete_all(mount, path, deadline).await?;
            Ok(Removed::Deleted)
        }
    }
}

/// Runs some of the jobs at once. All are created before the first is polled: a future that borrows from an item of a
/// lazy stream cannot be sent to another thread.
fn at_once<T, J: Future<Output = T>>(jobs: impl Iterator<Item = J>) -> impl futures::Stream<Item = T> {
    let jobs: Vec<J> = jobs.collect();
    stream::iter(jobs).buffer_unordered(MAX_AT_ONCE)
}
