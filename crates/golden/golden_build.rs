//! Build of a golden database from a source on another server: masked rows only, verified, closed.

use std::{path::PathBuf, time::Duration};

use eod_clients::{
    Deadline, Error, ErrorKind,
    postgres::{Postgres, PostgresSession},
};
use eod_masking::{Classification, LargeObjects};
use serde::Deserialize;

use crate::{
    birth::GoldenServer,
    build_error::BuildError,
    build_report::{BuildEstimate, BuildReport},
    build_request::BuildRequest,
    completion::{Completion, Stopwatch},
    database::DatabaseCatalogue,
    estimate::{EstimatedSums, estimated_tables, sums},
    inspection::SourceInspection,
    large_objects,
    marked::DatabaseTemplate,
    progress::BuildStep,
    source::{ServerIdentity, SourceSnapshot},
    sql::{SESSION, rows, run},
    structure::{DumpedStructure, StructureError},
    tools::{DumpTools, ToolSearch},
};

/// Oldest major version of a preview server: `CREATE DATABASE` has a strategy since then.
pub(crate) const OLDEST_SERVER: u32 = 15;
/// Pause before the second attempt. Later ones are longer.
const PAUSE: Duration = Duration::from_secs(5);

/// Build from a source on another server.
pub struct GoldenBuild<'a> {
    /// Golden database.
    pub request: BuildRequest<'a>,
    /// Database with the rows, on another server. A standby is enough.
    pub source: &'a Postgres,
    /// Place of `pg_dump` and `pg_restore`.
    pub tools: ToolSearch,
}

/// Result of the checks before anything is written.
struct BuildChecks {
    snapshot: SourceSnapshot,
    inspection: SourceInspection,
    catalogue: DatabaseCatalogue,
    classification: Classification,
    tools: DumpTools,
    server_version: u32,
}

#[derive(Deserialize)]
struct ManifestExistsRow {
    exists: bool,
}

#[derive(Deserialize)]
struct ProgramsRow {
    folder: String,
}

const HAS_MANIFEST: &str = "SELECT to_regclass('eod.manifest') IS NOT NULL AS \"exists\"";

const PROGRAMS: &str = "SELECT setting AS folder FROM pg_config() WHERE name = 'BINDIR'";

impl GoldenBuild<'_> {
    /// Checks everything that can be checked, and estimates size and duration. It writes nothing.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub async fn estimate(&self, deadline: &Deadline) -> Result<BuildEstimate, BuildError> {
        let mut goldens = self.request.connect(deadline).await?;
        let mut preparation = self.prepare(&mut goldens, deadline).await?;
        let BuildChecks { snapshot, catalogue, classification, .. } = &mut preparation;
        let session = &mut snapshot.session;
        let tables = estimated_tables(session, catalogue, classification, deadline).await?;
        let EstimatedSums { bytes, rows, seconds } = sums(&tables);
        Ok(BuildEstimate {
            version: 1,
            source: self.source.access().described(),
            source_version: preparation.inspection.version,
            server_version: preparation.server_version,
            tools_version: Some(preparation.tools.version()),
            at: preparation.snapshot.taken_at,
            bytes,
            rows,
            seconds,
            removed: preparation.inspection.removed_names.clone(),
            tables,
        })
    }

    /// Builds the database `<name>_next`: finished and closed, not published. A former build that was not published is
    /// replaced. If a standby interrupts the build, it begins again with a new snapshot.
    ///
    /// # Errors
    ///
    /// [`BuildError`]. What was made is removed, also after a cancellation.
    pub async fn run(&self, deadline: &Deadline) -> Result<BuildReport, BuildError> {
        let mut goldens = self.request.connect(deadline).await?;
        let mut attempt = 1;
        loop {
            let mut begun = Begun::default();
            let error = match self.attempt(&mut goldens, attempt, &mut begun, deadline).await {
                Ok(report) => {
                    goldens.unlock(deadline).await;
                    return Ok(report);
                }
                Err(error) => error,
            };
            if begun.database {
                self.request.clean_up(&mut goldens).await;
            }
            let is_conflict = error.is_recovery_conflict() || (begun.lost_snapshot && !error.is_cancelled());
            if !is_conflict {
                return Err(error);
            }
            if attempt >= self.request.settings.attempts {
                return Err(BuildError::Conflicts { attempts: attempt, source: Box::new(error) });
            }
            self.request
                .progress
                .note("the standby has cancelled the build to apply changes of its primary; it begins again");
            let pause = deadline.pause(PAUSE * attempt).await;
            pause.map_err(|reason| Error::new("PostgreSQL", "build", "the database", reason.into()).because(reason))?;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        goldens: &mut GoldenServer,
        attempt: u32,
        begun: &mut Begun,
        deadline: &Deadline,
    ) -> Result<BuildReport, BuildError> {
        let mut stopwatch = Stopwatch::new(&self.request.progress);
        stopwatch.step(BuildStep::Check);
        let mut preparation = self.prepare(goldens, deadline).await?;
        let built = self.build(goldens, &mut preparation, attempt, &mut stopwatch, begun, deadline).await;
        if built.is_err() && preparation.inspection.in_recovery {
            // A standby can end the session with the snapshot; then the other sessions have errors of many kinds.
            let alive = run(&mut preparation.snapshot.session, "read", "the snapshot", "SELECT 1", deadline).await;
            begun.lost_snapshot = alive.is_err();
        }
        built
    }

    /// Checks before anything is written.
    async fn prepare(&self, goldens: &mut GoldenServer, deadline: &Deadline) -> Result<BuildChecks, BuildError> {
        let server_version = goldens.session.server_version();
        let major = server_version / 10_000;
        if major < OLDEST_SERVER {
            let reason = "older versions write a copy of a database to WAL";
            return Err(BuildError::OldServer { needed: OLDEST_SERVER, reason, found: major });
        }
        self.request.check_name(goldens, deadline).await?;
        let mut snapshot = SourceSnapshot::open(self.source, deadline).await?;
        let session = &mut snapshot.session;
        let identity = ServerIdentity::read(session, deadline).await?;
        if identity == ServerIdentity::read(&mut goldens.session, deadline).await? {
            return Err(BuildError::SameServer);
        }
        let exists: Vec<ManifestExistsRow> = rows(session, "the manifest", HAS_MANIFEST, &[], deadline).await?;
        if exists.first().is_some_and(|row| row.exists) {
            return Err(BuildError::MaskedSource);
        }
        let inspection = SourceInspection::read(session, deadline).await?;
        let newer = "it must not be older than the source";
        if inspection.major() > major {
            return Err(BuildError::OldServer { needed: inspection.major(), reason: newer, found: major });
        }
        if inspection.locale_needs > major {
            let reason = "the collation of the source needs it";
            return Err(BuildError::OldServer { needed: inspection.locale_needs, reason, found: major });
        }
        if !inspection.missing_privileges.is_empty() {
            return Err(BuildError::Privileges(inspection.missing_privileges));
        }
        let unknown = |role: &&String| !self.request.policy.roles.contains(role) && !role.starts_with("pg_");
        let roles: Vec<_> = inspection.policy_roles.iter().filter(unknown).cloned().collect();
        if !roles.is_empty() {
            return Err(BuildError::PolicyRoles(roles));
        }
        if !inspection.lost_tables.is_empty() {
            return Err(BuildError::LostTables(inspection.lost_tables));
        }
        let catalogue = DatabaseCatalogue::read(session, deadline).await?;
        let classification = self.request.classify(&catalogue)?;
        let missing = goldens.missing_extensions(&inspection, deadline).await?;
        if !missing.is_empty() {
            return Err(StructureError::Extensions(missing).into());
        }
        let beside = programs_beside(&mut goldens.session, deadline).await?;
        let found = self.tools.find(beside.as_deref(), inspection.major(), major, deadline).await;
        let tools = found.map_err(StructureError::Tools)?;
        Ok(BuildChecks { snapshot, inspection, catalogue, classification, tools, server_version })
    }

    async fn build(
        &self,
        goldens: &mut GoldenServer,
        preparation: &mut BuildChecks,
        attempt: u32,
        stopwatch: &mut Stopwatch,
        begun: &mut Begun,
        deadline: &Deadline,
    ) -> Result<BuildReport, BuildError> {
        let BuildRequest { name, policy, progress, .. } = &self.request;
        let BuildChecks { snapshot, inspection, tools, .. } = preparation;
        stopwatch.step(BuildStep::Structure);
        let is_superuser = goldens.is_superuser(deadline).await?;
        let structure =
            DumpedStructure::dump(tools, self.source, &snapshot.name, inspection, is_superuser, deadline).await?;
        self.request.make_room(goldens, deadline).await?;
        // From here on a failure removes the database. The session has the lock of its name.
        begun.database = true;
        let template = DatabaseTemplate { name: "template0", locale: &inspection.locale };
        goldens.begin(&name.next(), template, deadline).await?;
        goldens.create_roles(name, &policy.roles, deadline).await?;
        let target = self.request.target();
        structure.restore(tools, &target, name, inspection, deadline).await?;
        let mut session = target.connect(deadline).await?;
        run(&mut session, "prepare", "the session", SESSION, deadline).await?;
        let restored = structure.restore_privileges(tools, &mut session, name, &policy.roles, deadline).await?;

        stopwatch.step(BuildStep::Load);
        let copied = self.request.copy(self.source, &target).run_in(snapshot, progress, deadline).await?;
        let mut large_objects = 0;
        if policy.large_objects == LargeObjects::Keep {
            stopwatch.step(BuildStep::Objects);
            let owner = name.objects_role();
            large_objects = large_objects::copy(&mut snapshot.session, &mut session, &owner, deadline).await?;
        }
        let source = self.source.access().described();
        let completion = Completion { request: &self.request, target: &target, source };
        let completed = completion.run(goldens, session, snapshot, &copied, stopwatch, deadline).await?;
        begun.database = false;
        let decided = (&preparation.catalogue, &preparation.classification);
        Ok(BuildReport {
            attempts: attempt,
            large_objects,
            removed: structure.removed,
            privileges_left_out: restored.left_out,
            ..completed.report(completion, &copied, decided, stopwatch)
        })
    }
}

/// State of an attempt that failed.
#[derive(Default)]
struct Begun {
    /// True if the database may exist.
    database: bool,
    /// True if a standby has ended the session with the snapshot.
    lost_snapshot: bool,
}

/// Folder of the programs of the server, if this host has it.
async fn programs_beside(session: &mut PostgresSession, deadline: &Deadline) -> Result<Option<PathBuf>, Error> {
    let found: Result<Vec<ProgramsRow>, _> = rows(session, "the programs of the server", PROGRAMS, &[], deadline).await;
    match found {
        Ok(found) => Ok(found.into_iter().next().map(|row| PathBuf::from(row.folder)).filter(|folder| folder.is_dir())),
        // Only superusers may ask.
        Err(error) if error.kind == ErrorKind::Denied => Ok(None),
        Err(error) => Err(error),
    }
}
