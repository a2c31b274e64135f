//! What the namespace controller says about a namespace that does not go away.
//!
//! It writes all five of its conditions, also those that do not hold, so only `status == "True"` counts. Resources and
//! finalizers stand in the messages of two of them, as lists: `pods. has 2 resource instances` (`plural.group`, the
//! core group is empty) and `example.com/hold in 1 resource instances`.

use serde_json::Value;

/// The conditions that hold, taken apart.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Conditions {
    pub(super) resources: Vec<Remaining>,
    pub(super) finalizers: Vec<(String, u64)>,
    /// The group versions whose discovery failed; empty with `discovery_failed` when the message names none.
    pub(super) undiscovered: Vec<String>,
    pub(super) discovery_failed: bool,
    /// The messages of the other conditions.
    pub(super) failures: Vec<String>,
}

/// Objects of one resource that are still there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Remaining {
    pub(super) plural: String,
    pub(super) group: String,
    pub(super) count: u64,
}

impl Conditions {
    /// Reads the status of a namespace.
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

/// One line on how an object stands: its phase, when its deletion began, and the conditions that hold.
pub(super) fn summary(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let mut parts = Vec::new();
    parts.extend(text("/status/phase").map(|phase| format!("phase {phase}")));
    parts.extend(text("/metadata/deletionTimestamp").map(|time| format!("being deleted since {time}")));
    parts.extend(holding(object).map(|(_, message)| message.to_owned()).filter(|message| !message.is_empty()));
    if parts.is_empty() { "it is there and not being deleted".to_owned() } else { parts.join("; ") }
}

fn holding(object: &Value) -> impl Iterator<Item = (&str, &str)> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().filter_map(|condition| {
        let text = |key: &str| condition.get(key).and_then(Value::as_str);
        (text("status") == Some("True")).then(|| (text("type").unwrap_or(""), text("message").unwrap_or("")))
    })
}

/// The entries of a list that follows the first colon.
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

/// Every `group/v1`-like word, each once.
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
