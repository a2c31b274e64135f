//! Documents of a YAML file, and limits for reading it.

use crate::node::Node;

/// Limits of a file.
#[derive(Clone, Copy, Debug)]
pub struct YamlLimits {
    /// Maximum size in bytes.
    pub bytes: usize,
    /// Maximum number of documents.
    pub documents: usize,
    /// Maximum depth of nested lists and maps.
    pub depth: usize,
    /// Maximum number of values, including values repeated by aliases.
    pub nodes: usize,
    /// Maximum number of values repeated by aliases.
    pub repeated: usize,
}

/// One document of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Number of the document in the file, from 1. Empty documents count.
    pub number: u32,
    /// Content.
    pub root: Node,
}

impl Default for YamlLimits {
    /// Limits that the largest charts need, and that stop exponential aliases.
    fn default() -> Self {
        Self { bytes: 8 << 20, documents: 2000, depth: 64, nodes: 400_000, repeated: 20_000 }
    }
}
