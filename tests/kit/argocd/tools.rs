//! The tools Argo CD renders with, in the versions the tests are written for.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::testbed;

/// A program that is built from its published source, so that no test depends on what a
/// machine happens to have.
#[derive(Clone, Copy, Debug)]
pub enum Tool {
    /// `helm`.
    Helm,
    /// `kustomize`.
    Kustomize,
}

impl Tool {
    /// Where its binary is.
    ///
    /// # Panics
    /// When it could not be built.
    #[track_caller]
    pub fn path(self) -> &'static Path {
        self.find().unwrap_or_else(|error| panic!("there is no {self:?} to test with: {error}"))
    }

    pub(super) fn find(self) -> Result<&'static Path, String> {
        static HELM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        static KUSTOMIZE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let (found, part) = match self {
            Self::Helm => (&HELM, "helm"),
            Self::Kustomize => (&KUSTOMIZE, "kustomize"),
        };
        found.get_or_init(|| testbed::build(part)).as_deref().map_err(Clone::clone)
    }
}
