//! Objects on their way through the layers of a kustomization.

use std::collections::BTreeSet;

use crate::manifest::{Manifest, text};

/// An object with all its names: the original name first, the current name last.
#[derive(Clone)]
pub(super) struct KustomizeResource {
    pub(super) manifest: Manifest,
    pub(super) names: Vec<String>,
    /// Keys of labels that a layer has set.
    pub(super) labelled: BTreeSet<String>,
}

impl KustomizeResource {
    /// Namespace of the object; `default` if it has none.
    pub(super) fn namespace_or_default(&self) -> &str {
        match text(&self.manifest.content, &["metadata", "namespace"]) {
            "" => "default",
            namespace => namespace,
        }
    }
}
