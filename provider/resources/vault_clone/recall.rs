//! What an object has forgotten of its copies.
//!
//! Terraform keeps the nonce beside the state, and loses it twice: when the provider is killed in the middle of an
//! update, and when a tainted object is replaced, whose destroy is given what the plan of the new one said. The copies
//! themselves still say which run made them. They are asked only where no other object can have taken them over since:
//! in a refresh, which comes before a replacement, and in a destroy that comes before the create of the same replacement.

use std::time::SystemTime;

use eod_clients::Deadline;
use eod_clients::vault::clone::CopyOwner;
use eod_clients::vault::{MountInfo, Vault};
use eod_domain::Nonce;
use eod_domain::vault::{CopyCheck, CopyProvenance, KeyFacts, KeyRecord, KeyResult, SecretPath, SecretRef, check_copy};
use jiff::Timestamp;
use tfplugin::Diag;

use super::records::Records;
use crate::explain;

/// Whose copies they are, but for the nonce, and from where to where they go.
pub(super) struct Forgotten<'a> {
    pub(super) vault: &'a Vault,
    pub(super) source: &'a SecretRef,
    pub(super) target: &'a SecretRef,
    pub(super) owner: &'a CopyOwner,
}

impl Forgotten<'_> {
    /// The nonce in the marks of the first copy that is one of this environment and source.
    pub(super) async fn nonce(&self, recorded: &Records, remote: &Deadline) -> Result<Option<Nonce>, Diag> {
        for (path, record) in recorded {
            if let Some(facts) = self.facts(path, record, remote).await?
                && let Some(ours) = self.provenance(path)
                && let CopyCheck::Ours { .. } = check_copy(Some(&facts), &ours)
            {
                return Ok(facts.ownership.nonce);
            }
        }
        Ok(None)
    }

    /// Adds when the copies were stored that have no marks, because the create failed before it wrote them. `since` is
    /// when the first of them was. The refresh before has just told them from other secrets.
    pub(super) async fn times(&self, recorded: &mut Records, since: Timestamp, remote: &Deadline) -> Result<(), Diag> {
        for (path, record) in recorded {
            if let Some(facts) = self.facts(path, record, remote).await? {
                record.created_time = stored_by(&facts, record, since);
            }
        }
        Ok(())
    }

    async fn facts(&self, path: &SecretPath, record: &KeyRecord, remote: &Deadline) -> Result<Option<KeyFacts>, Diag> {
        if record.result == KeyResult::KeptForeign {
            return Ok(None);
        }
        let mount = MountInfo::v2(self.target.mount().clone());
        let found = self.vault.metadata(&mount, path, remote).await.map_err(|error| explain::remote(&error))?;
        // Whether a version's end has passed makes no difference to whose it is.
        Ok(found.map(|metadata| metadata.facts(SystemTime::UNIX_EPOCH)))
    }

    /// What the marks of the copy at a path would say.
    fn provenance(&self, path: &SecretPath) -> Option<CopyProvenance> {
        let below = path.as_str().strip_prefix(self.target.path().as_str())?;
        let source = format!("{}{below}", self.source.path()).parse().ok()?;
        Some(CopyProvenance {
            environment: self.owner.environment.clone(),
            installation: self.owner.installation.clone(),
            source: SecretRef::new(self.source.mount().clone(), source),
            source_version: None,
            created: None,
            nonce: self.owner.nonce.clone(),
        })
    }
}

/// When the version of a record was stored, if it is the newest, without marks, and not older than the first.
fn stored_by(facts: &KeyFacts, record: &KeyRecord, since: Timestamp) -> Option<String> {
    let stored = facts.created_time.clone()?;
    let same = facts.ownership.is_empty() && facts.current_version == record.version;
    (same && stored.parse::<Timestamp>().ok()? >= since).then_some(stored)
}

#[cfg(test)]
mod tests;
