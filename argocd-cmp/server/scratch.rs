//! Private home directories of tools: in a tmpfs, readable only by this user, and removed when the tool has ended.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::statfs;
use tempfile::TempDir;

/// Directory of the homes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ScratchDir {
    base: PathBuf,
    /// True for a tmpfs or ramfs.
    pub(crate) is_in_memory: bool,
}

/// Home directory for one start of a tool.
#[derive(Debug)]
pub(crate) struct ToolHome(TempDir);

/// Magic numbers of tmpfs and ramfs, from statfs(2).
const MEMORY_FILE_SYSTEMS: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// A tmpfs on most Linux systems.
const SHARED_MEMORY: &str = "/dev/shm";
/// Prefix of a home's name, followed by the process id of its owner.
const PREFIX: &str = "eod-cmp-";

impl ScratchDir {
    /// The configured directory, else a tmpfs of this machine, else the directory for temporary files.
    pub(crate) fn find(configured: Option<&Path>) -> Self {
        let of = |base: &Path| Self { base: base.to_owned(), is_in_memory: is_in_memory(base) };
        if let Some(configured) = configured {
            return of(configured);
        }
        let system = std::env::temp_dir();
        let memory = [Path::new(SHARED_MEMORY), &system].map(of).into_iter().find(|found| found.is_in_memory);
        memory.unwrap_or_else(|| of(&system))
    }

    /// Path of the directory.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Removes the homes of processes that have ended without cleaning up, such as a killed process. The first process
    /// of a container has the same process id as its predecessor: with `is_first_use`, this process has created no home
    /// yet, and homes with its own process id are removed, too.
    pub(crate) fn remove_stale_homes(&self, is_first_use: bool) {
        for entry in fs::read_dir(&self.base).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner =
                name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
            let Some(owner) = owner else { continue };
            let is_gone = !Path::new("/proc").join(owner.to_string()).exists();
            if is_gone || (is_first_use && owner == std::process::id()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Creates a home.
    pub(crate) fn home(&self) -> io::Result<ToolHome> {
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let private = fs::Permissions::from_mode(0o700);
        Ok(ToolHome(tempfile::Builder::new().prefix(&prefix).permissions(private).tempdir_in(&self.base)?))
    }
}

impl ToolHome {
    /// Path of the home.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Content of a file in the home; none if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails if the file has more than `limit` bytes or cannot be read.
    pub(crate) fn read(&self, name: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let path = self.path().join(name);
        let size = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(file) if file.is_file() => file.len(),
            Ok(_) => return Err(io::Error::other("expected a regular file")),
            Err(error) => return Err(error),
        };
        if usize::try_from(size).map_or(true, |size| size > limit) {
            return Err(io::Error::other(format!("file must have at most {limit} bytes, got {size}")));
        }
        fs::read(path).map(Some)
    }

    /// Writes files below a directory of the home. Their paths were checked when they were received and are checked
    /// again before they reach the file system.
    ///
    /// # Errors
    ///
    /// Fails if a path is outside of the directory or a file cannot be written.
    pub(crate) fn lay_out<'a>(
        &self,
        directory: &str,
        files: impl IntoIterator<Item = (&'a String, &'a Arc<[u8]>)>,
    ) -> io::Result<()> {
        let root = self.path().join(directory);
        fs::create_dir_all(&root)?;
        for (path, content) in files {
            let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
            if path.is_empty() || !Path::new(path).components().all(is_plain) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("`{path}` is not a plain relative path"),
                ));
            }
            let place = root.join(path);
            if let Some(above) = place.parent() {
                fs::create_dir_all(above)?;
            }
            fs::write(place, content)?;
        }
        Ok(())
    }
}

fn is_in_memory(path: &Path) -> bool {
    statfs(path).is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| MEMORY_FILE_SYSTEMS.contains(&kind)))
}

#[cfg(test)]
mod tests;
