//! Recovery of private data that a state has lost.
//!
//! Terraform stores the nonce in private data, and loses it in two cases: if the provider is killed during an update,
//! and if a tainted object is replaced, because its destroy gets the private data of the plan of the new object. The
//! ownership metadata of the copies still has the nonce. It is used only if no other object can have taken the copies
//! over since: in a refresh, which runs before a replacement, and in a destroy that runs before the create of the same
//! replacement.

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

/// Owner (without the nonce), source and target of copies.
pub(super) struct Forgotten<'a> {
    pub(super) vault: &'a Vault,
    pub(super) source: &'a SecretRef,
    pub(super) target: &'a SecretRef,
    pub(super) owner: &'a CopyOwner,
}

impl Forgotten<'_> {
    /// Nonce in the ownership metadata of the first copy of this environment and source.
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

    /// Adds the storage time of copies without ownership metadata: the create failed before it wrote the metadata.
    /// `since` is the time of the first of them. The refresh before has distinguished them from other secrets.
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
        // The expiry of a version has no effect on its ownership.
        Ok(found.map(|metadata| metadata.facts(SystemTime::UNIX_EPOCH)))
    }

    /// Expected ownership metadata of the copy at a path.
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

/// Storage time of the version of a record, if it is the newest, has no ownership metadata, and is not older than
/// the first.
fn stored_by(facts: &KeyFacts, record: &KeyRecord, since: Timestamp) -> Option<String> {
    let stored = facts.created_time.clone()?;
    let same = facts.ownership.is_empty() && facts.current_version == record.version;
    (same && stored.parse::<Timestamp>().ok()? >= since).then_some(stored)
}

#[cfg(test)]
mod tests;
