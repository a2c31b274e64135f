//! The audit log, in particular as proof that a secret was not read.
//!
//! A server writes an entry before it answers, so the log is complete when a call has returned.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::Client;

/// A server's audit log from a given position.
pub struct Audit {
    log: PathBuf,
    /// Name of the audit device that writes the log. Its salt is needed for hashes.
    device: String,
    from: u64,
    client: Client,
}

/// An answered call.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// `create`, `update`, `patch`, `read`, `list` or `delete`.
    pub operation: String,
    /// Path with the mount, without `/v1/`.
    pub path: String,
    /// The error, for example a missing permission.
    pub error: Option<String>,
}

impl Audit {
    /// Finds the device that writes the file.
    #[track_caller]
    pub(super) fn find(client: &Client, log: &Path) -> Self {
        let device = devices(client).into_iter().find(|(_, file)| file == log);
        let (device, log) = device.unwrap_or_else(|| panic!("no audit device writes {}", log.display()));
        Self { log, device, from: 0, client: client.clone() }
    }

    /// The log from its current end.
    #[track_caller]
    pub fn starting_here(self) -> Self {
        Self { from: self.log.metadata().unwrap().len(), ..self }
    }

    /// All calls at or below a path, in order. The prefix consists of whole segments: `secret/data/pr-1` does not match
    /// `secret/data/pr-12`.
    #[track_caller]
    pub fn operations(&self, prefix: &str) -> Vec<Operation> {
        let entries = self.answered().into_iter().map(|entry| Operation {
            operation: text(&entry, "/request/operation"),
            path: text(&entry, "/request/path"),
            error: Some(text(&entry, "/error")).filter(|error| !error.is_empty()),
        });
        entries.filter(|entry| within(&entry.path, prefix)).collect()
    }

    /// True if the data of a secret at or below a path was read, in KV version 1 or 2.
    #[track_caller]
    pub fn was_read(&self, mount: &str, path: &str) -> bool {
        let places = [format!("{mount}/data/{path}"), format!("{mount}/{path}")];
        let at = |place: &String| {
            let calls = self.operations(place);
            calls.iter().any(|call| call.operation == "read" && call.error.is_none())
        };
        places.iter().any(at)
    }

    /// True if any answer contained this string as a value.
    #[track_caller]
    pub fn value_ever_returned(&self, value: &str) -> bool {
        let path = format!("sys/audit-hash/{}", self.device);
        let answer = self.client.done("POST", &path, Some(&json!({ "input": value })));
        let hash = answer["data"]["hash"].as_str().unwrap();
        self.answered().iter().any(|entry| holds(&entry["response"]["data"], hash))
    }

    /// Entries of answered calls.
    #[track_caller]
    fn answered(&self) -> Vec<Value> {
        let mut file = File::open(&self.log).unwrap();
        // From the byte before: the position may be in the middle of a line of another test's call.
        file.seek(SeekFrom::Start(self.from.saturating_sub(1))).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let begin = if self.from == 0 {
            0
        } else {
            bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1)
        };
        let text = String::from_utf8(bytes.split_off(begin)).unwrap();
        // The last line may be incomplete, because another test's call is writing it.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let entries = whole.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        entries.filter(|entry| entry["type"] == "response").collect()
    }
}

/// File audit devices of a server with logs that this machine can read.
#[track_caller]
pub(super) fn devices(client: &Client) -> Vec<(String, PathBuf)> {
    let answer = client.done("GET", "sys/audit", None);
    let devices = answer["data"].as_object().unwrap();
    let found = devices.iter().filter_map(|(name, device)| {
        let file = PathBuf::from(device.pointer("/options/file_path")?.as_str()?);
        File::open(&file).ok()?;
        Some((name.trim_end_matches('/').to_owned(), file))
    });
    found.collect()
}

/// Enables an audit log, for a server without a readable one.
pub(super) fn enable(client: &Client, name: &str, file: &Path) -> Result<(), String> {
    let device = json!({ "type": "file", "options": { "file_path": file, "mode": "0600" } });
    match client.call("PUT", &format!("sys/audit/{name}"), Some(&device)) {
        (200..=299, _) if file.exists() => Ok(()),
        (200..=299, _) => Err(format!("its audit log {} cannot be read from here", file.display())),
        (status, answer) => Err(format!("an audit log cannot be turned on: {status} {answer}")),
    }
}

fn within(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn holds(value: &Value, hash: &str) -> bool {
    match value {
        Value::String(text) => text == hash,
        Value::Array(items) => items.iter().any(|item| holds(item, hash)),
        Value::Object(fields) => fields.values().any(|field| holds(field, hash)),
        _ => false,
    }
}

fn text(entry: &Value, pointer: &str) -> String {
    entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
