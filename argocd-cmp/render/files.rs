//! Files and symbolic links of the received tree, in memory.
//!
//! # Guarantees
//!
//! - No path and no link can leave the tree.
//! - Links are followed only when a file is read, up to a maximum number.
//! - No path is below a file or a link, so no path is ambiguous.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::refusal::{Location, Refusal, RefusalRule};

/// Files of a repository, or of its received part.
#[derive(Clone, Debug, Default)]
pub struct Files {
    entries: BTreeMap<String, FileEntry>,
}

/// Entry of a path.
#[derive(Clone, Debug)]
enum FileEntry {
    File(Arc<[u8]>),
    Link(String),
}

/// Errors of a read or an addition of a file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FileError {
    /// No file or directory at the path.
    #[error("`{0}` is not among the received files")]
    Missing(String),
    /// An absolute path, or a path above the tree.
    #[error("`{0}` is outside the received files")]
    Outside(String),
    /// More links than the maximum, such as a cycle.
    #[error("`{0}` has more than 40 symbolic links on its path")]
    TooManyLinks(String),
    /// More files than the maximum of one source.
    #[error("`{path}` has more than {max} files")]
    TooManyFiles {
        /// Directory.
        path: String,
        /// Maximum.
        max: usize,
    },
    /// A directory instead of a file.
    #[error("`{0}` is a directory, expected a file")]
    IsDirectory(String),
    /// An invalid path.
    #[error("invalid path `{0}`: expected a relative path without `.`, `..` and empty segments")]
    Name(String),
    /// A path that is added twice, or is below a file or a link.
    #[error("`{0}` is in the archive twice, or below a file")]
    Conflict(String),
}

/// Maximum number of links on the path of one file, as in Linux.
const MAX_LINKS: usize = 40;

impl Files {
    /// Adds a file with a relative path.
    ///
    /// # Errors
    ///
    /// If the path is invalid or in conflict with an added path.
    pub fn add_file(&mut self, path: &str, bytes: impl Into<Arc<[u8]>>) -> Result<(), FileError> {
        self.add(path, FileEntry::File(bytes.into()))
    }

    /// Adds a symbolic link. Its target is checked when the link is followed.
    ///
    /// # Errors
    ///
    /// As [`Files::add_file`].
    pub fn add_link(&mut self, path: &str, target: &str) -> Result<(), FileError> {
        self.add(path, FileEntry::Link(target.to_owned()))
    }

    fn add(&mut self, path: &str, entry: FileEntry) -> Result<(), FileError> {
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
        if !path.split('/').all(is_part) {
            return Err(FileError::Name(path.to_owned()));
        }
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        let conflict = above.into_iter().any(|above| self.entries.contains_key(above));
        if conflict || self.entries.contains_key(path) || self.is_plain_directory(path) {
            return Err(FileError::Conflict(path.to_owned()));
        }
        self.entries.insert(path.to_owned(), entry);
        Ok(())
    }

    /// Real path of `path` relative to the directory `base`, with all links followed; empty for the root of the tree.
    /// The path need not exist.
    ///
    /// # Errors
    ///
    /// If the path is outside the tree or has too many links.
    pub fn resolve(&self, base: &str, path: &str) -> Result<String, FileError> {
        let shown = || if base.is_empty() { path.to_owned() } else { format!("{base}/{path}") };
        if path.starts_with('/') {
            return Err(FileError::Outside(shown()));
        }
        let parts = |text: &str| text.split('/').map(ToOwned::to_owned).rev().collect::<Vec<_>>();
        let mut waiting: Vec<String> = parts(path);
        waiting.extend(parts(base));
        let (mut real, mut links) = (Vec::<String>::new(), 0);
        while let Some(part) = waiting.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    if real.pop().is_none() {
                        return Err(FileError::Outside(shown()));
                    }
                    continue;
                }
                _ => real.push(part),
            }
            if let Some(FileEntry::Link(target)) = self.entries.get(&real.join("/")) {
                links += 1;
                if links > MAX_LINKS {
                    return Err(FileError::TooManyLinks(shown()));
                }
                if target.starts_with('/') {
                    return Err(FileError::Outside(shown()));
                }
                real.pop();
                waiting.extend(parts(target));
            }
        }
        Ok(real.join("/"))
    }

    /// Content of a file, with all links followed.
    ///
    /// # Errors
    ///
    /// If the file does not exist or the path is outside the tree.
    pub fn read(&self, base: &str, path: &str) -> Result<Arc<[u8]>, FileError> {
        let real = self.resolve(base, path)?;
        match self.entries.get(&real) {
            Some(FileEntry::File(bytes)) => Ok(Arc::clone(bytes)),
            _ if self.is_plain_directory(&real) => Err(FileError::IsDirectory(real)),
            _ => Err(FileError::Missing(real)),
        }
    }

    /// True if the path is a directory, with all links followed.
    ///
    /// # Errors
    ///
    /// If the path is outside the tree or has too many links.
    pub fn is_directory(&self, base: &str, path: &str) -> Result<bool, FileError> {
        Ok(self.is_plain_directory(&self.resolve(base, path)?))
    }

    /// True if the path is a file, with all links followed.
    pub fn is_file(&self, base: &str, path: &str) -> bool {
        self.read(base, path).is_ok()
    }

    /// Names in a directory, sorted; links are not followed. The directory is a real path, as [`Files::resolve`] returns.
    pub fn names(&self, directory: &str) -> Vec<&str> {
        let mut names = Vec::new();
        for path in self.below(directory) {
            let name = path.split('/').next().unwrap_or(path);
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// All files below a directory by their path relative to it. Links are replaced by their targets.
    ///
    /// # Errors
    ///
    /// If a link is invalid, or there are more than `max` files.
    pub fn extract(&self, directory: &str, max: usize) -> Result<BTreeMap<String, Arc<[u8]>>, FileError> {
        let mut found = BTreeMap::new();
        let mut waiting = vec![(directory.to_owned(), String::new(), 0_usize)];
        while let Some((real, shown, depth)) = waiting.pop() {
            // The history of the repository is not part of a source.
            for name in self.names(&real).into_iter().filter(|name| *name != ".git") {
                let below = if shown.is_empty() { name.to_owned() } else { format!("{shown}/{name}") };
                let target = self.resolve(&real, name)?;
                if let Some(FileEntry::File(bytes)) = self.entries.get(&target) {
                    found.insert(below, Arc::clone(bytes));
                } else if self.is_plain_directory(&target) && depth < MAX_LINKS {
                    waiting.push((target, below, depth + 1));
                } else if self.is_plain_directory(&target) {
                    return Err(FileError::TooManyLinks(below));
                } else {
                    return Err(FileError::Missing(target));
                }
                if found.len() + waiting.len() > max {
                    return Err(FileError::TooManyFiles { path: directory.to_owned(), max });
                }
            }
        }
        Ok(found)
    }

    fn is_plain_directory(&self, real: &str) -> bool {
        self.below(real).next().is_some()
    }

    /// Paths below a real directory, relative to it.
    fn below(&self, directory: &str) -> impl Iterator<Item = &str> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let from = prefix.clone();
        let paths = self.entries.range(from..).map(|(path, _)| path.as_str());
        paths.map_while(move |path| path.strip_prefix(prefix.as_str()))
    }
}

impl FileError {
    /// Refusal at the location that needs the file.
    pub(crate) fn refusal(&self, location: Location) -> Refusal {
        let remedy = match self {
            Self::Missing(_) => {
                "add the file; if it is in the repository, list its directory in the Application's annotation \
                    argocd.argoproj.io/manifest-generate-paths"
            }
            // The received files may be a part of the repository; then the annotation is the likely correction.
            Self::Outside(_) => {
                "move the file into the repository; if it is there, list its directory in the Application's \
                    annotation argocd.argoproj.io/manifest-generate-paths"
            }
            Self::TooManyLinks(_) => "replace the links by files",
            Self::TooManyFiles { .. } => "move the source to a directory of its own",
            Self::IsDirectory(_) => "use the path of a file",
            Self::Name(_) | Self::Conflict(_) => "add every path once, in its shortest form",
        };
        Refusal::new(location, RefusalRule::File, self, remedy)
    }
}

#[cfg(test)]
mod tests;
