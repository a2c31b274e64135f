//! Differences between two renders of one chart. Argo CD would apply a difference at every sync.

use eod_yaml::PathStep;
use serde_json::Value;

use crate::manifest::Manifest;
use crate::refusal::{Refusal, RefusalRule, Refusals};

/// Maximum number of refused fields of one object.
const MAX_FIELDS: usize = 5;

/// Refusals of all fields that differ; none if the renders are equal. Values are not named, because they can be secret.
pub(super) fn refusals(first: &[Manifest], second: &[Manifest], reason: &str, remedy: &str) -> Option<Refusals> {
    let mut refusals = Vec::new();
    for manifest in first {
        match second.iter().find(|other| is_same_object(manifest, other)) {
            None => {
                let steps = ["metadata", "name"].map(|key| PathStep::Key(key.to_owned()));
                refusals.push(refuse(manifest, &steps, reason, remedy));
            }
            Some(other) => {
                let mut found = Vec::new();
                fields(&manifest.content, &other.content, &mut Vec::new(), &mut found);
                let found = found.iter().take(MAX_FIELDS);
                refusals.extend(found.map(|steps| refuse(manifest, steps, reason, remedy)));
            }
        }
    }
    let is_new = |other: &&Manifest| !first.iter().any(|manifest| is_same_object(manifest, other));
    if refusals.is_empty()
        && let Some(other) = second.iter().find(is_new)
    {
        refusals.push(refuse(other, &[], reason, remedy));
    }
    Refusals::collected(refusals)
}

fn is_same_object(one: &Manifest, other: &Manifest) -> bool {
    (one.api_version(), one.kind(), one.name()) == (other.api_version(), other.kind(), other.name())
}

fn refuse(manifest: &Manifest, steps: &[PathStep], reason: &str, remedy: &str) -> Refusal {
    let message = format!("differs between two renders of the chart: {reason}");
    let message = if steps.is_empty() { format!("the object {message}") } else { message };
    let mut refusal = manifest.refuse(steps, RefusalRule::Random, message, remedy);
    // The line has one of the two values.
    refusal.location.quote = None;
    refusal
}

/// Paths of the fields that differ. A list with another length differs as a whole.
fn fields(one: &Value, other: &Value, path: &mut Vec<PathStep>, found: &mut Vec<Vec<PathStep>>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
            for key in keys {
                path.push(PathStep::Key(key.clone()));
                match (one.get(key), other.get(key)) {
                    (Some(one), Some(other)) => fields(one, other, path, found),
                    _ => found.push(path.clone()),
                }
                path.pop();
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (number, (one, other)) in one.iter().zip(other).enumerate() {
                path.push(PathStep::Item(number));
                fields(one, other, path, found);
                path.pop();
            }
        }
        _ if one == other => {}
        _ => found.push(path.clone()),
    }
}
