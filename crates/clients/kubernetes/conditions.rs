//! Conditions of a namespace that is being deleted.
//!
//! The namespace controller always writes all five conditions; only those with `status == "True"` are true. The
//! messages of two of them list resources and finalizers: `pods. has 2 resource instances` (`plural.group`, the core
//! group is empty) and `example.com/hold in 1 resource instances`.

use serde_json::Value;

/// The conditions that are true, parsed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Conditions {
    pub(super) resources: Vec<Remaining>,
    pub(super) finalizers: Vec<(String, u64)>,
    /// The group versions that cannot be discovered; empty with `discovery_failed` if the message names none.
    pub(super) undiscovered: Vec<String>,
    pub(super) discovery_failed: bool,
    /// Messages of the other conditions.
    pub(super) failures: Vec<String>,
}

/// Objects of one resource that still exist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Remaining {
    pub(super) plural: String,
    pub(super) group: String,
    pub(super) count: u64,
}

impl Conditions {
    /// Parses the status of a namespace.
    pub(super) fn of(namespace: &Value) -> Self {
        let mut found = Self::default();
        for (kind, message) in holding(namespace) {
            match kind {
                "NamespaceContentRemaining" => found.resources.extend(entries(message).filter_map(remaining)),
                "NamespaceFinalizersRemaining" => found.finalizers.extend(entries(message).filter_map(finalizer)),
                "NamespaceDeletionDiscoveryFailure" => {
                    found.discovery_failed = true;
                    found.undiscovered = group_versions(message);
                }
                "NamespaceDeletionGroupVersionParsingFailure" | "NamespaceDeletionContentFailure" => {
                    found.failures.push(message.to_owned());
                }
                _ => {}
            }
        }
        found
    }
}

/// Status of an object on one line: its phase, the start of its deletion, and the conditions that are true.
pub(super) fn summary(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let mut parts = Vec::new();
    parts.extend(text("/status/phase").map(|phase| format!("phase {phase}")));
    parts.extend(text("/metadata/deletionTimestamp").map(|time| format!("being deleted since {time}")));
    parts.extend(holding(object).map(|(_, message)| message.to_owned()).filter(|message| !message.is_empty()));
    if parts.is_empty() { "it exists and is not being deleted".to_owned() } else { parts.join("; ") }
}

fn holding(object: &Value) -> impl Iterator<Item = (&str, &str)> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().filter_map(|condition| {
        let text = |key: &str| condition.get(key).and_then(Value::as_str);
        (text("status") == Some("True")).then(|| (text("type").unwrap_or(""), text("message").unwrap_or("")))
    })
}

/// Entries of the list after the first colon.
fn entries(message: &str) -> impl Iterator<Item = &str> {
    let list = message.split_once(": ").map_or("", |(_, list)| list);
    list.split(", ").map(str::trim)
}

fn remaining(entry: &str) -> Option<Remaining> {
    let (resource, rest) = entry.split_once(" has ")?;
    let (plural, group) = resource.split_once('.')?;
    Some(Remaining { plural: plural.to_owned(), group: group.to_owned(), count: first_number(rest)? })
}

fn finalizer(entry: &str) -> Option<(String, u64)> {
    let (name, rest) = entry.rsplit_once(" in ")?;
    Some((name.to_owned(), first_number(rest)?))
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// Every `group/v1` in a message, each once.
fn group_versions(message: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in message.split_whitespace() {
        let word = word.trim_matches([',', ':', ';', '"', '(', ')', '[', ']']);
        let Some((group, version)) = word.split_once('/') else { continue };
        let is_version = version.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if is_version && group.contains('.') && !found.iter().any(|seen| seen == word) {
            found.push(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests;
