//! The service mesh an environment joins.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::labels::LabelValue;
use crate::text::as_text;

/// Which mesh, and which revision of it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
    kind: MeshKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<LabelValue>,
}

/// The meshes we know.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
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

/// Why a mesh is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MeshError {
    /// A word that is no mesh.
    #[error("`{0}` is no mesh; expected none, istio-sidecar, istio-ambient or linkerd")]
    Kind(String),
    /// A revision where there is none.
    #[error("the mesh `{0}` has no revisions; remove `revision`, or use istio-sidecar or istio-ambient")]
    Revision(MeshKind),
}

as_text!(MeshKind);

impl Mesh {
    /// A mesh, with a revision where the mesh has them.
    ///
    /// # Errors
    ///
    /// When a revision is given for a mesh without revisions.
    pub fn new(kind: MeshKind, revision: Option<LabelValue>) -> Result<Self, MeshError> {
        match (kind, &revision) {
            (MeshKind::None | MeshKind::Linkerd, Some(_)) => Err(MeshError::Revision(kind)),
            _ => Ok(Self { kind, revision }),
        }
    }

    /// Which mesh.
    pub fn kind(&self) -> MeshKind {
        self.kind
    }

    /// Which revision of the mesh's control plane.
    pub fn revision(&self) -> Option<&LabelValue> {
        self.revision.as_ref()
    }

    /// The labels of the namespace. `istio-injection` and a revision exclude each other, and neither goes with ambient
    /// mode's switch.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let revision = self.revision.as_ref().map(|revision| ("istio.io/rev", revision.as_str()));
        let switch = match (self.kind, &revision) {
            (MeshKind::IstioSidecar, None) => Some(("istio-injection", "enabled")),
            (MeshKind::IstioAmbient, _) => Some(("istio.io/dataplane-mode", "ambient")),
            (MeshKind::IstioSidecar, Some(_)) | (MeshKind::None | MeshKind::Linkerd, _) => None,
        };
        owned(revision.into_iter().chain(switch))
    }

    /// The annotations of the namespace.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        match self.kind {
            MeshKind::Linkerd => owned([("linkerd.io/inject", "enabled")]),
            MeshKind::None | MeshKind::IstioSidecar | MeshKind::IstioAmbient => BTreeMap::new(),
        }
    }
}

impl MeshKind {
    /// The word that names the mesh.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::IstioSidecar => "istio-sidecar",
            Self::IstioAmbient => "istio-ambient",
            Self::Linkerd => "linkerd",
        }
    }
}

impl FromStr for MeshKind {
    type Err = MeshError;

    fn from_str(text: &str) -> Result<Self, MeshError> {
        match text {
            "none" => Ok(Self::None),
            "istio-sidecar" => Ok(Self::IstioSidecar),
            "istio-ambient" => Ok(Self::IstioAmbient),
            "linkerd" => Ok(Self::Linkerd),
            other => Err(MeshError::Kind(other.to_owned())),
        }
    }
}

impl fmt::Display for MeshKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn owned<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests;
