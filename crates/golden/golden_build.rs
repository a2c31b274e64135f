//! Build of a golden database from a source on another server: masked rows only, verified, closed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use eod_clients::{
    Deadline, Error, ErrorKind,
    postgres::{Postgres, PostgresSession},
};
use eod_masking::{
    Classification, ColumnDecision, ColumnName, LargeObjects, MaskingKey, MaskingPolicy, TableName, classify,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    birth::{DatabaseTemplate, GoldenName, GoldenServer, GoldenState},
    build_error::BuildError,
    build_report::{BuildEstimate, BuildReport, EstimatedTable, ReportTable, StepTime},
    database::{DatabaseCatalogue, DatabaseTable},
    digest::hex,
    facts::GoldenFacts,
    files::DatabaseFiles,
    inspection::SourceInspection,
    inventory::{DatabaseInventory, privileges},
    large_objects,
    manifest::{GoldenManifest, ManifestFacts},
    masked_copy::{CopyReport, MaskedCopy, MaskedCopyError},
    plan::PlanError,
    progress::{BuildProgress, BuildStep},
    source::{ServerIdentity, SourceSnapshot},
    sql::{SESSION, rows, run},
    statistics,
    structure::{DumpedStructure, StructureError},
    tools::{DumpTools, ToolSearch},
    verify::{ExpectedTable, Verification, Verified, VerifyError, VerifyFinding},
};

/// Oldest major version of a preview server: `CREATE DATABASE` has a strategy since then.
const OLDEST_SERVER: u32 = 15;
/// Time limit of the removal of a failed build.
const CLEANUP: Duration = Duration::from_secs(60);
/// Pause before the second attempt. Later ones are longer.
const PAUSE: Duration = Duration::from_secs(5);
/// Bytes per second of a copy, its verification included, measured on two cores.
const BYTES_PER_SECOND: u64 = 130 << 20;
/// Index entries per second, measured on two cores.
const ENTRIES_PER_SECOND: u64 = 1_000_000;
/// Number of digits of the policy's digest in the comment of a database.
const POLICY_DIGITS: usize = 16;

/// A build.
pub struct GoldenBuild<'a> {
    /// Maintenance database of the preview server. The role needs CREATEDB and CREATEROLE.
    pub server: &'a Postgres,
    /// Installation that owns the golden database.
    pub installation: &'a str,
    /// Name of the golden database.
    pub name: &'a GoldenName,
    /// Database with the rows, on another server. A standby is enough.
    pub source: &'a Postgres,
    /// Place of `pg_dump` and `pg_restore`.
    pub tools: ToolSearch,
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
    /// Maximum number of attempts if a standby interrupts the build.
    pub attempts: u32,
    /// True to accept a key other than that of the published version.
    pub allow_other_key: bool,
    /// Columns, as `schema.table.column`, that may contain values of masked columns of the source.
    pub accepted: BTreeSet<String>,
    /// True to search the files of the database if the server runs on this host and this process can read them.
    pub search_files: bool,
}

/// Result of the checks before anything is written.
struct Preparation {
    snapshot: SourceSnapshot,
    inspection: SourceInspection,
    catalogue: DatabaseCatalogue,
    classification: Classification,
    tools: DumpTools,
    server_version: u32,
}

/// Durations of steps.
struct Stopwatch {
    progress: Arc<dyn BuildProgress>,
    steps: Vec<StepTime>,
    current: Option<(BuildStep, Instant)>,
}

#[derive(Deserialize)]
struct ManifestExistsRow {
    exists: bool,
}

#[derive(Deserialize)]
struct ProgramsRow {
    folder: String,
}

#[derive(Deserialize)]
struct TableSizeRow {
    oid: u32,
    rows: i64,
    indexes: u64,
}

const HAS_MANIFEST: &str = "SELECT to_regclass('eod.manifest') IS NOT NULL AS \"exists\"";

const PROGRAMS: &str = "SELECT setting AS folder FROM pg_config() WHERE name = 'BINDIR'";

const TABLE_SIZES: &str = "\
SELECT c.oid::bigint AS oid, greatest(c.reltuples, 0)::bigint AS rows,
       (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid) AS indexes
FROM pg_class c WHERE c.relkind = 'r'";

impl Default for BuildSettings {
    fn default() -> Self {
        Self { workers: 2, attempts: 3, allow_other_key: false, accepted: BTreeSet::new(), search_files: true }
    }
}

impl GoldenBuild<'_> {
    /// Checks everything that can be checked, and estimates size and duration. It writes nothing.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub async fn estimate(&self, deadline: &Deadline) -> Result<BuildEstimate, BuildError> {
        let mut goldens = GoldenServer::connect(self.server, self.installation, deadline).await?;
        let mut preparation = self.prepare(&mut goldens, deadline).await?;
        let session = &mut preparation.snapshot.session;
        let sizes: Vec<TableSizeRow> = rows(session, "the sizes of the tables", TABLE_SIZES, &[], deadline).await?;
        let sizes: BTreeMap<_, _> = sizes.into_iter().map(|row| (row.oid, row)).collect();
        let estimated = preparation.catalogue.tables.iter().map(|table| {
            let size = sizes.get(&table.oid);
            EstimatedTable {
                name: table.name(),
                bytes: u64::try_from(table.bytes).unwrap_or_default(),
                rows: size.and_then(|size| u64::try_from(size.rows).ok()).unwrap_or_default(),
                indexes: size.map(|size| size.indexes).unwrap_or_default(),
                masked: masked(&preparation.classification, table),
                is_empty: preparation.classification.empty.contains(&table.name()),
            }
        });
        let tables: Vec<_> = estimated.collect();
        let copied = || tables.iter().filter(|table| !table.is_empty);
        let bytes = copied().map(|table| table.bytes).sum::<u64>();
        let entries = copied().map(|table| table.rows.saturating_mul(table.indexes)).sum::<u64>();
        Ok(BuildEstimate {
            version: 1,
            source: self.source.access().described(),
            source_version: preparation.inspection.version,
            server_version: preparation.server_version,
            tools_version: preparation.tools.version(),
            at: preparation.snapshot.taken_at,
            bytes,
            rows: copied().map(|table| table.rows).sum(),
            seconds: bytes.div_ceil(BYTES_PER_SECOND) + entries.div_ceil(ENTRIES_PER_SECOND),
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
        let mut goldens = GoldenServer::connect(self.server, self.installation, deadline).await?;
        let mut attempt = 1;
        loop {
            let mut begun = Begun::default();
            let error = match self.attempt(&mut goldens, attempt, &mut begun, deadline).await {
                Ok(report) => return Ok(report),
                Err(error) => error,
            };
            if begun.database {
                self.clean_up(&mut goldens).await;
            }
            let is_conflict = error.is_recovery_conflict() || (begun.lost_snapshot && !error.is_cancelled());
            if !is_conflict {
                return Err(error);
            }
            if attempt >= self.settings.attempts {
                return Err(BuildError::Conflicts { attempts: attempt, source: Box::new(error) });
            }
            self.progress.note("the standby has cancelled the build to apply changes of its primary; it begins again");
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
        let mut stopwatch = Stopwatch::new(&self.progress);
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
    async fn prepare(&self, goldens: &mut GoldenServer, deadline: &Deadline) -> Result<Preparation, BuildError> {
        let server_version = goldens.session.server_version();
        let major = server_version / 10_000;
        if major < OLDEST_SERVER {
            let reason = "older versions write a copy of a database to WAL";
            return Err(BuildError::OldServer { needed: OLDEST_SERVER, reason, found: major });
        }
        self.check_name(goldens, deadline).await?;
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
        let unknown = |role: &&String| !self.policy.roles.contains(role) && !role.starts_with("pg_");
        let roles: Vec<_> = inspection.policy_roles.iter().filter(unknown).cloned().collect();
        if !roles.is_empty() {
            return Err(BuildError::PolicyRoles(roles));
        }
        if !inspection.lost_tables.is_empty() {
            return Err(BuildError::LostTables(inspection.lost_tables));
        }
        let catalogue = DatabaseCatalogue::read(session, deadline).await?;
        let classification =
            classify(self.policy, &catalogue.masking_catalogue()).map_err(BuildError::Policy)?;
        // The maskers are made here for their errors only.
        classification.maskers(self.key).map_err(|error| MaskedCopyError::Plan(PlanError::Room(error)))?;
        let missing = goldens.missing_extensions(&inspection, deadline).await?;
        if !missing.is_empty() {
            return Err(StructureError::Extensions(missing).into());
        }
        let beside = programs_beside(&mut goldens.session, deadline).await?;
        let found = self.tools.find(beside.as_deref(), inspection.major(), major, deadline).await;
        let tools = found.map_err(StructureError::Tools)?;
        Ok(Preparation { snapshot, inspection, catalogue, classification, tools, server_version })
    }

    /// Refuses names of others, and another key than that of the published version.
    async fn check_name(&self, goldens: &mut GoldenServer, deadline: &Deadline) -> Result<(), BuildError> {
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

    async fn build(
        &self,
        goldens: &mut GoldenServer,
        preparation: &mut Preparation,
        attempt: u32,
        stopwatch: &mut Stopwatch,
        begun: &mut Begun,
        deadline: &Deadline,
    ) -> Result<BuildReport, BuildError> {
        let next = self.name.next();
        let Preparation { snapshot, inspection, tools, .. } = preparation;
        stopwatch.step(BuildStep::Structure);
        let is_superuser = goldens.is_superuser(deadline).await?;
        let structure =
            DumpedStructure::dump(tools, self.source, &snapshot.name, inspection, is_superuser, deadline).await?;
        goldens.lock(&next, deadline).await?;
        match goldens.look(&next, deadline).await? {
            GoldenState::Finished(_) => goldens.destroy(&next, deadline).await?,
            GoldenState::Foreign { reason } => return Err(goldens.foreign(&next, reason).into()),
            GoldenState::Absent | GoldenState::Unfinished => {}
        }
        // From here on a failure removes the database. The session has the lock of its name.
        begun.database = true;
        let template = DatabaseTemplate { name: "template0", locale: &inspection.locale };
        goldens.begin(&next, template, deadline).await?;
        goldens.create_roles(self.name, &self.policy.roles, deadline).await?;
        let target = Postgres::new(self.server.access().with_database(next.as_str()));
        structure.restore(tools, &target, self.name, inspection, deadline).await?;
        let mut session = target.connect(deadline).await?;
        run(&mut session, "prepare", "the session", SESSION, deadline).await?;
        let restored =
            structure.restore_privileges(tools, &mut session, self.name, &self.policy.roles, deadline).await?;

        let copy = MaskedCopy {
            source: self.source,
            target: &target,
            policy: self.policy,
            key: self.key,
            workers: self.settings.workers,
        };
        stopwatch.step(BuildStep::Load);
        let copied = copy.run_in(snapshot, &self.progress, deadline).await?;
        let mut large_objects = 0;
        if self.policy.large_objects == LargeObjects::Keep {
            stopwatch.step(BuildStep::Objects);
            let owner = self.name.objects_role();
            large_objects = large_objects::copy(&mut snapshot.session, &mut session, &owner, deadline).await?;
        }
        stopwatch.step(BuildStep::Statistics);
        statistics::rebuild(&mut session, deadline).await?;

        stopwatch.step(BuildStep::Verify);
        let expected = expected(&copied);
        let verification =
            Verification { target: &target, policy: self.policy, expected: &expected, workers: self.settings.workers };
        let Verified { report: verified, samples } =
            verification.run(Some(&mut snapshot.session), deadline).await?;
        let accepted = self.without_accepted(verified.findings.clone())?;

        stopwatch.step(BuildStep::Finish);
        let inventory = DatabaseInventory::read(&mut session, deadline).await?;
        let granted = privileges(&mut session, deadline).await?;
        let source_name = self.source.access().described();
        let facts = ManifestFacts::new(self.policy_text, self.key, &source_name, snapshot.taken_at);
        let manifest = GoldenManifest::new(&copied, &verified, &inventory, &facts, session.server_version());
        manifest.store(&mut session, &next.owner(), deadline).await?;
        let checkpoint = statistics::checkpoint(&mut session, deadline).await?;
        let mut files = None;
        if self.settings.search_files && checkpoint {
            files = DatabaseFiles::find(&mut session, deadline).await?;
        }
        session.close(deadline).await?;
        if let Some(files) = files.clone() {
            let search = Arc::new(samples.search().map_err(|_| VerifyError::Search)?);
            let matches = files.search(search).await.map_err(VerifyError::File)?;
            let found = matches.into_iter().filter_map(|(index, count)| {
                Some(VerifyFinding::Files { of: samples.column(index)?.clone(), count })
            });
            let found: Vec<_> = found.collect();
            // Accepted values are in the files as well.
            if !found.is_empty() && accepted.is_empty() {
                return Err(BuildError::Findings(found));
            }
        }
        let built_at = goldens.now(deadline).await?;
        let facts = golden_facts(&manifest, &copied, snapshot.taken_at, built_at);
        goldens.finish(&next, &facts, deadline).await?;
        begun.database = false;
        Ok(BuildReport {
            version: 1,
            name: self.name.as_str().to_owned(),
            database: next.as_str().to_owned(),
            source: source_name,
            facts,
            attempts: attempt,
            steps: stopwatch.finish(),
            tables: report_tables(&copied, &manifest, preparation),
            sequences: copied.sequences,
            views: copied.views,
            large_objects,
            values: verified.values,
            accepted,
            removed: structure.removed,
            privileges: granted,
            privileges_left_out: restored.left_out,
            checkpoint,
            files: files.is_some(),
        })
    }

    /// Texts of the findings that the settings accept.
    ///
    /// # Errors
    ///
    /// There are others.
    fn without_accepted(&self, findings: Vec<VerifyFinding>) -> Result<Vec<String>, BuildError> {
        let is_accepted = |finding: &VerifyFinding| match finding {
            VerifyFinding::Value { found_in, .. } => self.settings.accepted.contains(&found_in.to_string()),
            _ => false,
        };
        let (accepted, others): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_accepted);
        if others.is_empty() {
            Ok(accepted.iter().map(ToString::to_string).collect())
        } else {
            Err(BuildError::Findings(others))
        }
    }

    /// Removes a failed build, also after a cancellation.
    async fn clean_up(&self, goldens: &mut GoldenServer) {
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

/// State of an attempt that failed.
#[derive(Default)]
struct Begun {
    /// True if the database may exist.
    database: bool,
    /// True if a standby has ended the session with the snapshot.
    lost_snapshot: bool,
}

impl Stopwatch {
    fn new(progress: &Arc<dyn BuildProgress>) -> Self {
        Self { progress: Arc::clone(progress), steps: Vec::new(), current: None }
    }

    fn step(&mut self, step: BuildStep) {
        self.stop();
        self.current = Some((step, Instant::now()));
        self.progress.step(step);
    }

    fn stop(&mut self) {
        if let Some((step, since)) = self.current.take() {
            let milliseconds = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.steps.push(StepTime { step, milliseconds });
        }
    }

    fn finish(&mut self) -> Vec<StepTime> {
        self.stop();
        self.steps.clone()
    }
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

/// Number of columns of a table that are masked.
fn masked(classification: &Classification, table: &DatabaseTable) -> usize {
    let decision = |name: &str| classification.columns.get(&ColumnName::new(table.name(), name));
    let is_masked = |decision: &ColumnDecision| {
        matches!(decision, ColumnDecision::Mask { .. } | ColumnDecision::Json { .. })
    };
    table.columns.iter().filter(|column| decision(&column.name).is_some_and(is_masked)).count()
}

fn expected(copied: &CopyReport) -> BTreeMap<TableName, ExpectedTable> {
    let tables = copied.tables.iter();
    tables
        .map(|table| {
            let expected = ExpectedTable { rows: table.rows, digest: None, rules: Some(table.rules.clone()) };
            (table.name.clone(), expected)
        })
        .collect()
}

fn golden_facts(
    manifest: &GoldenManifest,
    copied: &CopyReport,
    taken_at: jiff::Timestamp,
    built_at: jiff::Timestamp,
) -> GoldenFacts {
    GoldenFacts {
        manifest: manifest.digest(),
        taken_at,
        built_at,
        published_at: None,
        valid_until: None,
        tables: u64::try_from(copied.tables.len()).unwrap_or_default(),
        rows: copied.tables.iter().map(|table| table.rows).sum(),
        policy: short_policy(&manifest.policy),
        key_check: manifest.key_check.clone(),
    }
}

/// First digits of the digest of a policy file.
pub(crate) fn short_policy(digest: &str) -> String {
    digest.chars().take(POLICY_DIGITS).collect()
}

/// First digits of the SHA-256 of a policy file.
pub(crate) fn policy_digits(text: &[u8]) -> String {
    short_policy(&hex(&Sha256::digest(text)))
}

fn report_tables(copied: &CopyReport, manifest: &GoldenManifest, preparation: &Preparation) -> Vec<ReportTable> {
    let described = |name: &TableName| preparation.catalogue.tables.iter().find(|table| table.name() == *name);
    let tables = copied.tables.iter().zip(&manifest.tables);
    tables
        .map(|(loaded, stored)| ReportTable {
            name: loaded.name.clone(),
            rows: loaded.rows,
            masked: described(&loaded.name).map_or(0, |table| masked(&preparation.classification, table)),
            digest: stored.digest.clone(),
            rules: loaded.rules.clone(),
        })
        .collect()
}
