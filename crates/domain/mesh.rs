//! Service mesh of an environment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::labels::LabelValue;
use crate::text::keyword;

/// Mesh with its revision.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
    kind: MeshKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<LabelValue>,
}

/// Supported meshes.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum MeshKind {
    /// No mesh.
    #[default]
    None,
    /// Istio with a proxy in every pod.
    IstioSidecar,
    /// Istio with a proxy on every node.
    IstioAmbient,
    /// Linkerd.
    Linkerd,
}

/// Error for a revision of a mesh without revisions.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("mesh `{0}` has no revisions")]
pub struct MeshError(MeshKind);

keyword!(MeshKind, "mesh");

impl Mesh {
    /// Creates a mesh, with an optional revision.
    ///
    /// # Errors
    ///
    /// A revision is set for a mesh without revisions.
    pub fn new(kind: MeshKind, revision: Option<LabelValue>) -> Result<Self, MeshError> {
        match (kind, &revision) {
            (MeshKind::None | MeshKind::Linkerd, Some(_)) => Err(MeshError(kind)),
            _ => Ok(Self { kind, revision }),
        }
    }

    /// Kind of the mesh.
    pub fn kind(&self) -> MeshKind {
        self.kind
    }

    /// Revision of the mesh's control plane.
    pub fn revision(&self) -> Option<&LabelValue> {
        self.revision.as_ref()
    }

    /// Labels of the namespace. `istio-injection` and a revision exclude each other, and ambient mode excludes both.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let revision = self.revision.as_ref().map(|revision| ("istio.io/rev", revision.as_str()));
        let switch = match (self.kind, &revision) {
            (MeshKind::IstioSidecar, None) => Some(("istio-injection", "enabled")),
            (MeshKind::IstioAmbient, _) => Some(("istio.io/dataplane-mode", "ambient")),
            (MeshKind::IstioSidecar, Some(_)) | (MeshKind::None | MeshKind::Linkerd, _) => None,
        };
        owned(revision.into_iter().chain(switch))
    }

    /// Annotations of the namespace.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        match self.kind {
            MeshKind::Linkerd => owned([("linkerd.io/inject", "enabled")]),
            MeshKind::None | MeshKind::IstioSidecar | MeshKind::IstioAmbient => BTreeMap::new(),
        }
    }
}

fn owned<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests;
