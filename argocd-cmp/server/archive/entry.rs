//! Entries of a tar, with checked headers.

use std::io::BufRead;

use tar::{EntryType, Header};

use super::blocks::Blocks;
use super::pax::{self, ExtendedHeader};
use super::{ArchiveError, ArchiveLimits};

/// Entry of an archive. The content of a file is the next to be read.
pub(super) struct ArchiveEntry {
    /// Normalized relative path; `.` for the tree itself.
    pub(super) path: String,
    /// Kind of the entry.
    pub(super) kind: EntryKind,
}

/// Kind of an entry.
pub(super) enum EntryKind {
    /// Directory.
    Directory,
    /// File with its size in bytes.
    File(u64),
    /// Symbolic link with its target.
    Link(String),
}

/// Reads the next entry; none at the end of the archive.
pub(super) fn next(
    blocks: &mut Blocks<'_, impl BufRead>,
    limits: &ArchiveLimits,
) -> Result<Option<ArchiveEntry>, ArchiveError> {
    let Some(block) = blocks.header()? else { return Ok(None) };
    let first = checked(&block)?;
    if !matches!(first.entry_type(), EntryType::XHeader) {
        return entry(first, ExtendedHeader::default(), limits).map(Some);
    }
    let size = size(first, "an extended header")?;
    if size > pax::LIMIT {
        return Err(ArchiveError::ExtendedSize { limit: pax::LIMIT });
    }
    let extended = pax::parse(&blocks.content(size)?)?;
    let block = blocks.header()?.ok_or(ArchiveError::ExtendedAlone)?;
    let header = checked(&block)?;
    if matches!(header.entry_type(), EntryType::XHeader) {
        return Err(ArchiveError::ExtendedAlone);
    }
    entry(header, extended, limits).map(Some)
}

/// Header with a correct checksum and in a supported format.
fn checked(block: &[u8; 512]) -> Result<&Header, ArchiveError> {
    let header = Header::from_byte_slice(block);
    let field = 148..156;
    let byte = |(at, byte): (usize, &u8)| u32::from(if field.contains(&at) { b' ' } else { *byte });
    let sum: u32 = block.iter().enumerate().map(byte).sum();
    if header.cksum().ok() != Some(sum) {
        return Err(ArchiveError::HeaderChecksum);
    }
    if header.as_ustar().is_none() {
        return Err(ArchiveError::Format);
    }
    Ok(header)
}

/// Converts the headers of one entry.
fn entry(header: &Header, extended: ExtendedHeader, limits: &ArchiveLimits) -> Result<ArchiveEntry, ArchiveError> {
    let ExtendedHeader { path, target } = extended;
    let shown = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    let kind = header.entry_type();
    match kind {
        EntryType::Regular | EntryType::Directory | EntryType::Symlink => {}
        EntryType::Link => return Err(ArchiveError::HardLink(shown)),
        EntryType::GNUSparse => return Err(ArchiveError::Sparse(shown)),
        EntryType::XGlobalHeader => return Err(ArchiveError::Global),
        EntryType::GNULongName | EntryType::GNULongLink => return Err(ArchiveError::Format),
        _ => return Err(ArchiveError::Special(shown)),
    }
    let raw = path.unwrap_or_else(|| header.path_bytes().into_owned());
    let path = name(&raw, kind == EntryType::Directory, limits)?;
    let size = size(header, &path)?;
    let kind = match kind {
        EntryType::Regular if path == "." => return Err(ArchiveError::Name(path)),
        EntryType::Regular => EntryKind::File(size),
        _ if size != 0 => return Err(ArchiveError::Contents(path)),
        EntryType::Directory => EntryKind::Directory,
        _ => {
            let target = target.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
            EntryKind::Link(link_target(target.unwrap_or_default(), &path, limits)?)
        }
    };
    Ok(ArchiveEntry { path, kind })
}

fn size(header: &Header, path: &str) -> Result<u64, ArchiveError> {
    header.entry_size().map_err(|_| ArchiveError::HeaderField { path: path.to_owned(), field: "size" })
}

/// Path of an entry, which must be normalized. Only a directory may end with a slash, as some writers add it.
fn name(raw: &[u8], is_directory: bool, limits: &ArchiveLimits) -> Result<String, ArchiveError> {
    let shown = || String::from_utf8_lossy(raw.get(..200).unwrap_or(raw)).into_owned();
    if raw.len() > limits.name {
        return Err(ArchiveError::Long { path: shown(), limit: limits.name });
    }
    let text = std::str::from_utf8(raw).map_err(|_| ArchiveError::NotText(shown()))?;
    if text.starts_with('/') {
        return Err(ArchiveError::Absolute(text.to_owned()));
    }
    let text = if is_directory { text.strip_suffix('/').unwrap_or(text) } else { text };
    if text == "." && is_directory {
        return Ok(text.to_owned());
    }
    if text.split('/').any(|part| part == "..") {
        return Err(ArchiveError::Upward(text.to_owned()));
    }
    if text.split('/').any(|part| matches!(part, "" | ".")) || text.contains('\0') {
        return Err(ArchiveError::Name(text.to_owned()));
    }
    if text.split('/').count() > limits.depth {
        return Err(ArchiveError::Depth { path: shown(), limit: limits.depth });
    }
    Ok(text.to_owned())
}

fn link_target(raw: Vec<u8>, path: &str, limits: &ArchiveLimits) -> Result<String, ArchiveError> {
    if raw.len() > limits.name {
        return Err(ArchiveError::Long { path: path.to_owned(), limit: limits.name });
    }
    let target = String::from_utf8(raw).map_err(|_| ArchiveError::NotText(path.to_owned()))?;
    if target.is_empty() || target.contains('\0') {
        return Err(ArchiveError::Target(path.to_owned()));
    }
    Ok(target)
}
