//! Names of all entries of an archive, to refuse a name with two meanings.

use std::collections::HashMap;

use super::ArchiveError;

/// Names so far, including those of entries that are not kept.
#[derive(Default)]
pub(super) struct SeenPaths(HashMap<Box<str>, SeenKind>);

/// Use of a name in the archive.
#[derive(Clone, Copy, Eq, PartialEq)]
enum SeenKind {
    /// A file or a link, which has no entries below it.
    Leaf,
    /// A directory with an entry of its own.
    Directory,
    /// A directory without an entry, implied by an entry below it.
    Implied,
}

impl SeenPaths {
    /// Adds the name of an entry.
    pub(super) fn add(&mut self, path: &str, is_directory: bool) -> Result<(), ArchiveError> {
        for (at, _) in path.match_indices('/') {
            let above = path.get(..at).unwrap_or_default();
            match self.0.get(above) {
                Some(SeenKind::Leaf) => return Err(ArchiveError::Below(path.to_owned())),
                Some(SeenKind::Directory | SeenKind::Implied) => {}
                None => {
                    self.0.insert(above.into(), SeenKind::Implied);
                }
            }
        }
        match (self.0.get(path), is_directory) {
            (None, _) | (Some(SeenKind::Implied), true) => {
                self.0.insert(path.into(), if is_directory { SeenKind::Directory } else { SeenKind::Leaf });
                Ok(())
            }
            (Some(SeenKind::Implied), false) => Err(ArchiveError::Below(path.to_owned())),
            (Some(SeenKind::Leaf | SeenKind::Directory), _) => Err(ArchiveError::Duplicate(path.to_owned())),
        }
    }
}
