//! Clones that are created from kept ones.

use std::time::{Duration, Instant};

use eod_clients::Deadline;
use eod_golden::{DatabaseTemplate, GoldenName};

use crate::{
    birth::{CLEANUP, CloneRequest},
    clone_error::CloneError,
    contents::CloneContents,
    kept::{KeptClone, KeptFacts},
    mark::{CloneMark, CloneOwner, CloneSize},
    name::CloneName,
    server::{CloneServer, CloneState, marked, state_of_comment},
};

/// Closed clone of a kept one that is not open yet.
#[derive(Clone, Debug)]
pub struct RestoredClone {
    /// Mark. Golden database and version are those of the kept clone.
    pub mark: CloneMark,
    /// Kept clone.
    pub from: CloneName,
    /// Contents, which are those of the kept clone.
    pub contents: CloneContents,
    /// Duration of `CREATE DATABASE`.
    pub duration: Duration,
    /// Size in bytes, and sharing of blocks with the kept clone.
    pub size: CloneSize,
}

impl CloneServer {
    /// Newest kept clone of an environment with this name and golden database, and with time left. A keep of it that was
    /// interrupted is finished first. None if there is none.
    ///
    /// # Errors
    ///
    /// [`CloneError`].
    pub async fn latest(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        golden: &GoldenName,
        deadline: &Deadline,
    ) -> Result<Option<KeptClone>, CloneError> {
        self.lock(name, deadline).await?;
        if let CloneState::Keeping(mark, plan) = self.look(name, owner, deadline).await? {
            self.finish_keep(mark, plan, deadline).await?;
        }
        let now = self.goldens.now(deadline).await?;
        let found = self.kept_clones(name, owner, deadline).await?.into_iter();
        let usable = found.filter(|kept| kept.mark.golden == golden.as_str() && kept.facts.plan.until > now);
        Ok(usable.max_by_key(|kept| kept.facts.plan.closed_at))
    }

    /// Kept clone by its name.
    ///
    /// # Errors
    ///
    /// [`CloneError::NotKept`] if it does not exist, is not kept, or belongs to another environment.
    pub async fn kept(
        &mut self,
        kept: &CloneName,
        owner: &CloneOwner,
        deadline: &Deadline,
    ) -> Result<KeptClone, CloneError> {
        match self.look(kept, owner, deadline).await? {
            CloneState::Kept(mark, facts) => Ok(KeptClone { mark, facts }),
            _ => Err(CloneError::NotKept(kept.clone())),
        }
    }

    /// Creates a closed clone from a kept one, and compares its contents with those that were recorded. The kept clone stays.
    /// Otherwise as [`CloneServer::begin`]; the golden database need not exist any more.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The clone is gone, or closed and marked; the next call removes it.
    pub async fn restore(
        &mut self,
        request: CloneRequest<'_>,
        kept: &CloneName,
        deadline: &Deadline,
    ) -> Result<RestoredClone, CloneError> {
        let CloneRequest { name, owner, nonce, .. } = request;
        // A kept clone with this lock is not removed.
        self.lock(kept, deadline).await?;
        let KeptClone { mark, facts } = self.kept(kept, owner, deadline).await?;
        let now = self.goldens.now(deadline).await?;
        if facts.plan.until <= now {
            return Err(CloneError::PastKeep { name: kept.clone(), until: facts.plan.until });
        }
        self.vacate(name, owner, deadline).await?;
        let mark = CloneMark { nonce: nonce.as_str().to_owned(), begun_at: now, size: None, ..mark };
        let made = self.copy(name, mark, &facts, deadline).await;
        if made.is_err() && !self.session().is_closed() {
            // If this fails, the clone is closed and marked.
            drop(self.remove_all(name, &Deadline::for_cleanup(CLEANUP)).await);
        }
        made
    }

    async fn copy(
        &mut self,
        name: &CloneName,
        mark: CloneMark,
        facts: &KeptFacts,
        deadline: &Deadline,
    ) -> Result<RestoredClone, CloneError> {
        let from = facts.plan.kept_as.clone();
        let begun = Instant::now();
        let template = DatabaseTemplate { name: from.as_str(), locale: "" };
        marked(name).create(self.session(), &mark.comment(), template, deadline).await?;
        let duration = begun.elapsed();
        let contents = CloneContents::read(&self.inside(name), deadline).await;
        let contents =
            contents.map_err(|source| CloneError::Unreadable { name: name.clone(), source: Box::new(source) })?;
        if contents != facts.contents {
            let (expected, found) = (Box::new(facts.contents.clone()), Box::new(contents));
            return Err(CloneError::ContentsChanged { name: from, expected, found });
        }
        let (mark, size) = self.record_size(name, mark, duration, deadline).await?;
        Ok(RestoredClone { mark, from, contents, duration, size })
    }

    /// Kept clones of an environment that were kept from this name.
    pub(crate) async fn kept_clones(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        deadline: &Deadline,
    ) -> Result<Vec<KeptClone>, CloneError> {
        let found = self.find(deadline).await?.into_iter();
        let kept = found.filter_map(|clone| match state_of_comment(clone.mark, &clone.comment) {
            CloneState::Kept(mark, facts) => Some(KeptClone { mark, facts }),
            _ => None,
        });
        Ok(kept.filter(|kept| kept.mark.owner == *owner && kept.facts.plan.database == *name).collect())
    }
}
