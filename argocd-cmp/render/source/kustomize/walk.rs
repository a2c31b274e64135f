//! All kustomizations that a kustomization includes, checked at every depth.

use std::collections::BTreeMap;
use std::sync::Arc;

use eod_yaml::{Node, YamlLimits, read as read_yaml};

use super::kustomization::Kustomization;
use super::named::Named;
use super::path;
use crate::files::{FileError, Files};
use crate::refusal::{Location, Refusal, RefusalRule};
use crate::source::reading::join;

/// File names of kustomizations.
pub(crate) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Maximum size of one kustomization, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Maximum depth of kustomizations that include each other.
const MAX_DEPTH: usize = 24;
/// Maximum number of kustomizations. A kustomization counts each time it is included.
const MAX_LAYERS: usize = 300;

/// Kustomization of one directory.
pub(super) struct Layer {
    pub(super) directory: String,
    pub(super) file: String,
    pub(super) kustomization: Kustomization,
    /// The kustomization as it was read.
    pub(super) root: Node,
    /// Resources in order: the path of a file, or the index of another layer.
    pub(super) parts: Vec<LayerPart>,
}

pub(super) enum LayerPart {
    File(String),
    Layer(usize),
}

/// A walk over a kustomization and everything that it includes, with its results.
pub(super) struct Walk<'a> {
    files: &'a Files,
    /// Layers, each after the layers that it includes.
    pub(super) layers: Vec<Layer>,
    /// Files that kustomizations name, as input of the binary.
    pub(super) named: BTreeMap<String, Arc<[u8]>>,
    pub(super) refusals: Vec<Refusal>,
    /// Features that need the binary.
    pub(super) needs: Vec<Named>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(files: &'a Files) -> Self {
        Self { files, layers: Vec::new(), named: BTreeMap::new(), refusals: Vec::new(), needs: Vec::new() }
    }

    /// Reads the kustomization of a directory and everything that it includes; returns the index of its layer, none if
    /// it is refused. `above` has the directories of the kustomizations that include it.
    pub(super) fn layer(&mut self, directory: &str, above: &mut Vec<String>) -> Option<usize> {
        let location = || Location::file(directory);
        if above.iter().any(|other| other == directory) || above.len() >= MAX_DEPTH || self.layers.len() >= MAX_LAYERS {
            let message = format!(
                "kustomizations include each other in a cycle, at more than {MAX_DEPTH} levels, or more than \
                 {MAX_LAYERS} times"
            );
            self.refusals.push(Refusal::new(
                location(),
                RefusalRule::Kustomize,
                message,
                "include fewer kustomizations",
            ));
            return None;
        }
        let (file, node) = self.file(directory)?;
        let (kustomization, refusals) = Kustomization::parse(&file, &node);
        let failed = !refusals.is_empty();
        self.refusals.extend(refusals);
        self.needs.extend(kustomization.needs_tool.iter().cloned());
        above.push(directory.to_owned());
        let mut parts = Vec::new();
        for entry in &kustomization.resources {
            if let Some(part) = self.resource(directory, entry, above) {
                parts.push(part);
            }
        }
        for entry in &kustomization.components {
            if let Some(path) = self.path(directory, entry) {
                self.layer(&path, above);
            }
        }
        for entry in &kustomization.files {
            self.named_file(directory, entry);
        }
        above.pop();
        if failed {
            return None;
        }
        self.layers.push(Layer { directory: directory.to_owned(), file, kustomization, root: node, parts });
        Some(self.layers.len() - 1)
    }

    /// Path and content of a directory's kustomization.
    fn file(&mut self, directory: &str) -> Option<(String, Node)> {
        let found: Vec<&str> =
            NAMES.into_iter().filter(|name| self.files.is_file("", &join(directory, name))).collect();
        let location = || Location::file(if directory.is_empty() { "." } else { directory });
        let [name] = found.as_slice() else {
            let refusal = if found.is_empty() {
                FileError::Missing(join(directory, "kustomization.yaml")).refusal(location())
            } else {
                let message = format!("the directory has more than one kustomization: {}", found.join(", "));
                Refusal::new(location(), RefusalRule::Kustomize, message, "keep one of them")
            };
            self.refusals.push(refusal);
            return None;
        };
        let file = join(directory, name);
        let bytes = self.files.read("", &file).map_err(|error| self.refusals.push(error.refusal(location()))).ok()?;
        let shown: Arc<str> = file.as_str().into();
        match read_yaml(&bytes, &YamlLimits { bytes: MAX_BYTES, ..YamlLimits::default() }) {
            Err(faults) => {
                self.refusals.extend(crate::manifest::yaml_refusals(&shown, faults));
                None
            }
            Ok(mut documents) if documents.len() == 1 => documents.pop().map(|document| (file, document.root)),
            Ok(_) => {
                let message = "a kustomization must be one YAML document";
                self.refusals.push(Refusal::new(
                    Location::file(file),
                    RefusalRule::Kustomize,
                    message,
                    "keep one document",
                ));
                None
            }
        }
    }

    fn resource(&mut self, directory: &str, entry: &Named, above: &mut Vec<String>) -> Option<LayerPart> {
        let path = self.path(directory, entry)?;
        if self.files.is_directory("", &path).unwrap_or(false) {
            return self.layer(&path, above).map(LayerPart::Layer);
        }
        self.named_file(directory, entry).map(LayerPart::File)
    }

    /// Reads a file that a kustomization names.
    fn named_file(&mut self, directory: &str, entry: &Named) -> Option<String> {
        let path = self.path(directory, entry)?;
        match self.files.read("", &path) {
            Ok(bytes) => {
                self.named.insert(path.clone(), bytes);
                Some(path)
            }
            Err(error) => {
                self.refusals.push(error.refusal(entry.location()));
                None
            }
        }
    }

    /// Path of an entry in the received tree.
    fn path(&mut self, directory: &str, entry: &Named) -> Option<String> {
        path::inside(directory, entry).map_err(|refusal| self.refusals.push(refusal)).ok()
    }
}
