//! File systems that share blocks between files, each in a file of its own that is mounted as a loop device.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Once,
};

use super::process;
use crate::command;

/// Size of a file system in bytes. Its file is sparse.
const BYTES: u64 = 1 << 30;

/// Kind of file system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoopFileSystem {
    /// XFS with reflinks.
    Xfs,
    /// Btrfs.
    Btrfs,
}

/// A mounted file system. It is removed when the value is dropped, after the servers on it.
pub struct LoopMount {
    /// Mount point.
    pub folder: PathBuf,
    image: PathBuf,
}

impl LoopFileSystem {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Xfs, Self::Btrfs];

    fn mkfs(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Xfs => ("mkfs.xfs", &["-q", "-m", "reflink=1"]),
            Self::Btrfs => ("mkfs.btrfs", &["--quiet"]),
        }
    }
}

impl LoopMount {
    /// Creates and mounts a file system. None if that is not allowed here, which is reported once per process.
    pub fn create(kind: LoopFileSystem) -> Option<Self> {
        static REPORTED: Once = Once::new();
        let mounted = Self::mounted(kind);
        if let Err(problem) = &mounted {
            REPORTED.call_once(|| {
                eprintln!("kit: WARNING: THE TESTS OF SHARED BLOCKS ARE SKIPPED, because {kind:?} cannot be mounted: {problem}");
            });
        }
        mounted.ok()
    }

    fn mounted(kind: LoopFileSystem) -> Result<Self, String> {
        let folder = process::folder("mount")?;
        let image = folder.with_extension("img");
        let mount = Self { folder, image };
        let file = fs::File::create(&mount.image).map_err(|error| error.to_string())?;
        file.set_len(BYTES).map_err(|error| error.to_string())?;
        let (program, options) = kind.mkfs();
        let program = ["/usr/sbin", "/sbin", "/usr/bin"].map(|folder| Path::new(folder).join(program));
        let program = program.iter().find(|file| file.is_file()).ok_or("mkfs is not installed")?;
        run(Command::new(program).args(options).arg(&mount.image))?;
        run(Command::new("mount").args(["-o", "loop"]).arg(&mount.image).arg(&mount.folder))?;
        process::give_away(&mount.folder);
        Ok(mount)
    }
}

impl Drop for LoopMount {
    fn drop(&mut self) {
        // Each of them may not exist.
        drop(run(Command::new("umount").arg(&self.folder)));
        drop(fs::remove_dir(&self.folder));
        drop(fs::remove_file(&self.image));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let finished = command::run(command, "");
    if finished.code == Some(0) { Ok(()) } else { Err(finished.report()) }
}
