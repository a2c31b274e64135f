//! A directory of this machine as the renderer's files: for the classic commands and for a person.
//!
//! The same things are kept and refused as from an archive. Links are never followed, not even by a race: files are
//! opened so that a link in their place fails.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use eod_render::{Files, Location, Refusal, RefusalRule};
use rustix::fs::OFlags;

use crate::archive::{ArchiveError, Limits, Wanted};

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) files: Files,
    /// Files that were too large.
    pub(crate) left_out: Vec<String>,
}

/// Why a directory cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TreeError {
    /// It breaks a rule that holds for archives too.
    #[error(transparent)]
    Rule(#[from] ArchiveError),
    /// The system says no.
    #[error("cannot read `{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// What is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    /// Everything that an archive would hold.
    All,
    /// All but what other tools fetched or made, which may be huge: for somebody's own checkout.
    Own,
}

/// Directories that hold what other tools fetched.
const FOREIGN: [&str; 2] = [".terraform", "node_modules"];
/// Marks a directory of that kind: <https://bford.info/cachedir/>.
const CACHE_MARK: &str = "CACHEDIR.TAG";

struct Reader<'a> {
    root: &'a Path,
    limits: &'a Limits,
    wanted: Wanted<'a>,
    scope: Scope,
    read: Read,
    entries: usize,
    bytes: u64,
}

/// Reads everything below `root` that a render may need.
pub(crate) fn read_tree(root: &Path, scope: Scope, limits: &Limits, wanted: Wanted<'_>) -> Result<Read, TreeError> {
    let mut reader = Reader { root, limits, wanted, scope, read: Read::default(), entries: 0, bytes: 0 };
    reader.directory("", 0)?;
    Ok(reader.read)
}

impl Reader<'_> {
    fn directory(&mut self, path: &str, depth: usize) -> Result<(), TreeError> {
        if depth > self.limits.depth {
            return Err(ArchiveError::Depth { path: path.to_owned(), limit: self.limits.depth }.into());
        }
        let place = self.root.join(path);
        let failed = |source| TreeError::Io { path: place.clone(), source };
        let mut entries: Vec<_> = fs::read_dir(&place).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            self.entries += 1;
            if self.entries > self.limits.entries {
                return Err(ArchiveError::Entries { limit: self.limits.entries }.into());
            }
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(ArchiveError::NotText(name.to_string_lossy().into_owned()).into());
            };
            let below = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                let is_foreign = || FOREIGN.contains(&name) || entry.path().join(CACHE_MARK).is_file();
                if name != ".git" && (self.scope == Scope::All || !is_foreign()) {
                    self.directory(&below, depth + 1)?;
                }
            } else if let Some(room) = self.wanted.room(&below, self.limits) {
                self.leaf(&below, kind, room)?;
            }
        }
        Ok(())
    }

    fn leaf(&mut self, path: &str, kind: fs::FileType, room: u64) -> Result<(), TreeError> {
        let place = self.root.join(path);
        let failed = |source| TreeError::Io { path: place.clone(), source };
        if kind.is_symlink() {
            let target = fs::read_link(&place).map_err(failed)?;
            let target = target.to_str().ok_or_else(|| ArchiveError::NotText(path.to_owned()))?;
            self.count(path, target.len() as u64)?;
            self.read.files.add_link(path, target).map_err(|_| ArchiveError::Name(path.to_owned()))?;
        } else if kind.is_file() {
            let Some(content) = bounded(&place, room).map_err(failed)? else {
                self.read.left_out.push(path.to_owned());
                return Ok(());
            };
            self.count(path, content.len() as u64)?;
            self.read.files.add_file(path, content).map_err(|_| ArchiveError::Name(path.to_owned()))?;
        } else {
            return Err(ArchiveError::Special(path.to_owned()).into());
        }
        Ok(())
    }

    fn count(&mut self, path: &str, bytes: u64) -> Result<(), ArchiveError> {
        self.bytes += bytes + path.len() as u64;
        if self.bytes > self.limits.kept {
            return Err(ArchiveError::Kept { limit: self.limits.kept });
        }
        Ok(())
    }
}

/// A file's contents; none where they are more than `room`.
fn bounded(path: &Path, room: u64) -> io::Result<Option<Vec<u8>>> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).map_err(io::Error::other)?;
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut content = Vec::new();
    file.take(room + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= room).then_some(content))
}

impl TreeError {
    /// What a person reads.
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Self::Rule(error) => {
                let remedy = match error {
                    ArchiveError::Kept { .. } | ArchiveError::Entries { .. } => {
                        "name a smaller directory that holds everything the render needs: --root DIR".to_owned()
                    }
                    other => other.refusal().remedy,
                };
                Refusal::new(Location::default(), RefusalRule::File, error, remedy)
            }
            Self::Io { path, source } => {
                let location = Location::file(path.display().to_string());
                Refusal::new(location, RefusalRule::File, source, "make it readable, or name another directory")
            }
        }
    }
}

#[cfg(test)]
mod tests;
