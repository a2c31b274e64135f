//! Build of a golden database from a raw copy on the preview server.

use std::collections::BTreeSet;

use eod_clients::{Deadline, ErrorKind, postgres::Postgres};
use eod_masking::{Classification, LargeObjects};

use crate::{
    birth::GoldenServer,
    build_error::BuildError,
    build_report::{BuildEstimate, BuildReport},
    build_request::BuildRequest,
    completion::{Completion, Stopwatch},
    database::DatabaseCatalogue,
    estimate::{EstimatedSums, estimated_tables, sums},
    inspection::SourceInspection,
    manifest::GoldenManifest,
    marked::DatabaseTemplate,
    progress::BuildStep,
    raw_copy::{RawDatabase, disarm, freeze, page_readers, sessions_of_others},
    source::SourceSnapshot,
    sql::{SESSION, quoted_name, run},
};

/// A build from a raw copy. The copy is closed first: only its owner and superusers can connect to it, also after the build.
/// Objects keep their owners and privileges.
pub struct RawCopyBuild<'a> {
    /// Golden database. The role of its server must be a superuser, or own the raw copy and be a member of the roles that own
    /// its objects, with CREATEDB and CREATEROLE.
    pub request: BuildRequest<'a>,
    /// Name of the raw copy.
    pub database: &'a str,
    /// True to remove the raw copy after a successful build.
    pub drop_raw: bool,
    /// Readers of raw pages that are accepted: names of roles with REPLICATION, `standby <name>`, `slot <name>` and
    /// `archive_mode`. A raw page that they receive is past all privileges.
    pub allowed: BTreeSet<String>,
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
        let mut goldens = self.request.connect(deadline).await?;
        let mut begun = false;
        let built = self.build(&mut goldens, &mut begun, deadline).await;
        if built.is_err() && begun {
            self.request.clean_up(&mut goldens).await;
        }
        let mut report = built?;
        if self.drop_raw {
            let sql = format!("DROP DATABASE {}", quoted_name(self.database));
            let target = format!("database `{}`", self.database);
            let removed = run(&mut goldens.session, "remove", &target, &sql, deadline).await;
            if let Err(error) = &removed {
                self.request.progress.note(&format!("{}; it is closed, and still has its raw rows", error.chain()));
            }
            report.raw_copy_removed = Some(removed.is_ok());
        }
        goldens.unlock(deadline).await;
        Ok(report)
    }

    /// Checks everything that can be checked, and estimates size and duration. It writes nothing, and does not close the raw
    /// copy.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub async fn estimate(&self, deadline: &Deadline) -> Result<BuildEstimate, BuildError> {
        let mut goldens = self.request.connect(deadline).await?;
        let raw = self.raw();
        self.request.check_name(&mut goldens, deadline).await?;
        self.check_raw(&mut goldens, deadline).await?;
        self.refuse_users(&mut goldens, deadline).await?;
        let (inspection, catalogue, classification) = self.inspect(&raw, deadline).await?;
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
        let mut stopwatch = Stopwatch::new(&self.request.progress);
        stopwatch.step(BuildStep::Check);
        let BuildRequest { name, policy, progress, .. } = &self.request;
        let raw = self.raw();
        self.request.check_name(goldens, deadline).await?;
        self.close_raw(goldens, deadline).await?;
        let (inspection, catalogue, classification) = self.inspect(&raw, deadline).await?;

        stopwatch.step(BuildStep::Structure);
        freeze(&raw, deadline).await?;
        self.refuse_users(goldens, deadline).await?;
        self.request.make_room(goldens, deadline).await?;
        // From here on a failure removes the database. The session has the lock of its name.
        *begun = true;
        goldens.begin(&name.next(), DatabaseTemplate { name: self.database, locale: "" }, deadline).await?;
        goldens.create_roles(name, &policy.roles, deadline).await?;
        let target = self.request.target();
        let mut session = target.connect(deadline).await?;
        run(&mut session, "prepare", "the session", SESSION, deadline).await?;
        let keeps_large_objects = policy.large_objects == LargeObjects::Keep;
        let removed = disarm(&mut session, &inspection, keeps_large_objects, deadline).await?;

        stopwatch.step(BuildStep::Load);
        let mut snapshot = SourceSnapshot::open(&raw, deadline).await?;
        let copied = self.request.copy(&raw, &target).run_in(&mut snapshot, progress, deadline).await?;
        let completion = Completion { request: &self.request, target: &target, source: raw.access().described() };
        let completed = completion.run(goldens, session, &mut snapshot, &copied, &mut stopwatch, deadline).await?;
        *begun = false;
        snapshot.session.close(deadline).await?;
        let report = completed.report(completion, &copied, (&catalogue, &classification), &mut stopwatch);
        Ok(BuildReport { removed, ..report })
    }

    /// The raw copy.
    fn raw(&self) -> Postgres {
        Postgres::new(self.request.server.access().with_database(self.database))
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
        let roles = sessions_of_others(&mut goldens.session, self.database, deadline).await?;
        if roles.is_empty() { Ok(()) } else { Err(BuildError::RawInUse { database: self.database.to_owned(), roles }) }
    }

    /// Checks the raw copy, and closes all sessions in it.
    async fn inspect(
        &self,
        raw: &Postgres,
        deadline: &Deadline,
    ) -> Result<(SourceInspection, DatabaseCatalogue, Classification), BuildError> {
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
        let classification = self.request.classify(&catalogue)?;
        session.close(deadline).await?;
        Ok((inspection, catalogue, classification))
    }
}
