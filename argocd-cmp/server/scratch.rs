//! Private homes for tools: directories in memory, which nobody else may read and which go when the tool has ended.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::statfs;
use tempfile::TempDir;

/// Where homes are made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Scratch {
    base: PathBuf,
    /// Whether it is memory and no disk.
    pub(crate) in_memory: bool,
}

/// A home, for one start of one tool.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

/// File systems in memory: tmpfs and ramfs, from statfs(2).
const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// In memory on most Linux systems.
const SHARED_MEMORY: &str = "/dev/shm";
const PREFIX: &str = "eod-cmp-";

impl Scratch {
    /// The directory that was named, else the first in memory, else the system's.
    pub(crate) fn find(named: Option<&Path>) -> Self {
        let of = |base: &Path| Self { base: base.to_owned(), in_memory: is_memory(base) };
        if let Some(named) = named {
            return of(named);
        }
        let system = std::env::temp_dir();
        let in_memory = [Path::new(SHARED_MEMORY), &system].map(of).into_iter().find(|found| found.in_memory);
        in_memory.unwrap_or_else(|| of(&system))
    }

    /// Where homes are made.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Removes the homes of processes that are gone: whoever is killed cannot clean up. The first process of a
    /// container has the number of its predecessor; `is_new` says that this one has made no home yet, so that those
    /// with its own number are older.
    pub(crate) fn clean(&self, is_new: bool) {
        for entry in fs::read_dir(&self.base).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner =
                name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
            let Some(owner) = owner else { continue };
            let is_gone = !Path::new("/proc").join(owner.to_string()).exists();
            if is_gone || (is_new && owner == std::process::id()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// A new home.
    pub(crate) fn home(&self) -> io::Result<Home> {
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let private = fs::Permissions::from_mode(0o700);
        Ok(Home(tempfile::Builder::new().prefix(&prefix).permissions(private).tempdir_in(&self.base)?))
    }
}

impl Home {
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes files below a directory of the home. Their names were checked when they were received; that they stay
    /// inside is checked here again, because here they become real.
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
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` is no plain relative path")));
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

fn is_memory(path: &Path) -> bool {
    statfs(path).is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| MEMORY.contains(&kind)))
}

#[cfg(test)]
mod tests;
