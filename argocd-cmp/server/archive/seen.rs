//! Every name that an archive has said, so that none means two things.

use std::collections::HashMap;

use super::ArchiveError;

/// The names so far, those that are not kept included.
#[derive(Default)]
pub(super) struct Seen(HashMap<Box<str>, What>);

/// What stands under a name.
#[derive(Clone, Copy, Eq, PartialEq)]
enum What {
    /// A file or a link: nothing may stand below it.
    Leaf,
    /// A directory that has an entry of its own.
    Directory,
    /// A directory because something stands below it.
    Implied,
}

impl Seen {
    /// Adds an entry's name.
    pub(super) fn add(&mut self, path: &str, is_directory: bool) -> Result<(), ArchiveError> {
        for (at, _) in path.match_indices('/') {
            let above = path.get(..at).unwrap_or_default();
            match self.0.get(above) {
                Some(What::Leaf) => return Err(ArchiveError::Below(path.to_owned())),
                Some(What::Directory | What::Implied) => {}
                None => {
                    self.0.insert(above.into(), What::Implied);
                }
            }
        }
        match (self.0.get(path), is_directory) {
            (None, _) | (Some(What::Implied), true) => {
                self.0.insert(path.into(), if is_directory { What::Directory } else { What::Leaf });
                Ok(())
            }
            (Some(What::Implied), false) => Err(ArchiveError::Below(path.to_owned())),
            (Some(What::Leaf | What::Directory), _) => Err(ArchiveError::Duplicate(path.to_owned())),
        }
    }
}
