//! A kustomization: checked at every depth before anything is built, then built here where it is simple, and by the
//! kustomize binary where it is not.
//!
//! # Guarantees
//!
//! - Nothing remote, no Helm, no plugin: such a kustomization is refused whole, wherever it hides.
//! - The binary sees the files that kustomizations name and no others, and the kustomizations as they were understood
//!   here, written anew, so that it cannot read them in another way.

mod build;
mod kustomization;
mod labels;
mod patch;
mod path;
mod references;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::kustomization::{Kustomization, Named};
use super::{Reading, join};
use crate::files::{FileError, Files};
use crate::manifest::{Manifest, manifests};
use crate::node::Node;
use crate::read::{YamlLimits, read as read_yaml};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::tools::KustomizeRequest;
use crate::write::to_json;

/// The names of a kustomization's file.
pub(super) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Bytes of one kustomization.
const LARGEST: usize = 1 << 20;
/// Kustomizations inside each other.
const DEEPEST: usize = 24;
/// Kustomizations in all, those that are used twice counted twice.
const MOST: usize = 300;

/// A directory with a kustomization and those it builds on.
struct Layer {
    directory: String,
    file: String,
    kustomization: Kustomization,
    /// Resources in order: the path of a file, or the index of another layer.
    parts: Vec<LayerPart>,
}

enum LayerPart {
    File(String),
    Layer(usize),
}

/// What a walk over all kustomizations finds.
struct Walk<'a> {
    files: &'a Files,
    layers: Vec<Layer>,
    /// The kustomizations and everything they name, for the binary.
    named: BTreeMap<String, Arc<[u8]>>,
    refusals: Vec<Refusal>,
    /// Why the binary is needed.
    needs: Vec<Named>,
}

/// Builds the kustomization.
pub(super) fn read(reading: &Reading<'_>) -> Result<Vec<Manifest>, Refusals> {
    let files = reading.tree.files;
    let mut walk = Walk { files, layers: Vec::new(), named: BTreeMap::new(), refusals: Vec::new(), needs: Vec::new() };
    let top = walk.layer(&reading.directory, &mut Vec::new());
    let Walk { layers, named, refusals, mut needs, .. } = walk;
    if let Some(refusals) = Refusals::collected(refusals) {
        return Err(refusals);
    }
    let Some(top) = top else {
        let missing = FileError::Missing(join(&reading.directory, "kustomization.yaml"));
        return Err(missing.refusal(Location::file(reading.tree.directory)).into());
    };
    if needs.is_empty() {
        match build::build(files, &layers, top)? {
            build::Built::Whole(manifests) => return Ok(manifests),
            build::Built::NeedsTool(need) => needs.push(need),
        }
    }
    with_tool(reading, named, &needs)
}

/// Builds a kustomization without the binary; none where only the binary can build it.
///
/// # Errors
///
/// As a render: whatever is wrong with it, at any depth.
pub fn build_kustomization(files: &Files, directory: &str) -> Result<Option<Vec<Manifest>>, Refusals> {
    let (named, needs) = (BTreeMap::new(), Vec::new());
    let mut walk = Walk { files, layers: Vec::new(), named, refusals: Vec::new(), needs };
    let top = walk.layer(directory, &mut Vec::new());
    if let Some(refusals) = Refusals::collected(walk.refusals) {
        return Err(refusals);
    }
    match top {
        Some(top) if walk.needs.is_empty() => match build::build(files, &walk.layers, top)? {
            build::Built::Whole(manifests) => Ok(Some(manifests)),
            build::Built::NeedsTool(_) => Ok(None),
        },
        _ => Ok(None),
    }
}

fn with_tool(
    reading: &Reading<'_>,
    files: BTreeMap<String, Arc<[u8]>>,
    needs: &[Named],
) -> Result<Vec<Manifest>, Refusals> {
    let rule = &reading.preview.policy.kustomize;
    let refuse = |message: &str, remedy: &str| {
        let refusal = |need: &Named| {
            Refusal::new(
                need.location(),
                RefusalRule::Tool,
                format!("`{}` needs the kustomize binary, and {message}", need.text),
                remedy,
            )
        };
        Refusals::collected(needs.iter().map(refusal).collect())
    };
    if !rule.enabled {
        let refusals = refuse("the policy has it switched off", "do without it, or have the platform allow kustomize");
        return Err(refusals.unwrap_or_else(|| nothing(reading)));
    }
    let request = KustomizeRequest { rule, files, directory: reading.directory.clone() };
    let output = reading
        .tools
        .kustomize(&request)
        .map_err(|error| refuse(&error.message, &error.remedy).unwrap_or_else(|| nothing(reading)))?;
    let name: Arc<str> = format!("{} (rendered)", join(&reading.directory, "kustomization.yaml")).into();
    manifests(&|_| Arc::clone(&name), output.as_bytes())
        .map_err(|refusals| Refusals::collected(refusals).unwrap_or_else(|| nothing(reading)))
}

fn nothing(reading: &Reading<'_>) -> Refusals {
    let location = Location::file(reading.tree.directory);
    Refusal::new(location, RefusalRule::Kustomize, "the kustomization gave nothing", "add resources").into()
}

impl Walk<'_> {
    /// Reads the kustomization of a directory and all below it. `above` are the directories on the way here.
    fn layer(&mut self, directory: &str, above: &mut Vec<String>) -> Option<usize> {
        let location = || Location::file(directory);
        if above.iter().any(|other| other == directory) || above.len() >= DEEPEST || self.layers.len() >= MOST {
            let message = format!(
                "kustomizations build on each other in a circle, deeper than {DEEPEST}, or more than {MOST} times"
            );
            self.refusals.push(Refusal::new(location(), RefusalRule::Kustomize, message, "flatten them"));
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
        self.named.insert(join(directory, "kustomization.yaml"), to_json(&kustomization.rewritten).into_bytes().into());
        self.layers.push(Layer { directory: directory.to_owned(), file, kustomization, parts });
        Some(self.layers.len() - 1)
    }

    /// The one kustomization of a directory.
    fn file(&mut self, directory: &str) -> Option<(String, Node)> {
        let found: Vec<&str> =
            NAMES.into_iter().filter(|name| self.files.is_file("", &join(directory, name))).collect();
        let location = || Location::file(if directory.is_empty() { "." } else { directory });
        let [name] = found.as_slice() else {
            let refusal = if found.is_empty() {
                FileError::Missing(join(directory, "kustomization.yaml")).refusal(location())
            } else {
                let message = format!("there is more than one kustomization: {}", found.join(", "));
                Refusal::new(location(), RefusalRule::Kustomize, message, "keep one of them")
            };
            self.refusals.push(refusal);
            return None;
        };
        let file = join(directory, name);
        let bytes = self.files.read("", &file).map_err(|error| self.refusals.push(error.refusal(location()))).ok()?;
        let shown: Arc<str> = file.as_str().into();
        match read_yaml(&bytes, &YamlLimits { bytes: LARGEST, ..YamlLimits::default() }) {
            Err(faults) => {
                self.refusals.extend(crate::manifest::yaml(&|_| Arc::clone(&shown), faults));
                None
            }
            Ok(mut documents) if documents.len() == 1 => documents.pop().map(|document| (file, document.root)),
            Ok(_) => {
                let message = "a kustomization is one document";
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

    /// A file that a kustomization names.
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

    /// The path of an entry inside of the tree.
    fn path(&mut self, directory: &str, entry: &Named) -> Option<String> {
        path::inside(directory, entry).map_err(|refusal| self.refusals.push(refusal)).ok()
    }
}
