//! Copies that are in no state: recognised by their marks, for imports and the data source.

use std::collections::BTreeMap;
use std::time::SystemTime;

use eod_clients::vault::Metadata;
use eod_clients::vault::clone::Inspected;
use eod_domain::vault::{CopyOwnership, EnvironmentLabel, KeyRecord, KeyResult, SecretPath, SecretRef, edited};
use eod_domain::{Installation, Nonce};
use jiff::Timestamp;

use super::model::KeyArgs;
use super::records;

/// The copies that one run has made at and below a path.
pub(crate) struct Copies {
    /// The path.
    pub(crate) target: SecretRef,
    /// The environment they are for.
    pub(crate) environment: EnvironmentLabel,
    /// The installation that made them.
    pub(crate) installation: Installation,
    /// The nonce of the run.
    pub(crate) nonce: Nonce,
    /// What they are copies of, `<mount>/<path>`, as the marks have it.
    pub(crate) source: String,
    /// Whether it is a subtree.
    pub(crate) recursive: bool,
    /// The copies by path.
    pub(crate) records: BTreeMap<SecretPath, KeyRecord>,
}

/// One secret with all our marks.
struct Marked<'a> {
    path: &'a SecretPath,
    metadata: &'a Metadata,
    ownership: CopyOwnership,
    /// Environment, installation and nonce.
    owner: (EnvironmentLabel, Installation, Nonce),
    /// The source of the whole, which every part names with its own path behind it.
    source: String,
}

impl Copies {
    /// The copies among what was found; those of the run that made the first of them. None if there is no copy.
    pub(crate) fn among(found: &Inspected, now: SystemTime) -> Option<Self> {
        let marked = found.keys.iter().filter_map(|(path, metadata)| Marked::read(path, metadata, found.root.path()));
        let marked: Vec<_> = marked.collect();
        let first = marked.first()?;
        let same = marked.iter().filter(|each| each.owner == first.owner && each.source == first.source);
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

    /// The copies as a state shows them.
    pub(crate) fn keys(&self) -> BTreeMap<String, KeyArgs> {
        records::keys(&self.records)
    }

    /// When the first of them was stored.
    pub(crate) fn created_at(&self, now: Timestamp) -> Timestamp {
        records::created_at(self.records.values(), now)
    }
}

impl<'a> Marked<'a> {
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
