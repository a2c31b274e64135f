//! Secrets and their metadata. Values are never shown and are wiped from memory when they are dropped.

use std::{borrow::Cow, collections::BTreeMap, fmt, time::SystemTime};

use eod_domain::vault::{CopyOwnership, KeyFacts};
use jiff::Timestamp;
use serde_json::{Map, Value};
use zeroize::Zeroize;

/// The entries of a secret.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct SecretMap(BTreeMap<String, Value>);

/// A secret with its value.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Entries of the secret.
    pub data: SecretMap,
    /// Version of the secret; `None` on a KV version 1 mount.
    pub version: Option<u64>,
    /// Time of the write as the server reports it.
    pub created_time: Option<String>,
    /// Custom metadata, which is not secret.
    pub custom_metadata: BTreeMap<String, String>,
}

/// Metadata of a secret on a KV version 2 mount.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// The newest version; 0 if there is only metadata.
    pub current_version: u64,
    /// The versions that the server keeps.
    pub versions: BTreeMap<u64, VersionState>,
    /// Custom metadata.
    pub custom_metadata: BTreeMap<String, String>,
    /// Time of the creation as the server reports it.
    pub created_time: String,
    /// Time of the last change as the server reports it.
    pub updated_time: String,
}

/// State of one version.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VersionState {
    /// Time of the write as the server reports it.
    pub created_time: String,
    /// Time of the deletion, which may be in the future; empty if there is none.
    pub deletion_time: String,
    /// True if the value cannot be restored.
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

    /// True if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries as text: strings as they are, other values as JSON.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.0.iter().map(|(key, value)| {
            let text = match value {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            };
            (key.as_str(), text)
        })
    }

    /// Removes some entries.
    #[must_use]
    pub fn without<K: AsRef<str>>(mut self, keys: &[K]) -> Self {
        for key in keys {
            if let Some(mut value) = self.0.remove(key.as_ref()) {
                wipe(&mut value);
            }
        }
        self
    }

    /// Adds the entries of another map, which replace those of the same name.
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
    pub(super) fn read_v2(mut response: Value) -> Self {
        let mut outer = response.get_mut("data").map(Value::take).unwrap_or_default();
        wipe(&mut response);
        let metadata = outer.get("metadata").cloned().unwrap_or_default();
        Self {
            data: SecretMap::read(outer.get_mut("data")),
            version: metadata.get("version").and_then(Value::as_u64),
            created_time: metadata.get("created_time").and_then(Value::as_str).map(str::to_owned),
            custom_metadata: strings(metadata.get("custom_metadata")),
        }
    }

    pub(super) fn read_v1(mut response: Value) -> Self {
        let data = SecretMap::read(response.get_mut("data"));
        Self { data, version: None, created_time: None, custom_metadata: BTreeMap::new() }
    }
}

impl Metadata {
    pub(super) fn read(response: &Value) -> Self {
        let data = response.get("data").unwrap_or(&Value::Null);
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

    /// The facts that decide about ownership. `now` decides if the deletion time of a version has passed.
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
    /// The version of the last own write, from the ownership metadata; the default is the first one.
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

    /// True if the value cannot be read any more. An invalid deletion time counts as passed.
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

/// Overwrites the strings of a value. Numbers and names of entries are not overwritten.
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
