//! Binaries of Argo CD and of the tools it renders with, in the versions that the tests expect.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{command::on_path, testbed};

/// A program that the testbed builds from its published source, so that tests do not depend on the machine's version.
#[derive(Clone, Copy, Debug)]
pub enum Tool {
    /// `helm` of the image: `helm template` with random values that can be repeated.
    Helm,
    /// `kustomize`.
    Kustomize,
    /// Helm's own `helm`.
    StockHelm,
    /// OCI registry of the project Distribution.
    Registry,
    /// The readers of YAML in Go.
    Yaml,
}

impl Tool {
    /// Path of the binary.
    ///
    /// # Panics
    /// If it cannot be built.
    #[track_caller]
    pub fn path(self) -> &'static Path {
        self.find().unwrap_or_else(|error| panic!("there is no {self:?} to test with: {error}"))
    }

    pub(super) fn find(self) -> Result<&'static Path, String> {
        static HELM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        static STOCK_HELM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        static KUSTOMIZE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        static REGISTRY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        static YAML: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let (found, part) = match self {
            Self::Helm => (&HELM, "helm"),
            Self::StockHelm => (&STOCK_HELM, "stock-helm"),
            Self::Kustomize => (&KUSTOMIZE, "kustomize"),
            Self::Registry => (&REGISTRY, "registry"),
            Self::Yaml => (&YAML, "yaml"),
        };
        found.get_or_init(|| testbed::build(part)).as_deref().map_err(Clone::clone)
    }
}

/// The testbed's binary: on PATH, in the cache, or built now. A line on stderr names the source.
/// The result, also a failure, is the same for the whole run.
pub(super) fn servers() -> Result<&'static Path, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let find = || {
        let (found, place) = match on_path("eod-argocd") {
            Some(found) => (found, "on PATH"),
            None => (testbed::build("argocd")?, "cache"),
        };
        eprintln!("kit: Argo CD from {} ({place})", found.display());
        Ok(found)
    };
    FOUND.get_or_init(find).as_deref().map_err(Clone::clone)
}
