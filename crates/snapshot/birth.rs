//! Creation of a clone. It stays closed.

use std::time::{Duration, Instant};

use eod_clients::{Deadline, Error, postgres::PostgresSession};
use eod_domain::Nonce;
use eod_golden::{
    DatabaseTemplate, GoldenFacts, GoldenManifest, GoldenName, GoldenState, quoted_name, quoted_text, rows, run,
    transaction,
};
use serde::Deserialize;

use crate::{
    clone_error::CloneError,
    mark::{CloneMark, CloneOwner, CloneSize},
    name::CloneName,
    server::{CloneServer, CloneState, marked},
    strategy::{CloneStrategy, CopyMeasurement},
};

/// Time limit of the removal of a clone that was not finished.
pub(crate) const CLEANUP: Duration = Duration::from_secs(60);

/// Clone to create.
#[derive(Clone, Copy, Debug)]
pub struct CloneRequest<'a> {
    /// Name.
    pub name: &'a CloneName,
    /// Environment and installation.
    pub owner: &'a CloneOwner,
    /// Golden database.
    pub golden: &'a GoldenName,
    /// Nonce of this run.
    pub nonce: &'a Nonce,
}

/// Closed clone that is not open yet.
#[derive(Clone, Debug)]
pub struct BegunClone {
    /// Mark.
    pub mark: CloneMark,
    /// Manifest of the golden database.
    pub manifest: GoldenManifest,
    /// Duration of `CREATE DATABASE`.
    pub duration: Duration,
    /// Size in bytes.
    pub bytes: u64,
    /// Sharing of blocks with the golden database.
    pub strategy: CloneStrategy,
}

#[derive(Deserialize)]
struct ManifestOwnerRow {
    owner: String,
}

#[derive(Default, Deserialize)]
struct SizeRow {
    bytes: u64,
    method: Option<String>,
}

const SIZE: &str = "\
SELECT pg_catalog.pg_database_size($1::pg_catalog.name) AS bytes, pg_catalog.current_setting('file_copy_method', true) AS method";

impl CloneServer {
    /// Creates a closed clone. An unfinished clone of the same environment is removed first, and a keep of it that was
    /// interrupted is finished. Kept clones and temporary logins past their time are removed as well. The lock of the name is
    /// held until this value is dropped.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The clone is gone, or closed and marked; the next call removes it.
    pub async fn begin(&mut self, request: CloneRequest<'_>, deadline: &Deadline) -> Result<BegunClone, CloneError> {
        let CloneRequest { name, owner, golden, nonce } = request;
        self.vacate(name, owner, deadline).await?;
        let facts = self.published(golden, deadline).await?;
        let mark = CloneMark {
            owner: owner.clone(),
            golden: golden.as_str().to_owned(),
            golden_version: facts.version(),
            manifest: facts.manifest,
            nonce: nonce.as_str().to_owned(),
            begun_at: self.goldens.now(deadline).await?,
            size: None,
        };
        let made = self.make(name, golden, mark, deadline).await;
        if made.is_err() && !self.session().is_closed() {
            // If this fails, the clone is closed and marked.
            drop(self.remove_all(name, &Deadline::for_cleanup(CLEANUP)).await);
        }
        made
    }

    /// Takes the lock of a name and makes the name free for a new clone.
    pub(crate) async fn vacate(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.lock(name, deadline).await?;
        match self.look(name, owner, deadline).await? {
            CloneState::Absent => {}
            CloneState::Unfinished(_) => self.remove_all(name, deadline).await?,
            CloneState::Keeping(mark, plan) => self.finish_keep(mark, plan, deadline).await.map(drop)?,
            CloneState::Open(..) => return Err(CloneError::Exists(name.clone())),
            CloneState::Kept(..) => {
                return Err(CloneError::Foreign { name: name.clone(), reason: "it is a kept clone".to_owned() });
            }
            CloneState::Foreign { reason } => return Err(CloneError::Foreign { name: name.clone(), reason }),
        }
        self.sweep(deadline).await;
        Ok(())
    }

    /// Facts of the published version of a golden database.
    async fn published(&mut self, golden: &GoldenName, deadline: &Deadline) -> Result<GoldenFacts, CloneError> {
        let not_published = || CloneError::NotPublished(golden.clone());
        let facts = match self.goldens.look(golden, deadline).await? {
            GoldenState::Finished(facts) => facts,
            GoldenState::Absent | GoldenState::Unfinished => return Err(not_published()),
            GoldenState::Foreign { reason } => return Err(self.goldens.foreign(golden, reason).into()),
        };
        let until = facts.valid_until.ok_or_else(not_published)?;
        if until <= self.goldens.now(deadline).await? {
            return Err(CloneError::Over { name: golden.clone(), until });
        }
        Ok(facts)
    }

    async fn make(
        &mut self,
        name: &CloneName,
        golden: &GoldenName,
        mark: CloneMark,
        deadline: &Deadline,
    ) -> Result<BegunClone, CloneError> {
        let begun = Instant::now();
        let template = DatabaseTemplate { name: golden.as_str(), locale: "" };
        marked(name).create(self.session(), &mark.comment(), template, deadline).await?;
        let duration = begun.elapsed();
        let mut inside = self.inside(name).connect(deadline).await?;
        let manifest = take_manifest(&mut inside, deadline).await?;
        inside.close(deadline).await?;
        let Some(manifest) = manifest.filter(|manifest| manifest.digest() == mark.manifest) else {
            return Err(CloneError::GoldenChanged(golden.clone()));
        };
        let (mark, CloneSize { bytes, strategy }) = self.record_size(name, mark, duration, deadline).await?;
        Ok(BegunClone { mark, manifest, duration, bytes, strategy })
    }

    /// Measures a clone after its creation, and adds the result to its mark.
    pub(crate) async fn record_size(
        &mut self,
        name: &CloneName,
        mark: CloneMark,
        duration: Duration,
        deadline: &Deadline,
    ) -> Result<(CloneMark, CloneSize), CloneError> {
        let target = format!("database `{name}`");
        let found: Vec<SizeRow> = rows(self.session(), &target, SIZE, &[&name.as_str()], deadline).await?;
        let SizeRow { bytes, method } = found.into_iter().next().unwrap_or_default();
        let size = CloneSize { bytes, strategy: CopyMeasurement { method, bytes, duration }.strategy() };
        let mark = CloneMark { size: Some(size), ..mark };
        let owner = name.owner();
        let sql = format!("COMMENT ON ROLE {} IS {}", quoted_name(&owner), quoted_text(&mark.comment()));
        run(self.session(), "describe", &format!("role `{owner}`"), &sql, deadline).await?;
        Ok((mark, size))
    }
}

/// Role that owns the schema of the manifest. A publication during the create has given it another name.
const MANIFEST_OWNER: &str =
    "SELECT pg_catalog.pg_get_userbyid(nspowner) AS owner FROM pg_catalog.pg_namespace WHERE nspname = 'eod'";

/// Reads the manifest and removes its schema: no role of the pull request may read it, and the golden database's owner role,
/// which owns it, could not be removed as long as the clone exists.
async fn take_manifest(inside: &mut PostgresSession, deadline: &Deadline) -> Result<Option<GoldenManifest>, Error> {
    let manifest = GoldenManifest::read(inside, deadline).await?;
    let target = "the manifest of the clone";
    let found: Vec<ManifestOwnerRow> = rows(inside, target, MANIFEST_OWNER, &[], deadline).await?;
    if let Some(ManifestOwnerRow { owner }) = found.into_iter().next() {
        let owner = quoted_name(&owner);
        let sql = format!("BEGIN; SET LOCAL ROLE {owner}; DROP SCHEMA IF EXISTS eod CASCADE; COMMIT");
        transaction(inside, "remove", target, &sql, deadline).await?;
    }
    Ok(manifest)
}
