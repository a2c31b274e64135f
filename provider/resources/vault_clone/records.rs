//! Conversion of the copies in a state to the domain's records, and back.

use std::collections::BTreeMap;

use eod_clients::vault::Vault;
use eod_domain::vault::{KeyRecord, KeyResult, SecretPath, SecretRef};
use jiff::Timestamp;
use tfplugin::Diag;

use super::model::{Input, KeyArgs, Output, Private};
use super::place;

/// Copies by path.
pub(super) type Records = BTreeMap<SecretPath, KeyRecord>;

/// The copies in a state.
///
/// # Errors
/// The state is invalid, with the path of the invalid entry.
pub(super) fn recorded(output: &Output, private: &Private) -> Result<Records, Diag> {
    let unreadable = |path: &str, error: &dyn std::fmt::Display| {
        Diag::error("The state of the copies cannot be read")
            .detail(format!("`keys[\"{path}\"]` is invalid: {error}."))
            .hint("restore the state from a backup, or remove the resource from it and import the copy again")
    };
    let record = |(path, key): (&String, &KeyArgs)| {
        let record = KeyRecord {
            source_version: key.source_version,
            version: key.version,
            result: key.result.parse::<KeyResult>().map_err(|error| unreadable(path, &error))?,
            edited: key.edited,
            created_time: private.created.get(path).cloned(),
        };
        Ok((path.parse().map_err(|error| unreadable(path, &error))?, record))
    };
    output.keys.iter().map(record).collect()
}

/// Value of the attribute `keys`.
pub(super) fn keys(records: &Records) -> BTreeMap<String, KeyArgs> {
    records.iter().map(|(path, record)| (path.to_string(), KeyArgs::of(record))).collect()
}

/// Storage time of each copy on the server.
pub(super) fn created(records: &Records) -> BTreeMap<String, String> {
    let time = |(path, record): (&SecretPath, &KeyRecord)| Some((path.to_string(), record.created_time.clone()?));
    records.iter().filter_map(time).collect()
}

/// All computed attributes.
pub(super) fn output(vault: &Vault, input: &Input, target: &SecretRef, records: &Records, now: Timestamp) -> Output {
    Output {
        id: target.to_string(),
        keys: keys(records),
        secret_ref: target.to_string(),
        sensitive_secret_ref: sensitive_ref(input),
        vault_ui_url: vault.ui_url(target),
        created_at: created_at_or_now(records.values(), now).to_string(),
    }
}

/// Value of the attribute `sensitive_secret_ref`.
pub(super) fn sensitive_ref(input: &Input) -> Option<String> {
    let path = input.sensitive_path.as_ref()?;
    Some(SecretRef::new(place::mount_or_default(input.mount.as_ref()), path.0.clone()).to_string())
}

/// Storage time of the first of the copies, in whole seconds; `now` if there is none.
pub(super) fn created_at_or_now<'a>(records: impl Iterator<Item = &'a KeyRecord>, now: Timestamp) -> Timestamp {
    let times = records.filter_map(|record| record.created_time.as_ref()?.parse::<Timestamp>().ok());
    let first = times.min().unwrap_or(now);
    Timestamp::from_second(first.as_second()).unwrap_or(first)
}

impl KeyArgs {
    /// The copy as an entry of `keys`.
    pub(crate) fn of(record: &KeyRecord) -> Self {
        Self {
            source_version: record.source_version,
            version: record.version,
            result: record.result.to_string(),
            edited: record.edited,
        }
    }
}
