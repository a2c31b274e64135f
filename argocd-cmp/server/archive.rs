//! Archive of Argo CD: a tar.gz, read in one pass and never written to a file.
//!
//! repo-server packs regular files, directories and symbolic links under their paths in the repository. Every other
//! feature of tar is refused, because different programs may read it differently.
//!
//! # Guarantees
//!
//! - Memory is bounded by [`ArchiveLimits::kept`], the names and one file, for every archive.
//! - There is no result before size, SHA-256 and CRC were verified.
//! - Links are kept as text. [`Files`] follows them and never leaves the tree.
//! - No input causes a panic.

mod blocks;
mod declared;
mod entry;
mod error;
mod pax;
mod seen;

use std::io::BufRead;

use eod_render::{Files, is_source_override};
use sha2::{Digest as _, Sha256};

pub use self::declared::DeclaredArchive;
pub use self::error::ArchiveError;

use self::blocks::Blocks;
use self::entry::{ArchiveEntry, EntryKind};
use self::seen::SeenPaths;

/// Limits of an archive.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveLimits {
    /// Maximum size of the compressed archive in bytes.
    pub compressed: u64,
    /// Maximum size of the unpacked archive in bytes, including files that are not kept.
    pub unpacked: u64,
    /// Maximum ratio of unpacked to compressed bytes, checked after [`ArchiveLimits::free`] bytes were unpacked.
    pub ratio: u64,
    /// Unpacked bytes without a limit of the ratio: small files of zeros are common.
    pub free: u64,
    /// Maximum number of entries of every kind.
    pub entries: usize,
    /// Maximum number of components of a path.
    pub depth: usize,
    /// Maximum length of a path and of a link's target in bytes.
    pub name: usize,
    /// Maximum size of all kept files in bytes.
    pub kept: u64,
    /// Maximum size of a file in the Application's directory in bytes. A larger file is left out.
    pub file_inside: u64,
    /// Maximum size of any other file in bytes. A larger file is left out.
    pub file_outside: u64,
}

/// Directory of the Application in the tree.
#[derive(Clone, Copy, Debug)]
pub struct AppDirectory<'a> {
    /// Relative path; `.` for the whole tree.
    pub path: &'a str,
}

/// Content of a valid archive.
#[derive(Clone, Debug)]
pub struct Unpacked {
    /// Kept files and links.
    pub files: Files,
    /// SHA-256 digest of the kept names and contents, in the order of the archive. Times and modes are not included, so
    /// another checkout of the same files has the same digest.
    pub digest: [u8; 32],
    /// Paths of the first files that were left out because of their size.
    pub left_out: Vec<String>,
    /// Statistics for the metrics.
    pub stats: ArchiveStats,
}

/// Statistics of an archive.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ArchiveStats {
    /// Number of entries.
    pub entries: usize,
    /// Number of kept files and links.
    pub kept_files: usize,
    /// Bytes of the kept files and links, including their paths.
    pub kept_bytes: u64,
    /// Number of unpacked bytes.
    pub unpacked_bytes: u64,
}

/// Maximum number of paths in [`Unpacked::left_out`].
const MAX_LEFT_OUT: usize = 1000;

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self {
            compressed: 512 << 20,
            unpacked: 2 << 30,
            ratio: 200,
            free: 8 << 20,
            entries: 200_000,
            depth: 64,
            name: 4096,
            kept: 64 << 20,
            file_inside: 8 << 20,
            file_outside: 1 << 20,
        }
    }
}

impl AppDirectory<'_> {
    /// Maximum size of a file of this path; none if the file is never kept.
    pub(crate) fn size_limit(&self, path: &str, limits: &ArchiveLimits) -> Option<u64> {
        if path.split('/').any(|part| part == ".git") {
            return None;
        }
        let directory = self.path.trim_start_matches("./").trim_end_matches('/');
        let below = path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
        let inside = below || matches!(directory, "" | ".");
        Some(if inside { limits.file_inside } else { limits.file_outside })
    }
}

/// Reads an archive from its start to its end.
///
/// # Errors
///
/// Fails at the first violated rule. The rest of the archive is not read then.
pub fn unpack(
    archive: impl BufRead,
    declared: &DeclaredArchive,
    limits: &ArchiveLimits,
    app: AppDirectory<'_>,
) -> Result<Unpacked, ArchiveError> {
    if declared.size > limits.compressed {
        return Err(ArchiveError::Compressed { limit: limits.compressed });
    }
    let mut blocks = Blocks::new(archive, declared.size, limits);
    let mut keeper = EntryKeeper::new(limits, app);
    while let Some(entry) = entry::next(&mut blocks, limits)? {
        keeper.add(entry, &mut blocks)?;
    }
    let mut unpacked = keeper.finish();
    unpacked.stats.unpacked_bytes = blocks.unpacked();
    blocks.finish(declared)?;
    Ok(unpacked)
}

/// Keeps or skips one entry after the other.
struct EntryKeeper<'a> {
    limits: &'a ArchiveLimits,
    app: AppDirectory<'a>,
    seen: SeenPaths,
    hash: Sha256,
    unpacked: Unpacked,
}

impl<'a> EntryKeeper<'a> {
    fn new(limits: &'a ArchiveLimits, app: AppDirectory<'a>) -> Self {
        let unpacked =
            Unpacked { files: Files::default(), digest: [0; 32], left_out: Vec::new(), stats: ArchiveStats::default() };
        Self { limits, app, seen: SeenPaths::default(), hash: Sha256::new(), unpacked }
    }

    fn add(&mut self, entry: ArchiveEntry, blocks: &mut Blocks<'_, impl BufRead>) -> Result<(), ArchiveError> {
        let stats = &mut self.unpacked.stats;
        stats.entries += 1;
        if stats.entries > self.limits.entries {
            return Err(ArchiveError::Entries { limit: self.limits.entries });
        }
        let ArchiveEntry { path, kind } = entry;
        if path == "." {
            return Ok(());
        }
        self.seen.add(&path, matches!(kind, EntryKind::Directory))?;
        let limit = self.app.size_limit(&path, self.limits);
        match kind {
            EntryKind::Directory => Ok(()),
            EntryKind::Link(_) if limit.is_none() => Ok(()),
            EntryKind::Link(target) => self.keep_link(&path, &target),
            EntryKind::File(size) => match limit {
                Some(limit) if size <= limit => self.keep_file(&path, size, blocks),
                None => blocks.skip(size),
                // Argo CD reads this file whatever its size is. Its name has to be known, so that it is refused.
                Some(_) if is_source_override(&path) => {
                    blocks.skip(size)?;
                    self.charge(&path, 0)?;
                    self.add_file(&path, Vec::new())
                }
                Some(_) => {
                    if self.unpacked.left_out.len() < MAX_LEFT_OUT {
                        self.unpacked.left_out.push(path);
                    }
                    blocks.skip(size)
                }
            },
        }
    }

    fn keep_link(&mut self, path: &str, target: &str) -> Result<(), ArchiveError> {
        self.charge(path, target.len() as u64)?;
        self.hash_entry(b'l', path, target.as_bytes());
        self.unpacked.files.add_link(path, target).map_err(|_| ArchiveError::Name(path.to_owned()))
    }

    fn keep_file(&mut self, path: &str, size: u64, blocks: &mut Blocks<'_, impl BufRead>) -> Result<(), ArchiveError> {
        // Charged before anything is allocated.
        self.charge(path, size)?;
        let content = blocks.content(size)?;
        self.add_file(path, content)
    }

    fn add_file(&mut self, path: &str, content: Vec<u8>) -> Result<(), ArchiveError> {
        self.hash_entry(b'f', path, &content);
        self.unpacked.files.add_file(path, content).map_err(|_| ArchiveError::Name(path.to_owned()))
    }

    /// Charges a path and its content to the limit of kept bytes.
    fn charge(&mut self, path: &str, bytes: u64) -> Result<(), ArchiveError> {
        let stats = &mut self.unpacked.stats;
        stats.kept_files += 1;
        stats.kept_bytes += bytes + path.len() as u64;
        if stats.kept_bytes > self.limits.kept {
            return Err(ArchiveError::Kept { limit: self.limits.kept });
        }
        Ok(())
    }

    /// Adds an entry to the digest. Lengths are hashed too, so different trees have different digests.
    fn hash_entry(&mut self, kind: u8, path: &str, content: &[u8]) {
        self.hash.update([kind]);
        for part in [path.as_bytes(), content] {
            self.hash.update((part.len() as u64).to_le_bytes());
            self.hash.update(part);
        }
    }

    fn finish(self) -> Unpacked {
        Unpacked { digest: self.hash.finalize().into(), ..self.unpacked }
    }
}

#[cfg(test)]
pub(crate) mod tests;
