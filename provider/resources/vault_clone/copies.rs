//! Copies recognised by their ownership metadata, for imports and the data source.

use std::collections::BTreeMap;
use std::time::SystemTime;

use eod_clients::vault::Metadata;
use eod_clients::vault::clone::Inspected;
use eod_domain::vault::{CopyOwnership, EnvironmentLabel, KeyRecord, KeyResult, SecretPath, SecretRef, edited};
use eod_domain::{Installation, Nonce};
use jiff::Timestamp;

use super::model::KeyArgs;
use super::records;

/// The copies of one run at and below a path.
pub(crate) struct Copies {
    /// Path.
    pub(crate) target: SecretRef,
    /// Environment of the copies.
    pub(crate) environment: EnvironmentLabel,
    /// Installation that created them.
    pub(crate) installation: Installation,
    /// Nonce of the run.
    pub(crate) nonce: Nonce,
    /// Source, `<mount>/<path>`, as recorded in the ownership metadata.
    pub(crate) source: String,
    /// True if it is a subtree.
    pub(crate) recursive: bool,
    /// Copies by path.
    pub(crate) records: BTreeMap<SecretPath, KeyRecord>,
}

/// One secret with all ownership metadata.
struct OwnedSecret<'a> {
    path: &'a SecretPath,
    metadata: &'a Metadata,
    ownership: CopyOwnership,
    /// Environment, installation and nonce.
    owner: (EnvironmentLabel, Installation, Nonce),
    /// Source of the root: the recorded source without the path below the root.
    source: String,
}

impl Copies {
    /// The copies among these secrets: those of the run that created the first of them. `None` if there is none.
    pub(crate) fn among(found: &Inspected, now: SystemTime) -> Option<Self> {
        let owned =
            found.keys.iter().filter_map(|(path, metadata)| OwnedSecret::read(path, metadata, found.root.path()));
        let owned: Vec<_> = owned.collect();
        let first = owned.first()?;
        let same = owned.iter().filter(|each| each.owner == first.owner && each.source == first.source);
        let records: BTreeMap<_, _> = same.map(|each| (each.path.clone(), each.record(now))).collect();
        let (environment, installation, nonce) = first.owner.clone();
        Some(Self {
            target: found.root.clone(),
            environment,
            installation,
            nonce,
            source: first.source.clone(),
            recursive: records.keys().any(|path| path != found.root.path()),
            records,
        })
    }

    /// Value of the attribute `keys`.
    pub(crate) fn keys(&self) -> BTreeMap<String, KeyArgs> {
        records::keys(&self.records)
    }

    /// Storage time of the first of them.
    pub(crate) fn created_at_or_now(&self, now: Timestamp) -> Timestamp {
        records::created_at_or_now(self.records.values(), now)
    }
}

impl<'a> OwnedSecret<'a> {
    fn read(path: &'a SecretPath, metadata: &'a Metadata, root: &SecretPath) -> Option<Self> {
        let ownership = CopyOwnership::read(&metadata.custom_metadata);
        let environment = ownership.environment.as_ref()?.parse().ok()?;
        let installation = ownership.installation.as_ref()?.parse().ok()?;
        let nonce = ownership.nonce.clone()?;
        let below = path.as_str().strip_prefix(root.as_str())?;
        let source = ownership.source.as_ref()?.strip_suffix(below)?.to_owned();
        Some(Self { path, metadata, ownership, owner: (environment, installation, nonce), source })
    }

    fn record(&self, now: SystemTime) -> KeyRecord {
        let version = self.metadata.written(&self.ownership);
        KeyRecord {
            source_version: self.ownership.source_version,
            version,
            result: KeyResult::Cloned,
            edited: edited(&self.metadata.facts(now), version),
            created_time: self.ownership.created.clone(),
        }
    }
}
