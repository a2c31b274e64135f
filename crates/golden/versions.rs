//! Versions of golden databases: listed and removed.

use std::collections::BTreeSet;

use eod_clients::{Deadline, Error, ErrorKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    birth::{GoldenError, GoldenName, GoldenServer},
    facts::GoldenFacts,
    sql::{quoted_name, rows, run},
};

/// Default number of older versions that a publication and `prune` keep.
pub const DEFAULT_KEEP: usize = 1;

/// Role of a database among the versions of its golden database.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum VersionStage {
    /// Published: clones are made from it.
    Published,
    /// Complete, and not published yet.
    Built,
    /// Former version.
    Kept,
    /// Not complete: a build runs, or was killed.
    Unfinished,
}

/// A version of a golden database.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct GoldenVersion {
    /// Name of the golden database.
    pub name: String,
    /// Name of the database. A killed build may have left only its owner role.
    pub database: String,
    /// State.
    pub state: VersionStage,
    /// Facts; none if it is unfinished.
    pub facts: Option<GoldenFacts>,
    /// Size in bytes; none if it is unknown.
    pub bytes: Option<u64>,
    /// True if no role can connect. False for a finished version that was opened by hand.
    pub is_closed: bool,
    /// True if the validity has ended.
    pub is_over: bool,
}

/// A version that `prune` removes or has removed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PrunedVersion {
    /// Database.
    pub database: String,
    /// Reason.
    pub reason: PruneReason,
    /// True if it was removed.
    pub removed: bool,
    /// Error of the removal; none if it was removed, or in a dry run.
    pub error: Option<String>,
}

/// Reasons to remove a version.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
pub enum PruneReason {
    /// End of its validity.
    #[strum(to_string = "its validity has ended")]
    Over,
    /// More versions than are kept.
    #[strum(to_string = "newer versions are kept")]
    Older,
    /// Unfinished build that does not run.
    #[strum(to_string = "its build was interrupted")]
    Unfinished,
}

#[derive(Deserialize)]
struct VersionRow {
    owner: String,
    database: Option<String>,
    comment: Option<String>,
    is_open: Option<bool>,
    bytes: Option<u64>,
}

#[derive(Deserialize)]
struct NowRow {
    now: Timestamp,
}

const VERSIONS: &str = "\
SELECT r.rolname AS owner, d.datname AS database, shobj_description(d.oid, 'pg_database') AS comment,
       d.datallowconn AS is_open,
       CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) END AS bytes
FROM pg_roles r LEFT JOIN pg_database d ON d.datdba = r.oid
WHERE shobj_description(r.oid, 'pg_authid') = $1 ORDER BY owner, database";

impl GoldenServer {
    /// Time of the server.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn now(&mut self, deadline: &Deadline) -> Result<Timestamp, Error> {
        let found: Vec<NowRow> =
            rows(&mut self.session, "the time", "SELECT clock_timestamp() AS now", &[], deadline).await?;
        found.first().map(|row| row.now).ok_or_else(|| {
            Error::new("PostgreSQL", "read", "the time", ErrorKind::Other).because("the server has sent no row")
        })
    }

    /// All databases of this installation, by name; of one golden database the published version first, then the newest.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn list(&mut self, deadline: &Deadline) -> Result<Vec<GoldenVersion>, Error> {
        let now = self.now(deadline).await?;
        let mark = self.mark();
        let found: Vec<VersionRow> =
            rows(&mut self.session, "the golden databases", VERSIONS, &[&mark.as_str()], deadline).await?;
        let mut versions: Vec<_> = found.iter().filter_map(|row| version(row, now)).collect();
        sort_versions(&mut versions);
        Ok(versions)
    }

    /// Removes versions with an ended validity, older versions beyond the number to keep, and builds that were killed; with a
    /// name those of one golden database, else all of the installation. A published version with an ended validity is
    /// removed as well. A build that runs is kept. A dry run lists them only.
    ///
    /// # Errors
    ///
    /// The list failed. Versions that cannot be removed have their error in the result.
    pub async fn prune(
        &mut self,
        name: Option<&GoldenName>,
        keep: usize,
        is_dry_run: bool,
        deadline: &Deadline,
    ) -> Result<Vec<PrunedVersion>, Error> {
        let versions = self.list(deadline).await?;
        let mut pruned = Vec::new();
        for (owner, reason) in to_prune(&versions, name, keep) {
            let database = owner.as_str().to_owned();
            let mut entry = PrunedVersion { database, reason, removed: false, error: None };
            if !is_dry_run {
                match self.destroy(&owner, deadline).await {
                    Ok(()) => entry.removed = true,
                    // A build that runs has the lock.
                    Err(GoldenError::Busy(_)) if reason == PruneReason::Unfinished => continue,
                    Err(error) => entry.error = Some(error.chain()),
                }
            }
            pruned.push(entry);
        }
        if !is_dry_run {
            let left = self.list(deadline).await?;
            let names: BTreeSet<_> = versions.iter().map(|version| version.name.as_str()).collect();
            for gone in names.into_iter().filter(|name| left.iter().all(|version| version.name != *name)) {
                if let Ok(name) = GoldenName::new(gone) {
                    self.drop_objects_role(&name, deadline).await?;
                }
            }
        }
        Ok(pruned)
    }

    /// Removes the objects' role of a golden database if no version and no clone needs it. Returns true if it was removed.
    ///
    /// # Errors
    ///
    /// The statement failed for another reason.
    pub async fn drop_objects_role(&mut self, name: &GoldenName, deadline: &Deadline) -> Result<bool, Error> {
        let role = name.objects_role();
        let sql = format!("DROP ROLE IF EXISTS {}", quoted_name(&role));
        match run(&mut self.session, "remove", &format!("role `{role}`"), &sql, deadline).await {
            Ok(()) => Ok(true),
            // The role owns objects in another database.
            Err(error) if error.kind == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Version of a row; none if the names of role and database do not fit together.
fn version(row: &VersionRow, now: Timestamp) -> Option<GoldenVersion> {
    let (name, expected) = GoldenName::of_owner(&row.owner)?;
    if row.database.as_ref().is_some_and(|database| database != expected.as_str()) {
        return None;
    }
    let facts = row.comment.as_deref().and_then(GoldenFacts::of_comment);
    let state = match &facts {
        None => VersionStage::Unfinished,
        Some(_) if expected == name => VersionStage::Published,
        Some(_) if expected == name.next() => VersionStage::Built,
        Some(_) => VersionStage::Kept,
    };
    let is_over = facts.as_ref().and_then(|facts| facts.valid_until).is_some_and(|until| until <= now);
    Some(GoldenVersion {
        name: name.as_str().to_owned(),
        database: expected.as_str().to_owned(),
        state,
        facts,
        bytes: row.bytes,
        is_closed: !row.is_open.unwrap_or(false),
        is_over,
    })
}

/// Sorts versions by name, then by state, then the newest first.
pub(crate) fn sort_versions(versions: &mut [GoldenVersion]) {
    let newest = |version: &GoldenVersion| version.facts.as_ref().map(|facts| facts.taken_at);
    versions.sort_by(|one, other| {
        (&one.name, one.state).cmp(&(&other.name, other.state)).then_with(|| newest(other).cmp(&newest(one)))
    });
}

/// Databases to remove, each with the reason, from a list in the order of [`GoldenServer::list`].
pub(crate) fn to_prune(
    versions: &[GoldenVersion],
    name: Option<&GoldenName>,
    keep: usize,
) -> Vec<(GoldenName, PruneReason)> {
    let mut found = Vec::new();
    let mut kept = (String::new(), 0);
    for version in versions {
        if name.is_some_and(|name| name.as_str() != version.name) {
            continue;
        }
        let Some((_, database)) = GoldenName::of_owner(&format!("{}_owner", version.database)) else { continue };
        if kept.0 != version.name {
            kept = (version.name.clone(), 0);
        }
        let reason = match version.state {
            VersionStage::Unfinished => Some(PruneReason::Unfinished),
            _ if version.is_over => Some(PruneReason::Over),
            VersionStage::Kept => {
                kept.1 += 1;
                (kept.1 > keep).then_some(PruneReason::Older)
            }
            VersionStage::Published | VersionStage::Built => None,
        };
        found.extend(reason.map(|reason| (database, reason)));
    }
    found
}

#[cfg(test)]
mod tests;
