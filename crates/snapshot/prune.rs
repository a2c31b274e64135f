//! Removal of what nobody needs any more: interrupted creates, and kept clones past their time.

use std::time::Duration;

use eod_clients::{Deadline, Error};
use serde::Serialize;

use crate::{
    clone_error::CloneError,
    listing::{CloneStage, FoundClone},
    mark::CloneOwner,
    server::{CloneServer, CloneState},
};

/// Maximum number of kept clones that one create removes: it has something else to do.
const SWEPT: usize = 5;
/// Time limit of these removals.
const SWEEP: Duration = Duration::from_secs(10);

/// Reasons to remove a clone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
pub enum CloneRemoval {
    /// Create or removal that was interrupted.
    #[strum(to_string = "its create or its removal was interrupted")]
    Interrupted,
    /// End of the time that it is kept.
    #[strum(to_string = "the time that it is kept has passed")]
    Over,
}

/// A clone that [`CloneServer::prune`] removes or has removed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PrunedClone {
    /// Database.
    pub database: String,
    /// Environment.
    pub environment: String,
    /// Reason.
    pub reason: CloneRemoval,
    /// True if it was removed.
    pub removed: bool,
    /// Error of the removal; none if it was removed, or in a dry run.
    pub error: Option<String>,
}

impl CloneRemoval {
    /// Reason to remove a clone; none if it stays. A run that works on it has its lock.
    fn of(state: CloneStage, is_busy: bool, is_over: bool) -> Option<Self> {
        match state {
            _ if is_busy => None,
            CloneStage::Unfinished => Some(Self::Interrupted),
            CloneStage::Keeping | CloneStage::Kept => is_over.then_some(Self::Over),
            CloneStage::Open | CloneStage::Foreign => None,
        }
    }
}

impl CloneServer {
    /// Removes clones whose create was interrupted, and kept clones past their time. A run that works on a clone has its lock,
    /// and the clone stays. A dry run lists them only.
    ///
    /// # Errors
    ///
    /// The list failed. Clones that cannot be removed have their error in the result.
    pub async fn prune(&mut self, is_dry_run: bool, deadline: &Deadline) -> Result<Vec<PrunedClone>, Error> {
        let mut pruned = Vec::new();
        for mut entry in self.prunable(deadline).await? {
            if !is_dry_run {
                match self.remove_pruned(&entry, deadline).await {
                    Ok(true) => entry.removed = true,
                    Ok(false) | Err(CloneError::Busy(_)) => continue,
                    Err(error) => entry.error = Some(error.chain()),
                }
            }
            pruned.push(entry);
        }
        Ok(pruned)
    }

    /// Clones to remove.
    async fn prunable(&mut self, deadline: &Deadline) -> Result<Vec<PrunedClone>, Error> {
        let found = self.find(deadline).await?;
        let now = self.goldens.now(deadline).await?;
        let entry = |clone: FoundClone| {
            let is_over = clone.kept_until().is_some_and(|until| until <= now);
            Some(PrunedClone {
                database: clone.name.as_str().to_owned(),
                environment: clone.mark.owner.environment.to_string(),
                reason: CloneRemoval::of(clone.stage(), clone.is_busy, is_over)?,
                removed: false,
                error: None,
            })
        };
        Ok(found.into_iter().filter_map(entry).collect())
    }

    /// Removes a clone if the reason still exists. False if it does not.
    async fn remove_pruned(&mut self, entry: &PrunedClone, deadline: &Deadline) -> Result<bool, CloneError> {
        let (Ok(name), Ok(environment)) = (entry.database.parse(), entry.environment.parse()) else { return Ok(false) };
        let owner = CloneOwner { environment, installation: self.installation.clone() };
        self.lock(&name, deadline).await?;
        let state = self.look(&name, &owner, deadline).await?;
        let remains = match (entry.reason, state) {
            (CloneRemoval::Interrupted, CloneState::Unfinished(_)) => true,
            (CloneRemoval::Over, CloneState::Keeping(_, plan)) => plan.until <= self.goldens.now(deadline).await?,
            (CloneRemoval::Over, CloneState::Kept(_, facts)) => facts.plan.until <= self.goldens.now(deadline).await?,
            _ => false,
        };
        if remains {
            self.remove_all(&name, deadline).await?;
        }
        self.unlock(&name, deadline).await?;
        Ok(remains)
    }

    /// Removes some of the kept clones and all temporary logins past their time. A failure is no reason to refuse a create: the
    /// next one or a prune tries again.
    pub(crate) async fn sweep(&mut self, deadline: &Deadline) {
        let deadline = &deadline.at_most(SWEEP);
        drop(self.prune_logins(false, deadline).await);
        let Ok(found) = self.prunable(deadline).await else { return };
        for entry in found.iter().filter(|entry| entry.reason == CloneRemoval::Over).take(SWEPT) {
            drop(self.remove_pruned(entry, deadline).await);
        }
    }
}

#[cfg(test)]
mod tests;
