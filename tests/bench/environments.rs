//! A contestant's folder with many environments.

use std::{ops::Deref, path::Path};

use crate::bench::{
    contestant::{Contestant, PREFIX},
    terraform::{Folder, Variables},
};

/// The commit that environments are made with, and the one that is pushed later.
pub(crate) const COMMIT: &str = "4f2a9c1";
pub(crate) const NEXT_COMMIT: &str = "b81d7e6";

/// It derefs to its [`Folder`].
pub(crate) struct Environments {
    folder: Folder,
    /// What the names of its namespaces begin with.
    run: String,
    pub(crate) count: usize,
}

impl Environments {
    /// Writes a contestant's configuration for so many environments.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn new(contestant: &Contestant, run: &str, count: usize) -> anyhow::Result<Self> {
        let folder = Folder::new(contestant, contestant.configuration, format!("{count} environments"))?;
        Ok(Self { folder, run: format!("{PREFIX}{run}-{}", contestant.name), count })
    }

    /// What the names of this folder's namespaces begin with.
    pub(crate) fn namespaces(&self) -> String {
        format!("{}-pr-", self.run)
    }

    /// The variables of a run for this commit on this cluster.
    pub(crate) fn at(&self, head_sha: &str, kubeconfig: &Path) -> Variables {
        vec![
            ("KUBE_CONFIG_PATH", kubeconfig.into()),
            ("TF_VAR_run", self.run.clone().into()),
            ("TF_VAR_environments", self.count.to_string().into()),
            ("TF_VAR_head_sha", head_sha.into()),
        ]
    }
}

impl Deref for Environments {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}
