//! Secrets and their metadata as values. A value is shown by nothing here, and wiped from memory when it is dropped.

use std::{borrow::Cow, collections::BTreeMap, fmt, time::SystemTime};

use eod_domain::vault::{CopyOwnership, KeyFacts};
use jiff::Timestamp;
use serde_json::{Map, Value};
use zeroize::Zeroize;

/// The entries of a secret.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct SecretMap(BTreeMap<String, Value>);

/// A secret as it was read.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Its entries.
    pub data: SecretMap,
    /// Its version; none on a KV version 1 mount.
    pub version: Option<u64>,
    /// When the version was stored, as the server wrote it.
    pub created_time: Option<String>,
    /// What people wrote on it; not secret.
    pub custom_metadata: BTreeMap<String, String>,
}

/// What a KV version 2 mount knows about a secret apart from its value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// The newest version; 0 where there is metadata only.
    pub current_version: u64,
    /// The versions that are remembered.
    pub versions: BTreeMap<u64, VersionState>,
    /// What people wrote on it.
    pub custom_metadata: BTreeMap<String, String>,
    /// When the secret was made, as the server wrote it.
    pub created_time: String,
    /// When it was changed last, as the server wrote it.
    pub updated_time: String,
}

/// One version.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VersionState {
    /// When it was stored, as the server wrote it.
    pub created_time: String,
    /// When it was or will be deleted; empty where it was not.
    pub deletion_time: String,
    /// Whether its value is gone for good.
    pub destroyed: bool,
}

impl SecretMap {
    /// The names of the entries.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// One entry.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries as text: strings as they are, everything else as JSON.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.0.iter().map(|(key, value)| {
            let text = match value {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            };
            (key.as_str(), text)
        })
    }

    /// The same without some entries.
    #[must_use]
    pub fn without<K: AsRef<str>>(mut self, keys: &[K]) -> Self {
        for key in keys {
            if let Some(mut value) = self.0.remove(key.as_ref()) {
                wipe(&mut value);
            }
        }
        self
    }

    /// The same with the entries of another put over it.
    #[must_use]
    pub fn with(mut self, over: &Self) -> Self {
        for (key, value) in &over.0 {
            if let Some(mut old) = self.0.insert(key.clone(), value.clone()) {
                wipe(&mut old);
            }
        }
        self
    }

    /// The entries as one JSON object, for a request.
    pub(super) fn to_json(&self) -> Value {
        Value::Object(self.0.clone().into_iter().collect::<Map<_, _>>())
    }

    pub(super) fn read(data: Option<&mut Value>) -> Self {
        match data.map(Value::take) {
            Some(Value::Object(entries)) => Self(entries.into_iter().collect()),
            _ => Self::default(),
        }
    }
}

impl FromIterator<(String, String)> for SecretMap {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key, Value::String(value))).collect())
    }
}

impl fmt::Debug for SecretMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretMap({} entries)", self.0.len())
    }
}

impl Drop for SecretMap {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

impl Secret {
    pub(super) fn read_v2(mut answer: Value) -> Self {
        let mut outer = answer.get_mut("data").map(Value::take).unwrap_or_default();
        wipe(&mut answer);
        let metadata = outer.get("metadata").cloned().unwrap_or_default();
        Self {
            data: SecretMap::read(outer.get_mut("data")),
            version: metadata.get("version").and_then(Value::as_u64),
            created_time: metadata.get("created_time").and_then(Value::as_str).map(str::to_owned),
            custom_metadata: strings(metadata.get("custom_metadata")),
        }
    }

    pub(super) fn read_v1(mut answer: Value) -> Self {
        let data = SecretMap::read(answer.get_mut("data"));
        Self { data, version: None, created_time: None, custom_metadata: BTreeMap::new() }
    }
}

impl Metadata {
    pub(super) fn read(answer: &Value) -> Self {
        let data = answer.get("data").unwrap_or(&Value::Null);
        let versions = data.get("versions").and_then(Value::as_object).into_iter().flatten();
        let version = |(number, state): (&String, &Value)| Some((number.parse().ok()?, VersionState::read(state)));
        Self {
            current_version: data.get("current_version").and_then(Value::as_u64).unwrap_or(0),
            versions: versions.filter_map(version).collect(),
            custom_metadata: strings(data.get("custom_metadata")),
            created_time: text(data, "created_time"),
            updated_time: text(data, "updated_time"),
        }
    }

    /// What ownership is judged by. `now` decides whether the end that a version was given has passed.
    pub fn facts(&self, now: SystemTime) -> KeyFacts {
        let current = self.versions.get(&self.current_version);
        KeyFacts {
            current_version: self.current_version,
            deleted: current.is_some_and(|version| version.is_gone(now)),
            created_time: current.map(|version| version.created_time.clone()),
            ownership: CopyOwnership::read(&self.custom_metadata),
        }
    }
}

impl Metadata {
    /// The version that we wrote last, as the marks tell it; the first where they do not.
    pub fn written(&self, ownership: &CopyOwnership) -> u64 {
        let ours =
            self.versions.iter().find(|(_, state)| ownership.created.as_deref() == Some(state.created_time.as_str()));
        ours.map_or(1, |(version, _)| *version)
    }
}

impl VersionState {
    fn read(state: &Value) -> Self {
        let destroyed = state.get("destroyed").and_then(Value::as_bool).unwrap_or(false);
        Self { created_time: text(state, "created_time"), deletion_time: text(state, "deletion_time"), destroyed }
    }

    /// Whether its value can no longer be read. An end that cannot be understood counts as passed.
    pub fn is_gone(&self, now: SystemTime) -> bool {
        let ended = |end: &str| match (end.parse::<Timestamp>(), Timestamp::try_from(now)) {
            (Ok(end), Ok(now)) => end <= now,
            _ => true,
        };
        self.destroyed || (!self.deletion_time.is_empty() && ended(&self.deletion_time))
    }
}

fn text(object: &Value, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn strings(map: Option<&Value>) -> BTreeMap<String, String> {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Overwrites the texts of a value. Numbers and names of entries stay.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(entries) => entries.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
