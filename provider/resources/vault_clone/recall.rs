//! What an object has forgotten of its copies.
//!
//! Terraform keeps the nonce beside the state, and loses it twice: when the provider is killed in the middle of an
//! update, and when a tainted object is replaced, whose destroy is given what the plan of the new one said. The copies
//! themselves still say which run made them. They are asked only where no other object can have taken them over since:
//! in a refresh, which comes before a replacement, and in a destroy that comes before the create of the same replacement.

use std::time::SystemTime;

use eod_clients::Call as Remote;
use eod_clients::vault::clone::Owner;
use eod_clients::vault::{MountInfo, Vault};
use eod_domain::Nonce;
use eod_domain::vault::{KeyFacts, KeyRecord, KeyResult, Provenance, SecretPath, SecretRef, Verdict, judge};
use jiff::Timestamp;
use tfplugin::Diag;

use super::records::Records;
use crate::explain;

/// Whose copies they are, but for the nonce, and from where to where they go.
pub(super) struct Forgotten<'a> {
    pub(super) vault: &'a Vault,
    pub(super) source: &'a SecretRef,
    pub(super) target: &'a SecretRef,
    pub(super) owner: &'a Owner,
}

impl Forgotten<'_> {
    /// The nonce in the marks of the first copy that is one of this environment and source.
    pub(super) async fn nonce(&self, recorded: &Records, remote: &Remote) -> Result<Option<Nonce>, Diag> {
        for (path, record) in recorded {
            if let Some(facts) = self.facts(path, record, remote).await?
                && let Some(ours) = self.provenance(path)
                && let Verdict::Ours { .. } = judge(Some(&facts), &ours)
            {
                return Ok(facts.marks.nonce);
            }
        }
        Ok(None)
    }

    /// Adds when the copies were stored that have no marks, because the create failed before it wrote them. `since` is
    /// when the first of them was. The refresh before has just told them from other secrets.
    pub(super) async fn times(&self, recorded: &mut Records, since: Timestamp, remote: &Remote) -> Result<(), Diag> {
        for (path, record) in recorded {
            if let Some(facts) = self.facts(path, record, remote).await? {
                record.created_time = stored_by(&facts, record, since);
            }
        }
        Ok(())
    }

    async fn facts(&self, path: &SecretPath, record: &KeyRecord, remote: &Remote) -> Result<Option<KeyFacts>, Diag> {
        if record.result == KeyResult::KeptForeign {
            return Ok(None);
        }
        let mount = MountInfo::v2(self.target.mount().clone());
        let found = self.vault.metadata(&mount, path, remote).await.map_err(|error| explain::remote(&error))?;
        // Whether a version's end has passed makes no difference to whose it is.
        Ok(found.map(|metadata| metadata.facts(SystemTime::UNIX_EPOCH)))
    }

    /// What the marks of the copy at a path would say.
    fn provenance(&self, path: &SecretPath) -> Option<Provenance> {
        let below = path.as_str().strip_prefix(self.target.path().as_str())?;
        let source = format!("{}{below}", self.source.path()).parse().ok()?;
        Some(Provenance {
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
    let same = facts.marks.is_empty() && facts.current_version == record.version;
    (same && stored.parse::<Timestamp>().ok()? >= since).then_some(stored)
}

#[cfg(test)]
mod tests {
    use eod_clients::vault::{Access, Settings};
    use eod_domain::vault::KeyMarks;

    use super::*;

    #[test]
    fn a_copy_comes_from_the_same_place_below_the_source() {
        let owner = Owner {
            environment: "pr-1".parse().unwrap(),
            installation: "acme".parse().unwrap(),
            nonce: Nonce::recorded(""),
        };
        let vault = Vault::new(Access::new(Settings::default()).unwrap(), "test");
        let (source, target) = ("secret/stage/shop".parse().unwrap(), "kv/preview/pr-1".parse().unwrap());
        let forgotten = Forgotten { vault: &vault, source: &source, target: &target, owner: &owner };
        let of = |path: &str| forgotten.provenance(&path.parse().unwrap()).map(|it| it.source.to_string());
        assert_eq!(of("preview/pr-1").as_deref(), Some("secret/stage/shop"));
        assert_eq!(of("preview/pr-1/db/ro").as_deref(), Some("secret/stage/shop/db/ro"));
        assert_eq!(of("elsewhere"), None);
    }

    #[test]
    fn what_has_marks_or_is_older_or_newer_is_not_what_the_create_stored() {
        let since: Timestamp = "2026-01-01T00:00:05Z".parse().unwrap();
        let record = KeyRecord {
            source_version: None,
            version: 1,
            result: KeyResult::Cloned,
            edited: false,
            created_time: None,
        };
        let facts = |version: u64, time: &str| KeyFacts {
            current_version: version,
            created_time: Some(time.to_owned()),
            ..KeyFacts::default()
        };
        let stored = |facts: &KeyFacts| stored_by(facts, &record, since).is_some();
        assert!(stored(&facts(1, "2026-01-01T00:00:05.123456789Z")));
        assert!(!stored(&facts(1, "2026-01-01T00:00:04.9Z")));
        assert!(!stored(&facts(2, "2026-01-01T00:00:06Z")));
        let marks = KeyMarks { environment: Some("pr-2".to_owned()), ..KeyMarks::default() };
        assert!(!stored(&KeyFacts { marks, ..facts(1, "2026-01-01T00:00:06Z") }));
    }
}
