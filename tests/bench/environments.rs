//! A contestant's folder with many environments.

use std::{ops::Deref, path::Path};

use crate::bench::{
    contestant::{Contestant, PREFIX},
    terraform::{Folder, Variables},
};

/// Commit at the creation of environments, and the commit of the push.
pub(crate) const COMMIT: &str = "4f2a9c1";
pub(crate) const NEXT_COMMIT: &str = "b81d7e6";

/// Folder with many environments. Dereferences to [`Folder`].
pub(crate) struct Environments {
    folder: Folder,
    /// Prefix of the namespaces.
    run: String,
    pub(crate) count: usize,
}

impl Environments {
    /// Writes a contestant's configuration of many environments.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn new(contestant: &Contestant, run: &str, count: usize) -> anyhow::Result<Self> {
        let folder = Folder::new(contestant, contestant.configuration, format!("{count} environments"))?;
        Ok(Self { folder, run: format!("{PREFIX}{run}-{}", contestant.name), count })
    }

    /// Prefix of this folder's namespaces.
    pub(crate) fn namespaces(&self) -> String {
        format!("{}-pr-", self.run)
    }

    /// Variables of a run for this commit on this cluster.
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
