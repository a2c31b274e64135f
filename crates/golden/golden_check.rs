//! Verification of a finished golden database. It reads a copy, so that the database itself stays closed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use eod_clients::{Deadline, postgres::Postgres};
use eod_masking::{MaskingPolicy, TableName};

use crate::{
    birth::{GoldenError, GoldenName, GoldenServer, GoldenState},
    build_error::BuildError,
    build_report::{CheckEstimate, CheckReport},
    completion::policy_digits,
    estimate::duration,
    facts::GoldenFacts,
    inventory::privileges,
    manifest::GoldenManifest,
    marked::DatabaseTemplate,
    progress::{BuildProgress, BuildStep},
    source::SourceSnapshot,
    sql::{SESSION, run},
    verify::{ExpectedTable, Verification},
};

/// Time limit of the removal of the copy.
const CLEANUP: Duration = Duration::from_secs(60);

/// A verification.
pub struct GoldenCheck<'a> {
    /// Maintenance database of the preview server.
    pub server: &'a Postgres,
    /// Installation that owns the golden database.
    pub installation: &'a str,
    /// Name of the golden database.
    pub name: &'a GoldenName,
    /// True to verify the build that is not published yet.
    pub built: bool,
    /// Source with values to look for; none to compare rows and rules with the manifest only.
    pub source: Option<&'a Postgres>,
    /// Policy.
    pub policy: &'a MaskingPolicy,
    /// Text of the policy file.
    pub policy_text: &'a [u8],
    /// Maximum number of tables at the same time.
    pub workers: usize,
    /// Receiver of the progress.
    pub progress: Arc<dyn BuildProgress>,
}

impl GoldenCheck<'_> {
    /// Verifies the rows against the manifest, the rules against the policy, and looks for values of the source.
    ///
    /// # Errors
    ///
    /// [`BuildError`]. Problems of the database are findings, not errors.
    pub async fn run(&self, deadline: &Deadline) -> Result<CheckReport, BuildError> {
        let mut goldens = GoldenServer::connect(self.server, self.installation, deadline).await?;
        self.progress.step(BuildStep::Check);
        let (database, facts) = self.find(&mut goldens, deadline).await?;
        self.progress.step(BuildStep::Copy);
        let copy = self.name.verify();
        let template = DatabaseTemplate { name: database.as_str(), locale: "" };
        let begun = goldens.begin(&copy, template, deadline).await;
        let report = match begun {
            Ok(()) => self.verify(&database, &copy, facts, deadline).await,
            Err(error) => Err(error.into()),
        };
        // Also after a cancellation. If it fails, the copy is closed and marked, and `prune` removes it.
        let removed = goldens.destroy(&copy, &Deadline::for_cleanup(CLEANUP)).await;
        let report = report?;
        removed?;
        Ok(report)
    }

    /// Finds the database, and estimates size and duration. It writes nothing and reads no rows.
    ///
    /// # Errors
    ///
    /// [`BuildError`].
    pub async fn estimate(&self, deadline: &Deadline) -> Result<CheckEstimate, BuildError> {
        let mut goldens = GoldenServer::connect(self.server, self.installation, deadline).await?;
        let (database, facts) = self.find(&mut goldens, deadline).await?;
        if let Some(source) = self.source {
            source.connect(deadline).await?.close(deadline).await?;
        }
        let versions = goldens.list(deadline).await?;
        let bytes = versions.iter().find(|version| version.database == database.as_str()).and_then(|found| found.bytes);
        Ok(CheckEstimate {
            version: 1,
            database: database.as_str().to_owned(),
            same_policy: facts.policy == policy_digits(self.policy_text),
            facts,
            bytes,
            seconds: bytes.map(duration),
        })
    }

    /// Name and facts of the database to verify.
    async fn find(
        &self,
        goldens: &mut GoldenServer,
        deadline: &Deadline,
    ) -> Result<(GoldenName, GoldenFacts), BuildError> {
        let database = if self.built { self.name.next() } else { self.name.clone() };
        match goldens.look(&database, deadline).await? {
            GoldenState::Finished(facts) => Ok((database, facts)),
            GoldenState::Foreign { reason } => Err(goldens.foreign(&database, reason).into()),
            GoldenState::Absent | GoldenState::Unfinished => Err(GoldenError::NotVerifiable(database).into()),
        }
    }

    async fn verify(
        &self,
        database: &GoldenName,
        copy: &GoldenName,
        facts: GoldenFacts,
        deadline: &Deadline,
    ) -> Result<CheckReport, BuildError> {
        let target = Postgres::new(self.server.access().with_database(copy.as_str()));
        let mut session = target.connect(deadline).await?;
        run(&mut session, "prepare", "the session", SESSION, deadline).await?;
        let manifest = GoldenManifest::read(&mut session, deadline).await?;
        let granted = privileges(&mut session, deadline).await?;
        // No policy has rules for it.
        run(&mut session, "remove", "the manifest of the copy", "DROP SCHEMA IF EXISTS eod CASCADE", deadline).await?;
        session.close(deadline).await?;
        let Some(manifest) = manifest.filter(|manifest| manifest.digest() == facts.manifest) else {
            return Err(BuildError::Manifest(database.clone()));
        };
        self.progress.step(BuildStep::Verify);
        let (expected, policy, workers) = (expected(&manifest), self.policy, self.workers);
        let verification =
            Verification { target: &target, policy, expected: &expected, workers, progress: &self.progress };
        let verified = match self.source {
            None => verification.run(None, deadline).await?,
            Some(source) => {
                let mut snapshot = SourceSnapshot::open(source, deadline).await?;
                verification.run(Some(&mut snapshot.session), deadline).await?
            }
        };
        Ok(CheckReport {
            version: 1,
            database: database.as_str().to_owned(),
            same_policy: facts.policy == policy_digits(self.policy_text),
            tables: verified.report.tables.len(),
            rows: verified.report.tables.values().map(|table| table.rows).sum(),
            values: verified.report.values,
            findings: verified.report.findings.iter().map(ToString::to_string).collect(),
            privileges: granted,
            facts,
        })
    }
}

/// Tables of a manifest with their rows, digests and rules.
fn expected(manifest: &GoldenManifest) -> BTreeMap<TableName, ExpectedTable> {
    let tables = manifest.tables.iter();
    tables
        .filter_map(|table| {
            let (rules, digest) = (Some(table.rules.clone()), Some(table.digest.clone()));
            Some((table.name.parse().ok()?, ExpectedTable { rows: table.rows, digest, rules }))
        })
        .collect()
}
