//! Clones of an installation: their list.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::{Deadline, Error, postgres::lock_key};
use eod_golden::rows;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    mark::{CLONE, CloneMark},
    name::CloneName,
    server::{CloneServer, CloneState, lock_name, state_of_comment},
};

/// First version of the server that records the time of the last read of a table.
const LAST_READ: u32 = 160_000;

/// State of a clone in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CloneStage {
    /// Not complete: it is being created or removed, or such a run was killed.
    Unfinished,
    /// Open.
    Open,
    /// Closed to be kept, and not renamed yet.
    Keeping,
    /// Kept.
    Kept,
    /// The comment of its database is not that of a clone.
    Foreign,
}

/// A clone on the server.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ListedClone {
    /// Database.
    pub database: String,
    /// Environment.
    pub environment: String,
    /// Golden database.
    pub golden: String,
    /// Version of the golden database.
    pub golden_version: String,
    /// State.
    pub state: CloneStage,
    /// True if a run is working on it now.
    pub is_busy: bool,
    /// True if it is open and no role can connect, because somebody has closed it by hand.
    pub is_blocked: bool,
    /// Time of the create.
    pub begun_at: Timestamp,
    /// Time of the opening; none if it was never open.
    pub opened_at: Option<Timestamp>,
    /// End of the time that it is kept; none if it is not kept.
    pub kept_until: Option<Timestamp>,
    /// True if this time has passed.
    pub is_over: bool,
    /// Size in bytes, with blocks that are shared with the golden database; none if it is unknown.
    pub bytes: Option<u64>,
    /// Size in bytes of its own, without blocks that it shared when it was created; none if it is unknown.
    pub own_bytes: Option<u64>,
    /// Number of sessions now.
    pub sessions: u64,
    /// Start of the newest session, or last read of a table from PostgreSQL 16 on; none if it is unknown.
    pub last_connection_at: Option<Timestamp>,
}

/// A marked clone.
#[derive(Clone, Debug)]
pub(crate) struct FoundClone {
    pub(crate) name: CloneName,
    pub(crate) mark: CloneMark,
    /// Comment of the database; empty if it has none, does not exist, or was removed in part.
    pub(crate) comment: String,
    pub(crate) is_busy: bool,
    exists: bool,
    is_open: bool,
}

#[derive(Deserialize)]
struct FoundRow {
    owner: String,
    mark: String,
    exists: bool,
    comment: Option<String>,
    is_open: Option<bool>,
}

#[derive(Deserialize)]
struct UsageRow {
    database: String,
    bytes: Option<u64>,
    sessions: u64,
    connected_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct LockRow {
    key: i64,
}

#[derive(Deserialize)]
struct LastReadRow {
    read_at: Option<Timestamp>,
}

const FOUND: &str = "\
SELECT r.rolname AS owner, shobj_description(r.oid, 'pg_authid') AS mark, d.oid IS NOT NULL AS exists,
       CASE WHEN d.datconnlimit <> -2 THEN shobj_description(d.oid, 'pg_database') END AS comment, d.datallowconn AS is_open
FROM pg_roles r LEFT JOIN pg_database d ON d.datdba = r.oid
WHERE starts_with(shobj_description(r.oid, 'pg_authid'), $1) ORDER BY owner";

const USAGE: &str = "\
SELECT d.datname AS database, count(a.pid) AS sessions, max(a.backend_start) AS connected_at,
       CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) END AS bytes
FROM pg_database d LEFT JOIN pg_stat_activity a ON a.datid = d.oid AND a.usesysid IS NOT NULL
WHERE d.datname = ANY ($1) GROUP BY d.oid, d.datname";

/// Keys of all locks in all databases.
const LOCKS: &str = "\
SELECT (classid::int8 << 32) | objid::int8 AS key FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted";

const READS: &str = "SELECT max(greatest(last_seq_scan, last_idx_scan)) AS read_at FROM pg_stat_user_tables";

impl CloneServer {
    /// All clones of the installation, by name, also unfinished and kept ones.
    ///
    /// # Errors
    ///
    /// A query failed.
    pub async fn list(&mut self, deadline: &Deadline) -> Result<Vec<ListedClone>, Error> {
        let found = self.find(deadline).await?;
        let now = self.goldens.now(deadline).await?;
        let names: Vec<&str> = found.iter().map(|clone| clone.name.as_str()).collect();
        let usage: Vec<UsageRow> = rows(self.session(), "the sizes of the clones", USAGE, &[&names], deadline).await?;
        let mut usage: BTreeMap<_, _> = usage.into_iter().map(|row| (row.database.clone(), row)).collect();
        let mut clones = Vec::new();
        for clone in found {
            let usage = usage.remove(clone.name.as_str());
            let read_at = self.last_read(&clone, deadline).await;
            clones.push(listed(clone, usage, read_at, now));
        }
        Ok(clones)
    }

    /// Marks and comments of all clones of the installation, by name.
    pub(crate) async fn find(&mut self, deadline: &Deadline) -> Result<Vec<FoundClone>, Error> {
        let found: Vec<FoundRow> = rows(self.session(), "the clones", FOUND, &[&CLONE], deadline).await?;
        let locks: Vec<LockRow> = rows(self.session(), "the locks of clones", LOCKS, &[], deadline).await?;
        let locks: BTreeSet<_> = locks.into_iter().map(|row| row.key).collect();
        let installation = &self.installation;
        let clone = |row: FoundRow| {
            let mark = CloneMark::of_comment(&row.mark).filter(|mark| mark.owner.installation == *installation)?;
            let name = CloneName::of_owner(&row.owner)?;
            Some(FoundClone {
                is_busy: locks.contains(&lock_key(&lock_name(&name))),
                name,
                mark,
                comment: row.comment.unwrap_or_default(),
                exists: row.exists,
                is_open: row.is_open.unwrap_or(false),
            })
        };
        Ok(found.into_iter().filter_map(clone).collect())
    }

    /// Last read of a table of an open clone. A server that does not record it, and a clone that cannot be entered, have none.
    async fn last_read(&mut self, clone: &FoundClone, deadline: &Deadline) -> Option<Timestamp> {
        if self.session().server_version() < LAST_READ || !clone.exists || !clone.is_open || clone.comment.is_empty() {
            return None;
        }
        let mut inside = self.inside(&clone.name).connect(deadline).await.ok()?;
        let target = format!("the reads of database `{}`", clone.name);
        let found: Result<Vec<LastReadRow>, Error> = rows(&mut inside, &target, READS, &[], deadline).await;
        // A session that does not end is ended by the server.
        drop(inside.close(deadline).await);
        found.ok()?.into_iter().next()?.read_at
    }
}

impl FoundClone {
    /// State.
    pub(crate) fn stage(&self) -> CloneStage {
        match state_of_comment(self.mark.clone(), &self.comment) {
            CloneState::Absent | CloneState::Unfinished(_) => CloneStage::Unfinished,
            CloneState::Open(..) => CloneStage::Open,
            CloneState::Keeping(..) => CloneStage::Keeping,
            CloneState::Kept(..) => CloneStage::Kept,
            CloneState::Foreign { .. } => CloneStage::Foreign,
        }
    }

    /// End of the time that it is kept; none if it is not kept.
    pub(crate) fn kept_until(&self) -> Option<Timestamp> {
        match state_of_comment(self.mark.clone(), &self.comment) {
            CloneState::Keeping(_, plan) => Some(plan.until),
            CloneState::Kept(_, facts) => Some(facts.plan.until),
            _ => None,
        }
    }
}

fn listed(clone: FoundClone, usage: Option<UsageRow>, read_at: Option<Timestamp>, now: Timestamp) -> ListedClone {
    let (state, kept_until) = (clone.stage(), clone.kept_until());
    let FoundClone { name, mark, comment, is_busy, exists, is_open } = clone;
    let opened_at = match state_of_comment(mark.clone(), &comment) {
        CloneState::Open(_, facts) => Some(facts.opened_at),
        CloneState::Keeping(_, plan) => Some(plan.opened.opened_at),
        CloneState::Kept(_, facts) => Some(facts.plan.opened.opened_at),
        _ => None,
    };
    let bytes = usage.as_ref().and_then(|usage| usage.bytes);
    let connected_at = usage.as_ref().and_then(|usage| usage.connected_at);
    // A read before the opening was one of EoD.
    let read_at = read_at.filter(|read_at| opened_at.is_some_and(|opened_at| *read_at > opened_at));
    ListedClone {
        database: name.as_str().to_owned(),
        environment: mark.owner.environment.to_string(),
        golden: mark.golden,
        golden_version: mark.golden_version,
        state,
        is_busy,
        is_blocked: state == CloneStage::Open && exists && !is_open,
        begun_at: mark.begun_at,
        opened_at,
        kept_until,
        is_over: kept_until.is_some_and(|until| until <= now),
        bytes,
        own_bytes: bytes.and_then(|bytes| mark.size?.own_bytes(bytes)),
        sessions: usage.map(|usage| usage.sessions).unwrap_or_default(),
        last_connection_at: connected_at.max(read_at),
    }
}

#[cfg(test)]
mod tests;
