//! Parts of a build that do not depend on the origin of its rows.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use eod_clients::{Deadline, postgres::Postgres};
use eod_masking::{Classification, MaskingKey, MaskingPolicy, classify};

use crate::{
    birth::{GoldenName, GoldenServer, GoldenState},
    build_error::BuildError,
    database::DatabaseCatalogue,
    masked_copy::{MaskedCopy, MaskedCopyError},
    plan::PlanError,
    progress::BuildProgress,
};

/// Time limit of the removal of a failed build.
const CLEANUP: Duration = Duration::from_secs(60);

/// Golden database to build.
#[derive(Clone)]
pub struct BuildRequest<'a> {
    /// Maintenance database of the preview server. The role needs CREATEDB and CREATEROLE.
    pub server: &'a Postgres,
    /// Installation that owns the golden database.
    pub installation: &'a str,
    /// Name of the golden database.
    pub name: &'a GoldenName,
    /// Policy.
    pub policy: &'a MaskingPolicy,
    /// Text of the policy file.
    pub policy_text: &'a [u8],
    /// Key of all masked values.
    pub key: &'a MaskingKey,
    /// Settings.
    pub settings: BuildSettings,
    /// Receiver of the progress.
    pub progress: Arc<dyn BuildProgress>,
}

/// Settings of a build.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuildSettings {
    /// Maximum number of tables at the same time. Each needs a session on both servers and about three times the size of its
    /// largest row.
    pub workers: usize,
    /// Maximum number of attempts if a standby interrupts the build. A build from a raw copy has one.
    pub attempts: u32,
    /// True to accept a key other than that of the published version.
    pub allow_other_key: bool,
    /// Columns, as `schema.table.column`, that may contain values of masked columns of the source.
    pub accepted: BTreeSet<String>,
    /// True to search the files of the database if the server runs on this host and this process can read them.
    pub search_files: bool,
}

impl Default for BuildSettings {
    fn default() -> Self {
        Self { workers: 2, attempts: 3, allow_other_key: false, accepted: BTreeSet::new(), search_files: true }
    }
}

impl BuildRequest<'_> {
    /// Session in the maintenance database.
    ///
    /// # Errors
    ///
    /// See [`GoldenServer::connect`].
    pub(crate) async fn connect(&self, deadline: &Deadline) -> Result<GoldenServer, BuildError> {
        Ok(GoldenServer::connect(self.server, self.installation, deadline).await?)
    }

    /// Refuses names of others, and another key than that of the published version.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub(crate) async fn check_name(&self, goldens: &mut GoldenServer, deadline: &Deadline) -> Result<(), BuildError> {
        match goldens.look(self.name, deadline).await? {
            GoldenState::Absent | GoldenState::Unfinished => Ok(()),
            GoldenState::Foreign { reason } => Err(goldens.foreign(self.name, reason).into()),
            GoldenState::Finished(facts) => {
                let found = self.key.check_value();
                if facts.key_check == found || self.settings.allow_other_key {
                    return Ok(());
                }
                Err(BuildError::OtherKey { name: self.name.clone(), expected: facts.key_check, found })
            }
        }
    }

    /// Decisions about all columns. Columns without room for masked values are an error.
    ///
    /// # Errors
    ///
    /// [`BuildError::Policy`], or [`BuildError::Copy`] for the room.
    pub(crate) fn classify(&self, catalogue: &DatabaseCatalogue) -> Result<Classification, BuildError> {
        let classification = classify(self.policy, &catalogue.masking_catalogue()).map_err(BuildError::Policy)?;
        // The maskers are made here for their errors only.
        classification.maskers(self.key).map_err(|error| MaskedCopyError::Plan(PlanError::Room(error)))?;
        Ok(classification)
    }

    /// Takes the lock of the database that the build makes, and removes a former build that was not published. The session has
    /// the lock until its end.
    ///
    /// # Errors
    ///
    /// [`BuildError`]. A database of others stays.
    pub(crate) async fn make_room(&self, goldens: &mut GoldenServer, deadline: &Deadline) -> Result<(), BuildError> {
        let next = self.name.next();
        goldens.lock(&next, deadline).await?;
        match goldens.look(&next, deadline).await? {
            GoldenState::Finished(_) => Ok(goldens.destroy(&next, deadline).await?),
            GoldenState::Foreign { reason } => Err(goldens.foreign(&next, reason).into()),
            // Its creation removes an unfinished one.
            GoldenState::Absent | GoldenState::Unfinished => Ok(()),
        }
    }

    /// The database that the build makes.
    pub(crate) fn target(&self) -> Postgres {
        Postgres::new(self.server.access().with_database(self.name.next().as_str()))
    }

    /// Copy of all rows into the database that the build makes.
    pub(crate) fn copy<'b>(&'b self, source: &'b Postgres, target: &'b Postgres) -> MaskedCopy<'b> {
        MaskedCopy { source, target, policy: self.policy, key: self.key, workers: self.settings.workers }
    }

    /// Removes a failed build, also after a cancellation. If that is not possible, the progress gets a note.
    pub(crate) async fn clean_up(&self, goldens: &mut GoldenServer) {
        let deadline = Deadline::for_cleanup(CLEANUP);
        let next = self.name.next();
        let mut removed = goldens.destroy(&next, &deadline).await;
        if removed.is_err()
            && let Ok(mut again) = GoldenServer::connect(self.server, self.installation, &deadline).await
        {
            // The session of the build may have ended with the interrupted statement.
            removed = again.destroy(&next, &deadline).await;
        }
        if let Err(error) = removed {
            self.progress.note(&format!(
                "database `{next}` could not be removed: {}; it is closed, and the next build removes it",
                error.chain()
            ));
        }
    }
}
