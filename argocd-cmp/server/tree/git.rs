//! Files of a git checkout.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// Files that git tracks, and files that `git add` would add, below one directory.
pub(super) struct GitFiles {
    /// Files, and directories with repositories of their own.
    entries: BTreeSet<String>,
    /// Directories above the entries.
    directories: BTreeSet<String>,
}

impl GitFiles {
    /// Lists the files below `root`; none if it is not in a checkout, or if git is not installed.
    pub(super) fn list(root: &Path) -> Option<Self> {
        let mut command = Command::new("git");
        // A monitor is a program that the configuration of the repository names.
        command.args(["-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let output = command.current_dir(root).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        if !output.status.success() {
            return None;
        }
        let names = String::from_utf8_lossy(&output.stdout).into_owned();
        let names = names.split('\0').map(|name| name.trim_end_matches('/')).filter(|name| !name.is_empty());
        let entries: BTreeSet<String> = names.map(ToOwned::to_owned).collect();
        let directories = entries.iter().flat_map(|entry| above(entry)).map(ToOwned::to_owned).collect();
        Some(Self { entries, directories })
    }

    /// True if a file is listed, or is part of another repository.
    pub(super) fn has_file(&self, path: &str) -> bool {
        self.entries.contains(path) || above(path).any(|directory| self.entries.contains(directory))
    }

    /// True if a directory has such files.
    pub(super) fn has_directory(&self, path: &str) -> bool {
        self.directories.contains(path) || self.has_file(path)
    }
}

/// Directories above a path.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}
