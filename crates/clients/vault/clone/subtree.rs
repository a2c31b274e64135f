//! The names of a subtree: all of them are known before anything is written.

use eod_domain::vault::{DEPTH_LIMIT, KEY_LIMIT, Route, SecretPath, SecretRef};

use super::Notice;
use crate::{
    Deadline, Error, ErrorKind,
    vault::{client::SYSTEM, client::Vault, mount::MountInfo},
};

/// One secret to copy.
pub(super) struct Pair {
    pub(super) source: SecretRef,
    pub(super) target: SecretRef,
    /// Whether it is the root of a subtree, where there may be no secret at all.
    pub(super) root: bool,
}

/// Every secret of a subtree that may be copied, the root first, and what was left out.
pub(super) async fn pairs(
    vault: &Vault,
    mount: &MountInfo,
    route: &Route,
    call: &Deadline,
) -> Result<(Vec<Pair>, Vec<Notice>), Error> {
    let mut pairs = Vec::new();
    let mut notices = Vec::new();
    let names = walk(vault, mount, route.source(), |folder| route.prunes(folder), call).await?;
    for name in std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str()))) {
        let mut skip = |why: String| {
            // A name that the server lets people use may hold characters that a terminal obeys.
            let name = name.unwrap_or_default().escape_debug();
            notices.push(Notice::Skipped { source: format!("{}/{name}", route.source()), why });
        };
        if name.is_some_and(|name| name.ends_with('/')) {
            skip("the folder is sensitive, so not even its names were asked for".to_owned());
            continue;
        }
        match route.key(name) {
            Ok((source, target)) => pairs.push(Pair { source, target, root: name.is_none() }),
            Err(error) => skip(error.to_string()),
        }
    }
    Ok((pairs, notices))
}

/// The names below a path, relative to it, sorted. A folder that is pruned is named once, with a slash, and its names
/// are not asked for.
pub(super) async fn walk(
    vault: &Vault,
    mount: &MountInfo,
    root: &SecretRef,
    prunes: impl Fn(&str) -> bool,
    call: &Deadline,
) -> Result<Vec<String>, Error> {
    let too_large = |words: String| {
        Error::new(SYSTEM, "copy", format!("the secrets below `{root}`"), ErrorKind::Invalid).because(words)
    };
    let mut names: Vec<String> = Vec::new();
    let mut folders: Vec<(String, usize)> = vec![(String::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if depth > DEPTH_LIMIT {
            return Err(too_large(format!("it is more than {DEPTH_LIMIT} folders deep; copy a folder further down")));
        }
        // A folder whose name we do not accept cannot be asked for; it is named like a secret and refused like one.
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
        for entry in vault.list(mount, Some(&path), call).await? {
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
            return Err(too_large(format!("there are more than {KEY_LIMIT} of them; copy a folder further down")));
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
    call: &Deadline,
) -> Result<Vec<SecretPath>, Error> {
    let names = walk(vault, mount, root, |_| false, call).await?;
    let below = names.iter().filter_map(|name| root.path().join(name).ok());
    Ok(std::iter::once(root.path().clone()).chain(below).collect())
}
