//! Build of a golden database from a raw copy on the preview server.

use std::{collections::BTreeSet, sync::Arc};

use eod_clients::{Deadline, Error, ErrorKind, postgres::Postgres};
use eod_masking::{LargeObjects, MaskingKey, MaskingPolicy, classify};

use crate::{
    birth::{GoldenName, GoldenServer, GoldenState},
    build_error::BuildError,
    build_report::{BuildEstimate, BuildReport},
    completion::{BuildSettings, Completion, Stopwatch, check_name, clean_up},
    database::DatabaseCatalogue,
    estimate::{EstimatedSums, estimated_tables, sums},
    inspection::SourceInspection,
    manifest::GoldenManifest,
    marked::DatabaseTemplate,
    masked_copy::{MaskedCopy, MaskedCopyError},
    plan::PlanError,
    progress::{BuildProgress, BuildStep},
    raw_copy::{RawDatabase, disarm, freeze, page_readers, users},
    source::SourceSnapshot,
    sql::{SESSION, quoted_name, run},
};

/// A build from a raw copy. The copy is closed first: only its owner and superusers can connect to it, also after the build.
/// Objects keep their owners and privileges.
pub struct RawCopyBuild<'a> {
    /// Maintenance database of the preview server. The role must be a superuser, or own the raw copy and be a member of the
    /// roles that own its objects, with CREATEDB and CREATEROLE.
    pub server: &'a Postgres,
    /// Installation that owns the golden database.
    pub installation: &'a str,
    /// Name of the golden database.
    pub name: &'a GoldenName,
    /// Name of the raw copy.
    pub database: &'a str,
    /// True to remove the raw copy after a successful build.
    pub drop_raw: bool,
    /// Readers of raw pages that are accepted: names of roles with REPLICATION, `standby <name>`, `slot <name>` and
    /// `archive_mode`. A raw page that they receive is past all privileges.
    pub allowed: BTreeSet<String>,
    /// Policy.
    pub policy: &'a MaskingPolicy,
    /// Text of the policy file.
    pub policy_text: &'a [u8],
    /// Key of all masked values.
    pub key: &'a MaskingKey,
    /// Settings. There is one attempt.
    pub settings: BuildSettings,
    /// Receiver of the progress.
    pub progress: Arc<dyn BuildProgress>,
}

impl RawCopyBuild<'_> {
    /// Builds the database `<name>_next`: finished and closed, not published. A former build that was not published is
    /// replaced.
    ///
    /// # Errors
    ///
    /// [`BuildError`]. What was made is removed, also after a cancellation. The raw copy stays, closed. A raw copy that cannot
    /// be removed after the build is reported and not an error.
    pub async fn run(&self, deadline: &Deadline) -> Result<BuildReport, BuildError> {
        let mut goldens = GoldenServer::connect(self.server, self.installation, deadline).await?;
        let mut begun = false;
        let built = self.build(&mut goldens, &mut begun, deadline).await;
        if built.is_err() && begun {
            clean_up(&mut goldens, self.server, self.installation, self.name, &*self.progress).await;
        }
        let mut report = built?;
        if self.drop_raw {
            let sql = format!("DROP DATABASE {}", quoted_name(self.database));
            let target = format!("database `{}`", self.database);
            let removed = run(&mut goldens.session, "remove", &target, &sql, deadline).await;
            if let Err(error) = &removed {
                self.progress.note(&format!("{}; it is closed, and still has its raw rows", error.chain()));
            }
            report.raw_copy_removed = Some(removed.is_ok());
        }
        Ok(report)
    }

    /// Checks everything that can be checked, and estimates size and duration. It writes nothing, and does not close the raw
    /// copy.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub async fn estimate(&self, deadline: &Deadline) -> Result<BuildEstimate, BuildError> {
        let mut goldens = GoldenServer::connect(self.server, self.installation, deadline).await?;
        let raw = Postgres::new(self.server.access().with_database(self.database));
        check_name(&mut goldens, self.name, self.key, self.settings.allow_other_key, deadline).await?;
        self.check_raw(&mut goldens, deadline).await?;
        self.refuse_users(&mut goldens, deadline).await?;
        let (inspection, catalogue) = self.inspect(&raw, deadline).await?;
        let classification = classify(self.policy, &catalogue.masking_catalogue()).map_err(BuildError::Policy)?;
        let mut session = raw.connect(deadline).await?;
        run(&mut session, "prepare", "the session", SESSION, deadline).await?;
        let tables = estimated_tables(&mut session, &catalogue, &classification, deadline).await?;
        session.close(deadline).await?;
        let EstimatedSums { bytes, rows, seconds } = sums(&tables);
        Ok(BuildEstimate {
            version: 1,
            source: raw.access().described(),
            source_version: inspection.version,
            server_version: goldens.session.server_version(),
            tools_version: None,
            at: goldens.now(deadline).await?,
            bytes,
            rows,
            seconds,
            removed: inspection.removed_names,
            tables,
        })
    }

    async fn build(
        &self,
        goldens: &mut GoldenServer,
        begun: &mut bool,
        deadline: &Deadline,
    ) -> Result<BuildReport, BuildError> {
        let mut stopwatch = Stopwatch::new(&self.progress);
        stopwatch.step(BuildStep::Check);
        let next = self.name.next();
        let raw = Postgres::new(self.server.access().with_database(self.database));
        check_name(goldens, self.name, self.key, self.settings.allow_other_key, deadline).await?;
        self.close_raw(goldens, deadline).await?;
        let (inspection, catalogue) = self.inspect(&raw, deadline).await?;
        let classification = classify(self.policy, &catalogue.masking_catalogue()).map_err(BuildError::Policy)?;

        stopwatch.step(BuildStep::Structure);
        freeze(&raw, deadline).await?;
        self.refuse_users(goldens, deadline).await?;
        goldens.lock(&next, deadline).await?;
        match goldens.look(&next, deadline).await? {
            GoldenState::Finished(_) => goldens.destroy(&next, deadline).await?,
            GoldenState::Foreign { reason } => return Err(goldens.foreign(&next, reason).into()),
            GoldenState::Absent | GoldenState::Unfinished => {}
        }
        // From here on a failure removes the database. The session has the lock of its name.
        *begun = true;
        goldens.begin(&next, DatabaseTemplate { name: self.database, locale: "" }, deadline).await?;
        goldens.create_roles(self.name, &self.policy.roles, deadline).await?;
        let target = Postgres::new(self.server.access().with_database(next.as_str()));
        let mut session = target.connect(deadline).await?;
        run(&mut session, "prepare", "the session", SESSION, deadline).await?;
        let keeps_large_objects = self.policy.large_objects == LargeObjects::Keep;
        let removed = disarm(&mut session, &inspection, keeps_large_objects, deadline).await?;

        stopwatch.step(BuildStep::Load);
        let workers = self.settings.workers;
        let copy = MaskedCopy { source: &raw, target: &target, policy: self.policy, key: self.key, workers };
        let mut snapshot = SourceSnapshot::open(&raw, deadline).await?;
        let copied = copy.run_in(&mut snapshot, &self.progress, deadline).await?;
        let completion = Completion {
            name: self.name,
            target: &target,
            policy: self.policy,
            policy_text: self.policy_text,
            key: self.key,
            settings: &self.settings,
            source: raw.access().described(),
        };
        let completed = completion.run(goldens, session, &mut snapshot, &copied, &mut stopwatch, deadline).await?;
        *begun = false;
        snapshot.session.close(deadline).await?;
        let tables = completed.tables(&copied, &catalogue, &classification);
        Ok(BuildReport {
            version: 1,
            name: self.name.as_str().to_owned(),
            database: next.as_str().to_owned(),
            source: completion.source,
            facts: completed.facts,
            attempts: 1,
            steps: stopwatch.finish(),
            tables,
            sequences: copied.sequences,
            views: copied.views,
            large_objects: 0,
            values: completed.values,
            accepted: completed.accepted,
            removed,
            privileges: completed.privileges,
            privileges_left_out: Vec::new(),
            checkpoint: completed.checkpoint,
            files: completed.files,
            raw_copy_removed: None,
        })
    }

    /// Refuses readers of raw pages and a database in use, and closes the raw copy to all others.
    async fn close_raw(&self, goldens: &mut GoldenServer, deadline: &Deadline) -> Result<(), BuildError> {
        let raw = self.check_raw(goldens, deadline).await?;
        raw.close(goldens, self.database, deadline).await?;
        self.refuse_users(goldens, deadline).await
    }

    /// Refuses a database that does not exist or is masked, and readers of raw pages.
    async fn check_raw(&self, goldens: &mut GoldenServer, deadline: &Deadline) -> Result<RawDatabase, BuildError> {
        let Some(raw) = RawDatabase::read(goldens, self.database, deadline).await? else {
            return Err(BuildError::NoRawCopy(self.database.to_owned()));
        };
        let mark = goldens.mark();
        if raw.owner_comment.as_deref().is_some_and(|comment| comment.starts_with(&mark)) {
            return Err(BuildError::MaskedSource);
        }
        let readers: Vec<_> =
            page_readers(goldens, deadline).await?.into_iter().filter(|name| !self.allowed.contains(name)).collect();
        if readers.is_empty() { Ok(raw) } else { Err(BuildError::PageReaders(readers)) }
    }

    /// Refuses a raw copy with sessions of others.
    async fn refuse_users(&self, goldens: &mut GoldenServer, deadline: &Deadline) -> Result<(), BuildError> {
        let roles = users(&mut goldens.session, self.database, deadline).await?;
        if roles.is_empty() { Ok(()) } else { Err(BuildError::RawInUse { database: self.database.to_owned(), roles }) }
    }

    /// Checks the raw copy, and closes all sessions in it.
    async fn inspect(
        &self,
        raw: &Postgres,
        deadline: &Deadline,
    ) -> Result<(SourceInspection, DatabaseCatalogue), BuildError> {
        let mut session = raw.connect(deadline).await?;
        run(&mut session, "prepare", "the session", SESSION, deadline).await?;
        let manifest = GoldenManifest::read(&mut session, deadline).await;
        match manifest {
            Ok(None) => {}
            // A manifest that cannot be read is one, too.
            Ok(Some(_)) => return Err(BuildError::MaskedSource),
            Err(error) if error.kind == ErrorKind::Denied || error.kind == ErrorKind::Other => {
                return Err(BuildError::MaskedSource);
            }
            Err(error) => return Err(error.into()),
        }
        let inspection = SourceInspection::read(&mut session, deadline).await?;
        if !inspection.missing_privileges.is_empty() {
            return Err(BuildError::Privileges(inspection.missing_privileges));
        }
        if !inspection.lost_tables.is_empty() {
            return Err(BuildError::LostTables(inspection.lost_tables));
        }
        let catalogue = DatabaseCatalogue::read(&mut session, deadline).await?;
        let classification = classify(self.policy, &catalogue.masking_catalogue()).map_err(BuildError::Policy)?;
        classification.maskers(self.key).map_err(|error| MaskedCopyError::Plan(PlanError::Room(error)))?;
        let closed: Result<(), Error> = session.close(deadline).await;
        closed?;
        Ok((inspection, catalogue))
    }
}
