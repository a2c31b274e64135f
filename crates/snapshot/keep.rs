//! Keeps a clone after the end of its environment.
//!
//! One transaction closes it and records the decision. After the last session has ended, all rows are read once. Then another
//! transaction removes the logins, records the contents, and renames database and owner role. An interrupted keep is continued
//! by the next one.

use std::time::Duration;

use eod_clients::{Deadline, ErrorKind};
use eod_domain::Nonce;
use eod_golden::{MarkedState, quoted_name, quoted_text, transaction};
use jiff::{SignedDuration, Timestamp};

use crate::{
    clone_error::CloneError,
    contents::CloneContents,
    kept::{KeepPlan, KeptClone, KeptFacts},
    login_role::release,
    mark::{CloneFacts, CloneMark, CloneOwner},
    name::CloneName,
    server::{CloneServer, CloneState, marked},
    sessions::EndedSessions,
};

/// Number of names that are tried for a kept clone, one for each second.
const ATTEMPTS: i64 = 60;

impl CloneServer {
    /// Closes a clone and keeps it under another name. A clone that was never open is removed. With a nonce, only the clone of
    /// that run is kept. A second call returns the clone that the first one has kept. None if there is nothing to keep.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The clone is open and unchanged, or closed with its mark; a later call continues.
    pub async fn keep(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: Option<&Nonce>,
        keep_for: Duration,
        deadline: &Deadline,
    ) -> Result<Option<KeptClone>, CloneError> {
        self.lock(name, deadline).await?;
        let is_successor = |mark: &CloneMark| nonce.is_some_and(|nonce| !mark.is_of(nonce));
        match self.look(name, owner, deadline).await? {
            CloneState::Absent => match nonce {
                Some(nonce) => {
                    let kept = self.kept_clones(name, owner, deadline).await?;
                    Ok(kept.into_iter().find(|kept| kept.mark.is_of(nonce)))
                }
                None => Ok(None),
            },
            CloneState::Unfinished(mark)
            | CloneState::Open(mark, _)
            | CloneState::Keeping(mark, _)
            | CloneState::Kept(mark, _)
                if is_successor(&mark) =>
            {
                Err(CloneError::Successor(name.clone()))
            }
            CloneState::Unfinished(_) => self.remove_all(name, deadline).await.map(|()| None),
            CloneState::Open(mark, opened) => {
                let plan = self.close(name, opened, keep_for, deadline).await?;
                self.finish_keep(mark, plan, deadline).await.map(Some)
            }
            CloneState::Keeping(mark, plan) => self.finish_keep(mark, plan, deadline).await.map(Some),
            CloneState::Kept(mark, facts) => Ok(Some(KeptClone { mark, facts })),
            CloneState::Foreign { reason } => Err(CloneError::Foreign { name: name.clone(), reason }),
        }
    }

    /// Closes an open clone and records the decision, in one transaction. No login can connect from then on.
    async fn close(
        &mut self,
        name: &CloneName,
        opened: CloneFacts,
        keep_for: Duration,
        deadline: &Deadline,
    ) -> Result<KeepPlan, CloneError> {
        let closed_at = self.goldens.now(deadline).await?;
        let keep_for = SignedDuration::try_from(keep_for).unwrap_or(SignedDuration::MAX);
        let until = closed_at.checked_add(keep_for).unwrap_or(Timestamp::MAX);
        let kept_as = self.free_name(name, closed_at, deadline).await?;
        let plan = KeepPlan { database: name.clone(), kept_as, opened, closed_at, until };
        let database = quoted_name(name.as_str());
        let mut statements = vec!["BEGIN".to_owned()];
        for login in self.logins(name, deadline).await? {
            let login = quoted_name(&login);
            statements.push(format!("ALTER ROLE {login} NOLOGIN"));
            statements.push(format!("REVOKE CONNECT ON DATABASE {database} FROM {login}"));
        }
        statements.push(format!("COMMENT ON DATABASE {database} IS {}", quoted_text(&plan.comment())));
        statements.push("COMMIT".to_owned());
        let target = format!("database `{name}`");
        transaction(self.session(), "close", &target, &statements.join("; "), deadline).await?;
        Ok(plan)
    }

    /// Name for the kept clone that nothing has yet.
    async fn free_name(
        &mut self,
        name: &CloneName,
        closed_at: Timestamp,
        deadline: &Deadline,
    ) -> Result<CloneName, CloneError> {
        let mut kept = name.kept(closed_at);
        for seconds in 1..ATTEMPTS {
            let found = marked(&kept).look(self.session(), deadline).await?;
            if found == MarkedState::Absent {
                break;
            }
            kept = name.kept(closed_at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(closed_at));
        }
        Ok(kept)
    }

    /// Continues after the transaction that has closed the clone.
    pub(crate) async fn finish_keep(
        &mut self,
        mark: CloneMark,
        plan: KeepPlan,
        deadline: &Deadline,
    ) -> Result<KeptClone, CloneError> {
        let name = plan.database.clone();
        let objects = mark.objects_role().ok_or_else(|| CloneError::NotBegun(name.clone()))?;
        self.end_sessions(&name, EndedSessions::OfDatabase(&name), deadline).await?;
        let logins = self.logins(&name, deadline).await?;
        let mut inside = self.inside(&name).connect(deadline).await?;
        for login in &logins {
            release(&mut inside, login, &objects, deadline).await?;
        }
        inside.close(deadline).await?;
        let contents = CloneContents::read(&self.inside(&name), deadline).await;
        let contents =
            contents.map_err(|source| CloneError::Unreadable { name: name.clone(), source: Box::new(source) })?;
        let facts = KeptFacts { plan, contents };
        self.rename(&logins, &facts, deadline).await?;
        Ok(KeptClone { mark, facts })
    }

    /// Removes the logins, records the contents and gives the clone its other name, in one transaction.
    async fn rename(&mut self, logins: &[String], facts: &KeptFacts, deadline: &Deadline) -> Result<(), CloneError> {
        let KeepPlan { database: name, kept_as, .. } = &facts.plan;
        let (database, kept) = (quoted_name(name.as_str()), quoted_name(kept_as.as_str()));
        let mut statements = vec!["BEGIN".to_owned()];
        statements.extend(logins.iter().map(|login| format!("DROP ROLE {}", quoted_name(login))));
        statements.extend([
            format!("COMMENT ON DATABASE {database} IS {}", quoted_text(&facts.comment())),
            format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false"),
            format!("ALTER DATABASE {database} RENAME TO {kept}"),
            format!("ALTER ROLE {} RENAME TO {}", quoted_name(&name.owner()), quoted_name(&kept_as.owner())),
            "COMMIT".to_owned(),
        ]);
        let target = format!("database `{name}`");
        match transaction(self.session(), "rename", &target, &statements.join("; "), deadline).await {
            Err(error) if error.kind == ErrorKind::Conflict => Err(self.held(name, error, deadline).await),
            done => Ok(done?),
        }
    }
}
