//! Plain manifests: all `.yaml`, `.yml` and `.json` files of one directory.

use std::sync::Arc;

use super::reading::join;
use crate::files::Files;
use crate::manifest::{Manifest, manifests};
use crate::refusal::{Location, Refusals};

/// Objects of the files in the directory, without its subdirectories.
pub(super) fn read(files: &Files, directory: &str, names: &[&str]) -> Result<Vec<Manifest>, Refusals> {
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    let is_manifest = |name: &&&str| [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending));
    for name in names.iter().filter(is_manifest) {
        let path = join(directory, name);
        if files.is_directory(directory, name).unwrap_or(false) {
            continue;
        }
        match files.read(directory, name) {
            Err(error) => refusals.push(error.refusal(Location::file(path))),
            Ok(bytes) => {
                let path: Arc<str> = path.into();
                match manifests(&path, &bytes) {
                    Ok(manifests) => found.extend(manifests),
                    Err(more) => refusals.extend(more),
                }
            }
        }
    }
    Refusals::collected(refusals).map_or(Ok(found), Err)
}
