//! Names of a subtree. All of them are read before anything is written.

use eod_domain::vault::{DEPTH_LIMIT, KEY_LIMIT, Route, SecretPath, SecretRef};

use super::notice::Notice;
use crate::{
    Deadline, Error, ErrorKind,
    vault::{client::Vault, engine::MountInfo, problem::VaultProblem, request::SYSTEM},
};

/// One secret to copy.
pub(super) struct Pair {
    pub(super) source: SecretRef,
    pub(super) target: SecretRef,
    /// True for the root of a subtree, which may have no secret.
    pub(super) root: bool,
}

/// The secrets of a subtree that may be copied, the root first, and notices about the others.
pub(super) async fn pairs(
    vault: &Vault,
    mount: &MountInfo,
    route: &Route,
    deadline: &Deadline,
) -> Result<(Vec<Pair>, Vec<Notice>), Error> {
    let mut pairs = Vec::new();
    let mut notices = Vec::new();
    let names = walk(vault, mount, route.source(), |folder| route.prunes(folder), deadline).await?;
    for name in std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str()))) {
        let mut skip = |why: String| {
            // The server allows names with characters that control a terminal.
            let name = name.unwrap_or_default().escape_debug();
            notices.push(Notice::Skipped { source: format!("{}/{name}", route.source()), why });
        };
        if name.is_some_and(|name| name.ends_with('/')) {
            skip("the folder is sensitive, so its names were not read".to_owned());
            continue;
        }
        match route.key(name) {
            Ok((source, target)) => pairs.push(Pair { source, target, root: name.is_none() }),
            Err(error) => skip(error.to_string()),
        }
    }
    Ok((pairs, notices))
}

/// The names below a path, relative to it, sorted. A pruned folder is in the list with a slash; its names are not read.
pub(super) async fn walk(
    vault: &Vault,
    mount: &MountInfo,
    root: &SecretRef,
    prunes: impl Fn(&str) -> bool,
    deadline: &Deadline,
) -> Result<Vec<String>, Error> {
    let too_large = |problem: VaultProblem| {
        Error::new(SYSTEM, "copy", format!("the secrets below `{root}`"), ErrorKind::Invalid).because(problem)
    };
    let mut names: Vec<String> = Vec::new();
    let mut folders: Vec<(String, usize)> = vec![(String::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if depth > DEPTH_LIMIT {
            return Err(too_large(VaultProblem::TooDeep { limit: DEPTH_LIMIT }));
        }
        // A folder with an unsupported name cannot be listed. It is handled like a secret with that name.
        let path = match folder.as_str() {
            "" => root.path().clone(),
            below => match root.path().join(below) {
                Ok(path) => path,
                Err(_) => {
                    names.push(folder);
                    continue;
                }
            },
        };
        for entry in vault.list(mount, Some(&path), deadline).await? {
            let name = if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
            if !entry.is_folder {
                names.push(name);
            } else if prunes(&name) {
                names.push(format!("{name}/"));
            } else {
                folders.push((name, depth + 1));
            }
        }
        if names.len() > KEY_LIMIT {
            return Err(too_large(VaultProblem::TooMany { limit: KEY_LIMIT }));
        }
    }
    names.sort();
    Ok(names)
}

/// The paths of the secrets at and below a path.
pub(super) async fn paths(
    vault: &Vault,
    mount: &MountInfo,
    root: &SecretRef,
    deadline: &Deadline,
) -> Result<Vec<SecretPath>, Error> {
    let names = walk(vault, mount, root, |_| false, deadline).await?;
    let below = names.iter().filter_map(|name| root.path().join(name).ok());
    Ok(std::iter::once(root.path().clone()).chain(below).collect())
}
