//! The archive that Argo CD sends: a tar.gz, read in one pass and never written anywhere.
//!
//! The repo-server packs regular files, directories and symbolic links, with names as a walk gives them. Everything
//! else a tar can say is refused, because two readers may understand it in two ways.
//!
//! # Guarantees
//!
//! - Memory is bounded by [`Limits::kept`], the names and one file, whatever the archive says.
//! - Nothing of the result may be used before size, SHA-256 and CRC were right: there is no result before that.
//! - Links are kept as words. Following them is [`Files`]'s business, which never leaves the tree.
//! - No bytes make it panic.

mod blocks;
mod entry;
mod error;
mod pax;
mod seen;
mod stated;

use std::io::BufRead;

use eod_render::Files;
use sha2::{Digest as _, Sha256};

pub use self::error::ArchiveError;
pub use self::stated::Stated;

use self::blocks::Blocks;
use self::entry::{Entry, Kind};
use self::seen::Seen;

/// How large an archive may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes as sent.
    pub compressed: u64,
    /// Bytes as unpacked, those that are not kept included.
    pub unpacked: u64,
    /// Unpacked bytes per byte sent, once [`Limits::free`] bytes were unpacked.
    pub ratio: u64,
    /// Unpacked bytes that no ratio is asked of: small files of zeros are common.
    pub free: u64,
    /// Entries of every kind.
    pub entries: usize,
    /// Parts of a name.
    pub depth: usize,
    /// Bytes of a name, and of a link's target.
    pub name: usize,
    /// Bytes of all files that are kept.
    pub kept: u64,
    /// Bytes of one file in the Application's own directory. A larger one is left out.
    pub file_inside: u64,
    /// Bytes of one file elsewhere. A larger one is left out.
    pub file_outside: u64,
}

/// Which part of the tree may be read later.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The Application's directory; `.` for all of the tree.
    pub directory: &'a str,
}

/// An archive that kept every rule.
#[derive(Clone, Debug)]
pub struct Unpacked {
    /// What was kept.
    pub files: Files,
    /// SHA-256 over the names and contents that were kept, in the order of the archive. Times and modes are no part of
    /// it, so a new checkout of the same files has the same digest.
    pub digest: [u8; 32],
    /// The first files that were left out because of their size.
    pub left_out: Vec<String>,
    /// What went through.
    pub count: Count,
}

/// What went through, for the metrics.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Count {
    /// Entries in the archive.
    pub entries: usize,
    /// Files and links kept.
    pub kept_files: usize,
    /// Their bytes.
    pub kept_bytes: u64,
    /// All bytes unpacked.
    pub unpacked_bytes: u64,
}

/// Paths named to a person at most.
const NAMED: usize = 10;

impl Default for Limits {
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

impl Wanted<'_> {
    /// How large a file of this name may be to be kept; none where it is never wanted.
    pub(crate) fn room(&self, path: &str, limits: &Limits) -> Option<u64> {
        if path.split('/').any(|part| part == ".git") {
            return None;
        }
        let directory = self.directory.trim_start_matches("./").trim_end_matches('/');
        let below = path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
        let inside = below || matches!(directory, "" | ".");
        Some(if inside { limits.file_inside } else { limits.file_outside })
    }
}

/// Reads an archive from start to end.
///
/// # Errors
///
/// At the first rule that is broken. The rest of the archive is then not read; whoever sends it may want that it is.
pub fn unpack(
    archive: impl BufRead,
    stated: &Stated,
    limits: &Limits,
    wanted: Wanted<'_>,
) -> Result<Unpacked, ArchiveError> {
    if stated.size > limits.compressed {
        return Err(ArchiveError::Compressed { limit: limits.compressed });
    }
    let mut blocks = Blocks::new(archive, stated.size, limits);
    let mut keeper = Keeper::new(limits, wanted);
    while let Some(entry) = entry::next(&mut blocks, limits)? {
        keeper.take(entry, &mut blocks)?;
    }
    let mut unpacked = keeper.finish();
    unpacked.count.unpacked_bytes = blocks.unpacked();
    blocks.finish(stated)?;
    Ok(unpacked)
}

/// Decides about one entry after the other.
struct Keeper<'a> {
    limits: &'a Limits,
    wanted: Wanted<'a>,
    seen: Seen,
    hash: Sha256,
    unpacked: Unpacked,
}

impl<'a> Keeper<'a> {
    fn new(limits: &'a Limits, wanted: Wanted<'a>) -> Self {
        let unpacked =
            Unpacked { files: Files::default(), digest: [0; 32], left_out: Vec::new(), count: Count::default() };
        Self { limits, wanted, seen: Seen::default(), hash: Sha256::new(), unpacked }
    }

    fn take(&mut self, entry: Entry, blocks: &mut Blocks<'_, impl BufRead>) -> Result<(), ArchiveError> {
        let count = &mut self.unpacked.count;
        count.entries += 1;
        if count.entries > self.limits.entries {
            return Err(ArchiveError::Entries { limit: self.limits.entries });
        }
        let Entry { path, kind } = entry;
        if path == "." {
            return Ok(());
        }
        self.seen.add(&path, matches!(kind, Kind::Directory))?;
        let room = self.wanted.room(&path, self.limits);
        match kind {
            Kind::Directory => Ok(()),
            Kind::Link(_) if room.is_none() => Ok(()),
            Kind::Link(target) => self.keep_link(&path, &target),
            Kind::File(size) => match room {
                Some(room) if size <= room => self.keep_file(&path, size, blocks),
                None => blocks.skip(size),
                Some(_) => {
                    if self.unpacked.left_out.len() < NAMED {
                        self.unpacked.left_out.push(path);
                    }
                    blocks.skip(size)
                }
            },
        }
    }

    fn keep_link(&mut self, path: &str, target: &str) -> Result<(), ArchiveError> {
        self.count(path, target.len() as u64)?;
        self.note(b'l', path, target.as_bytes());
        self.unpacked.files.add_link(path, target).map_err(|_| ArchiveError::Name(path.to_owned()))
    }

    fn keep_file(&mut self, path: &str, size: u64, blocks: &mut Blocks<'_, impl BufRead>) -> Result<(), ArchiveError> {
        // Before anything is allocated.
        self.count(path, size)?;
        let content = blocks.content(size)?;
        self.note(b'f', path, &content);
        self.unpacked.files.add_file(path, content).map_err(|_| ArchiveError::Name(path.to_owned()))
    }

    fn count(&mut self, path: &str, bytes: u64) -> Result<(), ArchiveError> {
        let count = &mut self.unpacked.count;
        count.kept_files += 1;
        count.kept_bytes += bytes + path.len() as u64;
        if count.kept_bytes > self.limits.kept {
            return Err(ArchiveError::Kept { limit: self.limits.kept });
        }
        Ok(())
    }

    /// Lengths go in too, so that no two trees give the same stream of bytes.
    fn note(&mut self, kind: u8, path: &str, content: &[u8]) {
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
