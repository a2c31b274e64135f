//! The policy file of a command.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// Content of a policy file.
pub(super) struct PolicyFile {
    /// Path for messages.
    pub(super) name: String,
    /// Content.
    pub(super) bytes: Vec<u8>,
}

impl PolicyFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let bytes = fs::read(path);
        let bytes = bytes.map_err(|error| Failure::usage(format!("cannot read policy {name}: {error}")))?;
        Ok(Self { name, bytes })
    }
}
