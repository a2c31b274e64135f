//! The received tree, in memory: files and links by their path.
//!
//! # Guarantees
//!
//! - No path and no link ever leads out of the tree. There is no way to name anything else.
//! - A link is followed only when something behind it is read, and an endless one is found out.
//! - Nothing stands below a file or a link, so no path means two things.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::refusal::{Location, Refusal, RefusalRule};

/// The files of a repository, or of the part of it that was received.
#[derive(Clone, Debug, Default)]
pub struct Files {
    entries: BTreeMap<String, FileEntry>,
}

/// What stands at a path.
#[derive(Clone, Debug)]
enum FileEntry {
    File(Arc<[u8]>),
    Link(String),
}

/// Why there is no such file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FileError {
    /// Nothing of that name.
    #[error("there is no `{0}` in the files that were received")]
    Missing(String),
    /// Up and out, or absolute.
    #[error("`{0}` leads out of the files that were received")]
    LeadsOut(String),
    /// Links in a circle.
    #[error("`{0}` leads through more than 40 links")]
    TooManyLinks(String),
    /// More files than one source may have.
    #[error("`{path}` has more than {most} files")]
    TooManyFiles {
        /// The directory.
        path: String,
        /// The limit.
        most: usize,
    },
    /// A directory where a file is needed.
    #[error("`{0}` is a directory, and a file is needed")]
    IsDirectory(String),
    /// A name that no file may have.
    #[error("`{0}` is no relative path without `.`, `..` and empty parts")]
    Name(String),
    /// A path that means two things.
    #[error("`{0}` stands in the archive twice, or below something that is no directory")]
    Conflict(String),
}

/// Links on the way to one file; the number that Linux allows.
const MOST_LINKS: usize = 40;

impl Files {
    /// Adds a file. The path is relative, with `/` between its parts.
    ///
    /// # Errors
    ///
    /// When the path is none, or already means something else.
    pub fn add_file(&mut self, path: &str, bytes: impl Into<Arc<[u8]>>) -> Result<(), FileError> {
        self.add(path, FileEntry::File(bytes.into()))
    }

    /// Adds a link. Where it leads is looked at when it is followed.
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

    /// The real path of `path` as seen from the directory `base`, all links followed. Empty for the whole tree.
    ///
    /// # Errors
    ///
    /// When it leads out or round in circles. Whether something stands there is another question.
    pub fn resolve(&self, base: &str, path: &str) -> Result<String, FileError> {
        let shown = || if base.is_empty() { path.to_owned() } else { format!("{base}/{path}") };
        if path.starts_with('/') {
            return Err(FileError::LeadsOut(shown()));
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
                        return Err(FileError::LeadsOut(shown()));
                    }
                    continue;
                }
                _ => real.push(part),
            }
            if let Some(FileEntry::Link(target)) = self.entries.get(&real.join("/")) {
                links += 1;
                if links > MOST_LINKS {
                    return Err(FileError::TooManyLinks(shown()));
                }
                if target.starts_with('/') {
                    return Err(FileError::LeadsOut(shown()));
                }
                real.pop();
                waiting.extend(parts(target));
            }
        }
        Ok(real.join("/"))
    }

    /// The bytes of a file, all links followed.
    ///
    /// # Errors
    ///
    /// When there is none, or the path leads out.
    pub fn read(&self, base: &str, path: &str) -> Result<Arc<[u8]>, FileError> {
        let real = self.resolve(base, path)?;
        match self.entries.get(&real) {
            Some(FileEntry::File(bytes)) => Ok(Arc::clone(bytes)),
            _ if self.is_plain_directory(&real) => Err(FileError::IsDirectory(real)),
            _ => Err(FileError::Missing(real)),
        }
    }

    /// Whether a directory stands there, all links followed.
    ///
    /// # Errors
    ///
    /// When the path leads out.
    pub fn is_directory(&self, base: &str, path: &str) -> Result<bool, FileError> {
        Ok(self.is_plain_directory(&self.resolve(base, path)?))
    }

    /// Whether a file stands there, all links followed.
    pub fn is_file(&self, base: &str, path: &str) -> bool {
        self.read(base, path).is_ok()
    }

    /// The names in a directory, sorted, links as they are. The directory is a real path, as [`Files::resolve`] gives it.
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

    /// All files below a directory by their path relative to it, links followed and gone.
    ///
    /// # Errors
    ///
    /// When a link among them leads out, in circles or nowhere, or there are more than `most` files.
    pub fn extract(&self, directory: &str, most: usize) -> Result<BTreeMap<String, Arc<[u8]>>, FileError> {
        let mut found = BTreeMap::new();
        let mut waiting = vec![(directory.to_owned(), String::new(), 0_usize)];
        while let Some((real, shown, depth)) = waiting.pop() {
            // The history of the repository is no part of any source.
            for name in self.names(&real).into_iter().filter(|name| *name != ".git") {
                let below = if shown.is_empty() { name.to_owned() } else { format!("{shown}/{name}") };
                let target = self.resolve(&real, name)?;
                if let Some(FileEntry::File(bytes)) = self.entries.get(&target) {
                    found.insert(below, Arc::clone(bytes));
                } else if self.is_plain_directory(&target) && depth < MOST_LINKS {
                    waiting.push((target, below, depth + 1));
                } else if self.is_plain_directory(&target) {
                    return Err(FileError::TooManyLinks(below));
                } else {
                    return Err(FileError::Missing(target));
                }
                if found.len() + waiting.len() > most {
                    return Err(FileError::TooManyFiles { path: directory.to_owned(), most });
                }
            }
        }
        Ok(found)
    }

    fn is_plain_directory(&self, real: &str) -> bool {
        self.below(real).next().is_some()
    }

    /// The paths below a real directory, relative to it.
    fn below(&self, directory: &str) -> impl Iterator<Item = &str> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let from = prefix.clone();
        let paths = self.entries.range(from..).map(|(path, _)| path.as_str());
        paths.map_while(move |path| path.strip_prefix(prefix.as_str()))
    }
}

impl FileError {
    /// The refusal of whoever needed the file.
    pub(crate) fn refusal(&self, location: Location) -> Refusal {
        let remedy = match self {
            Self::Missing(_) => {
                "add the file; if it is in the repository, list its directory in the Application's annotation \
                    argocd.argoproj.io/manifest-generate-paths"
            }
            // What was received may be a part of the repository, and then this is what most likely helps.
            Self::LeadsOut(_) => {
                "keep what is needed inside the repository; if it is there, list its directory in the Application's \
                    annotation argocd.argoproj.io/manifest-generate-paths"
            }
            Self::TooManyLinks(_) => "replace the links by the files",
            Self::TooManyFiles { .. } => "keep the source in a directory of its own",
            Self::IsDirectory(_) => "name a file",
            Self::Name(_) | Self::Conflict(_) => "send every path once, in its shortest form",
        };
        Refusal::new(location, RefusalRule::File, self, remedy)
    }
}

#[cfg(test)]
mod tests;
