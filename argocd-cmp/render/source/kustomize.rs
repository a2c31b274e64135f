//! Kustomizations: checked with everything that they include, then built natively if they are simple, else by the
//! kustomize binary.
//!
//! # Guarantees
//!
//! - Remote files, Helm charts and plugins are refused, at every depth.
//! - The binary receives only the files that kustomizations name, and the kustomizations as they were parsed here, so
//!   that it cannot interpret them differently.

mod budget;
mod build;
mod failure;
mod kustomization;
mod labels;
mod named;
mod patch;
mod path;
mod references;
mod resource;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::failure::BuildFailure;
use self::kustomization::rewritten;
use self::named::Named;
pub(super) use self::walk::NAMES;
use self::walk::{Layer, Walk};
use super::reading::{Reading, join};
use crate::files::{FileError, Files};
use crate::manifest::{Manifest, rendered_manifests};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::tools::KustomizeRequest;
use crate::write::to_json;

/// Builds the kustomization of the Application's directory.
pub(super) fn read(reading: &Reading<'_>) -> Result<Vec<Manifest>, Refusals> {
    let files = reading.tree.files;
    let mut walk = Walk::new(files);
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
        match build::build(files, &layers, top) {
            Ok(manifests) => return Ok(manifests),
            Err(BuildFailure::NeedsTool(need)) => needs.push(need),
            Err(BuildFailure::Refused(refusals)) => return Err(refused(refusals)),
        }
    }
    build_with_tool(reading, &layers, named, &needs)
}

/// Builds a kustomization natively; none if it needs the kustomize binary.
///
/// # Errors
///
/// All refusals of the kustomization and of everything that it includes.
pub fn build_kustomization(files: &Files, directory: &str) -> Result<Option<Vec<Manifest>>, Refusals> {
    let mut walk = Walk::new(files);
    let top = walk.layer(directory, &mut Vec::new());
    if let Some(refusals) = Refusals::collected(walk.refusals) {
        return Err(refusals);
    }
    match top {
        Some(top) if walk.needs.is_empty() => match build::build(files, &walk.layers, top) {
            Ok(manifests) => Ok(Some(manifests)),
            Err(BuildFailure::NeedsTool(_)) => Ok(None),
            Err(BuildFailure::Refused(refusals)) => Err(refused(refusals)),
        },
        _ => Ok(None),
    }
}

fn refused(refusals: Vec<Refusal>) -> Refusals {
    Refusals::collected(refusals).unwrap_or_else(|| {
        let message = "the kustomization cannot be built";
        Refusal::new(Location::default(), RefusalRule::Kustomize, message, "correct the kustomization").into()
    })
}

fn build_with_tool(
    reading: &Reading<'_>,
    layers: &[Layer],
    mut files: BTreeMap<String, Arc<[u8]>>,
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
        let remedy = "remove the field, or have the platform set `kustomize.enabled` in the policy";
        return Err(refuse("the policy disables it", remedy).unwrap_or_else(|| no_objects(reading)));
    }
    if let Some(refusals) = named_twice(layers, &files) {
        return Err(refusals);
    }
    for Layer { directory, root, .. } in layers {
        files.insert(join(directory, "kustomization.yaml"), to_json(&rewritten(root)).into_bytes().into());
    }
    let request = KustomizeRequest { rule, files, directory: reading.directory.clone() };
    let output = reading
        .tools
        .kustomize(&request)
        .map_err(|error| refuse(&error.message, &error.remedy).unwrap_or_else(|| no_objects(reading)))?;
    let name: Arc<str> = format!("{} (rendered)", join(&reading.directory, "kustomization.yaml")).into();
    rendered_manifests(&name, &output)
        .map_err(|refusals| Refusals::collected(refusals).unwrap_or_else(|| no_objects(reading)))
}

/// Refusals of kustomizations that are also named as files, because the binary would get them as they were parsed here and not
/// as they were written.
fn named_twice(layers: &[Layer], named: &BTreeMap<String, Arc<[u8]>>) -> Option<Refusals> {
    let refusal = |file: &str| {
        let message = format!("the kustomization `{file}` is also named as a file by a kustomization that includes it");
        let remedy = "copy it to a file with another name, and name that file";
        Refusal::new(Location::file(file), RefusalRule::Kustomize, message, remedy)
    };
    let files: BTreeSet<_> = layers.iter().map(|layer| layer.file.as_str()).collect();
    Refusals::collected(files.into_iter().filter(|file| named.contains_key(*file)).map(refusal).collect())
}

fn no_objects(reading: &Reading<'_>) -> Refusals {
    let location = Location::file(reading.tree.directory);
    Refusal::new(location, RefusalRule::Kustomize, "the kustomization has no objects", "add resources").into()
}
