//! Common parts of all builds: from the loaded rows to the closed database.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use eod_clients::{
    Deadline,
    postgres::{Postgres, PostgresSession},
};
use eod_masking::{Classification, ColumnDecision, ColumnName, TableName};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    birth::GoldenServer,
    build_error::BuildError,
    build_report::{BuildReport, ReportTable, StepTime},
    build_request::BuildRequest,
    database::{DatabaseCatalogue, DatabaseTable},
    digest::hex,
    facts::GoldenFacts,
    files::DatabaseFiles,
    inventory::{DatabaseInventory, RolePrivileges, privileges},
    manifest::{GoldenManifest, ManifestFacts},
    masked_copy::CopyReport,
    progress::{BuildProgress, BuildStep},
    source::SourceSnapshot,
    statistics,
    verify::{ExpectedTable, Verification, Verified, VerifyError, VerifyFinding},
};

/// Number of digits of the policy's digest in the comment of a database.
const POLICY_DIGITS: usize = 16;

/// Rows that are loaded, with everything that turns them into a golden database.
pub(crate) struct Completion<'a> {
    pub(crate) request: &'a BuildRequest<'a>,
    /// Database with the rows.
    pub(crate) target: &'a Postgres,
    /// Name of the source without credentials.
    pub(crate) source: String,
}

/// Facts of a database that is finished and closed.
pub(crate) struct Completed {
    pub(crate) facts: GoldenFacts,
    pub(crate) manifest: GoldenManifest,
    /// Number of values that were looked for.
    pub(crate) values: usize,
    /// Findings that the settings accept.
    pub(crate) accepted: Vec<String>,
    pub(crate) privileges: Vec<RolePrivileges>,
    /// True if a checkpoint was made.
    pub(crate) checkpoint: bool,
    /// True if the files were searched.
    pub(crate) files: bool,
}

/// Durations of steps.
pub(crate) struct Stopwatch {
    progress: Arc<dyn BuildProgress>,
    steps: Vec<StepTime>,
    current: Option<(BuildStep, Instant)>,
}

impl Completion<'_> {
    /// Rebuilds statistics, verifies, stores the manifest, and closes the database.
    ///
    /// # Errors
    ///
    /// [`BuildError`]. The database is not finished.
    pub(crate) async fn run(
        &self,
        goldens: &mut GoldenServer,
        mut session: PostgresSession,
        snapshot: &mut SourceSnapshot,
        copied: &CopyReport,
        stopwatch: &mut Stopwatch,
        deadline: &Deadline,
    ) -> Result<Completed, BuildError> {
        let BuildRequest { name, policy, policy_text, key, settings, progress, .. } = self.request;
        let next = name.next();
        stopwatch.step(BuildStep::Statistics);
        statistics::rebuild(&mut session, deadline).await?;

        stopwatch.step(BuildStep::Verify);
        let (expected, workers) = (expected(copied), settings.workers);
        let verification = Verification { target: self.target, policy, expected: &expected, workers, progress };
        let Verified { report: verified, samples } = verification.run(Some(&mut snapshot.session), deadline).await?;
        let accepted = self.without_accepted(verified.findings.clone())?;

        stopwatch.step(BuildStep::Finish);
        let inventory = DatabaseInventory::read(&mut session, deadline).await?;
        let privileges = privileges(&mut session, deadline).await?;
        let facts = ManifestFacts::new(policy_text, key, &self.source, snapshot.taken_at);
        let manifest = GoldenManifest::new(copied, &verified, &inventory, &facts, session.server_version());
        manifest.store(&mut session, &next.owner(), deadline).await?;
        let checkpoint = statistics::checkpoint(&mut session, deadline).await?;
        let mut files = None;
        // Accepted values are in the files as well.
        if settings.search_files && checkpoint && accepted.is_empty() {
            files = DatabaseFiles::find(&mut session, deadline).await?;
        }
        session.close(deadline).await?;
        let searched = files.is_some();
        if let Some(files) = files {
            let search = Arc::new(samples.search().map_err(|_| VerifyError::Search)?);
            let matches = files.search(search).await.map_err(VerifyError::File)?;
            let found = matches
                .into_iter()
                .filter_map(|(index, count)| Some(VerifyFinding::Files { of: samples.column(index)?.clone(), count }));
            let found: Vec<_> = found.collect();
            if !found.is_empty() {
                return Err(BuildError::Findings(found));
            }
        }
        let built_at = goldens.now(deadline).await?;
        let facts = golden_facts(&manifest, copied, snapshot.taken_at, built_at);
        goldens.finish(&next, &facts, deadline).await?;
        Ok(Completed { facts, manifest, values: verified.values, accepted, privileges, checkpoint, files: searched })
    }

    /// Texts of the findings that the settings accept.
    ///
    /// # Errors
    ///
    /// There are others.
    fn without_accepted(&self, findings: Vec<VerifyFinding>) -> Result<Vec<String>, BuildError> {
        let is_accepted = |finding: &VerifyFinding| match finding {
            VerifyFinding::Value { found_in, .. } => self.request.settings.accepted.contains(&found_in.to_string()),
            _ => false,
        };
        let (accepted, others): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_accepted);
        if others.is_empty() {
            Ok(accepted.iter().map(ToString::to_string).collect())
        } else {
            Err(BuildError::Findings(others))
        }
    }
}

impl Completed {
    /// Report of a build, without what only one kind of build knows.
    pub(crate) fn report(
        self,
        completion: Completion<'_>,
        copied: &CopyReport,
        (catalogue, classification): (&DatabaseCatalogue, &Classification),
        stopwatch: &mut Stopwatch,
    ) -> BuildReport {
        let Completion { request, source, .. } = completion;
        let tables = self.tables(copied, catalogue, classification);
        let Self { facts, manifest: _, values, accepted, privileges, checkpoint, files } = self;
        BuildReport {
            version: 1,
            name: request.name.as_str().to_owned(),
            database: request.name.next().as_str().to_owned(),
            source,
            facts,
            attempts: 1,
            steps: stopwatch.finish(),
            tables,
            sequences: copied.sequences,
            views: copied.views,
            large_objects: 0,
            values,
            accepted,
            removed: Vec::new(),
            privileges,
            privileges_left_out: Vec::new(),
            checkpoint,
            files,
            raw_copy_removed: None,
        }
    }

    /// Tables for a report.
    fn tables(
        &self,
        copied: &CopyReport,
        catalogue: &DatabaseCatalogue,
        classification: &Classification,
    ) -> Vec<ReportTable> {
        let described = |name: &TableName| catalogue.tables.iter().find(|table| table.name() == *name);
        let tables = copied.tables.iter().zip(&self.manifest.tables);
        tables
            .map(|(loaded, stored)| ReportTable {
                name: loaded.name.clone(),
                rows: loaded.rows,
                masked: described(&loaded.name).map_or(0, |table| masked(classification, table)),
                digest: stored.digest.clone(),
                rules: loaded.rules.clone(),
            })
            .collect()
    }
}

impl Stopwatch {
    /// A stopwatch that also reports each step.
    pub(crate) fn new(progress: &Arc<dyn BuildProgress>) -> Self {
        Self { progress: Arc::clone(progress), steps: Vec::new(), current: None }
    }

    /// Begins a step and ends the one before.
    pub(crate) fn step(&mut self, step: BuildStep) {
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

    /// Durations until now.
    pub(crate) fn finish(&mut self) -> Vec<StepTime> {
        self.stop();
        self.steps.clone()
    }
}

/// Number of columns of a table that are masked.
pub(crate) fn masked(classification: &Classification, table: &DatabaseTable) -> usize {
    let decision = |name: &str| classification.columns.get(&ColumnName::new(table.name(), name));
    let is_masked =
        |decision: &ColumnDecision| matches!(decision, ColumnDecision::Mask { .. } | ColumnDecision::Json { .. });
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
    taken_at: Timestamp,
    built_at: Timestamp,
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
fn short_policy(digest: &str) -> String {
    digest.chars().take(POLICY_DIGITS).collect()
}

/// First digits of the SHA-256 of a policy file.
pub(crate) fn policy_digits(text: &[u8]) -> String {
    short_policy(&hex(&Sha256::digest(text)))
}
