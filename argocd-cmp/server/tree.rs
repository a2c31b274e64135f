//! Files of a local directory, for the commands `generate` and `render`.
//!
//! Files are kept and refused like those of an archive. Symbolic links are never followed, also not in a race: files
//! are opened with `O_NOFOLLOW`.

mod git;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use eod_render::{Files, Location, Refusal, RefusalRule, is_source_override};
use rustix::fs::OFlags;

use self::git::GitFiles;
use crate::archive::{AppDirectory, ArchiveError, ArchiveLimits};

/// Content of a directory.
#[derive(Debug, Default)]
pub(crate) struct TreeContent {
    /// Files and links.
    pub(crate) files: Files,
    /// Paths of files that were left out because of their size.
    pub(crate) left_out: Vec<String>,
}

/// Reasons for a directory that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TreeError {
    /// The directory is invalid or exceeds a limit, like an archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Reading a file or directory failed.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// Path of the file or directory.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
}

/// Selection of the files to read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TreeScope {
    /// All files, as in an archive.
    All,
    /// Files of a developer's checkout: those that git tracks or would add, because Argo CD receives no others. Without
    /// git, all files except directories of other tools, which may be huge.
    Checkout,
}

/// Directories with downloads of other tools.
const TOOL_DIRS: [&str; 2] = [".terraform", "node_modules"];
/// File that marks a cache directory: <https://bford.info/cachedir/>.
const CACHE_TAG: &str = "CACHEDIR.TAG";

struct TreeReader<'a> {
    root: &'a Path,
    limits: &'a ArchiveLimits,
    app: AppDirectory<'a>,
    scope: TreeScope,
    /// Files of git; none for all files, and if git cannot list them.
    git: Option<GitFiles>,
    content: TreeContent,
    entries: usize,
    bytes: u64,
}

/// Reads everything below `root` that a render may need.
///
/// # Errors
///
/// Fails if the directory exceeds a limit or cannot be read.
pub(crate) fn read_tree(
    root: &Path,
    scope: TreeScope,
    limits: &ArchiveLimits,
    app: AppDirectory<'_>,
) -> Result<TreeContent, TreeError> {
    let git = if scope == TreeScope::Checkout { GitFiles::list(root) } else { None };
    let mut reader =
        TreeReader { root, limits, app, scope, git, content: TreeContent::default(), entries: 0, bytes: 0 };
    reader.read_directory("", 0)?;
    Ok(reader.content)
}

impl TreeReader<'_> {
    fn read_directory(&mut self, path: &str, depth: usize) -> Result<(), TreeError> {
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
                let is_tool_dir = || TOOL_DIRS.contains(&name) || entry.path().join(CACHE_TAG).is_file();
                let is_read = match (&self.git, self.scope) {
                    (Some(git), _) => git.has_directory(&below),
                    (None, TreeScope::Checkout) => !is_tool_dir(),
                    (None, TreeScope::All) => true,
                };
                if name != ".git" && is_read {
                    self.read_directory(&below, depth + 1)?;
                }
            } else if self.git.as_ref().is_some_and(|git| !git.has_file(&below)) {
                // Git ignores the file.
            } else if let Some(limit) = self.app.size_limit(&below, self.limits) {
                self.read_file_or_link(&below, kind, limit)?;
            }
        }
        Ok(())
    }

    fn read_file_or_link(&mut self, path: &str, kind: fs::FileType, limit: u64) -> Result<(), TreeError> {
        let place = self.root.join(path);
        let failed = |source| TreeError::Io { path: place.clone(), source };
        if kind.is_symlink() {
            let target = fs::read_link(&place).map_err(failed)?;
            let target = target.to_str().ok_or_else(|| ArchiveError::NotText(path.to_owned()))?;
            self.charge(path, target.len() as u64)?;
            self.content.files.add_link(path, target).map_err(|_| ArchiveError::Name(path.to_owned()))?;
        } else if kind.is_file() {
            let content = match read_up_to(&place, limit).map_err(failed)? {
                Some(content) => content,
                // As in an archive: the name is enough to refuse the file.
                None if is_source_override(path) => Vec::new(),
                None => {
                    self.content.left_out.push(path.to_owned());
                    return Ok(());
                }
            };
            self.charge(path, content.len() as u64)?;
            self.content.files.add_file(path, content).map_err(|_| ArchiveError::Name(path.to_owned()))?;
        } else {
            return Err(ArchiveError::Special(path.to_owned()).into());
        }
        Ok(())
    }

    /// Charges a path and its content to the limit of kept bytes.
    fn charge(&mut self, path: &str, bytes: u64) -> Result<(), ArchiveError> {
        self.bytes += bytes + path.len() as u64;
        if self.bytes > self.limits.kept {
            return Err(ArchiveError::Kept { limit: self.limits.kept });
        }
        Ok(())
    }
}

/// Content of a file; none if it has more than `limit` bytes.
fn read_up_to(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).map_err(io::Error::other)?;
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut content = Vec::new();
    file.take(limit + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= limit).then_some(content))
}

impl TreeError {
    /// Refusal for the user.
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Self::Archive(error) => {
                let remedy = match error {
                    ArchiveError::Kept { .. } | ArchiveError::Entries { .. } => {
                        "set --root to a smaller directory with everything that the render needs".to_owned()
                    }
                    other => other.refusal().remedy,
                };
                Refusal::new(Location::default(), RefusalRule::File, error, remedy)
            }
            Self::Io { path, source } => {
                let location = Location::file(path.display().to_string());
                Refusal::new(location, RefusalRule::File, source, "make it readable, or use another directory")
            }
        }
    }
}

#[cfg(test)]
mod tests;
