//! The values a chart gets: its own files in order, then what the parameters say, then `set`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::below;
use crate::files::FileError;
use crate::parameters::Parameters;
use crate::refusal::{Location, Refusal, RefusalRule};
use crate::source::Reading;
use crate::write::to_json;

/// The contents of all values files, the last one ours.
pub(super) fn files(reading: &Reading<'_>, chart: &str) -> Result<Vec<Arc<[u8]>>, Vec<Refusal>> {
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    for name in &reading.preview.parameters.values {
        match file(reading, chart, name) {
            Ok(bytes) => found.push(bytes),
            Err(error) => refusals.push(error.refusal(Location::parameter("values"))),
        }
    }
    match own(reading.preview.parameters) {
        Ok(values) => found.push(to_json(&values).into_bytes().into()),
        Err(more) => refusals.extend(more),
    }
    if refusals.is_empty() { Ok(found) } else { Err(refusals) }
}

/// A values file, relative to the Application's directory, the chart or the repository: the first of them that has it.
fn file(reading: &Reading<'_>, chart: &str, name: &str) -> Result<Arc<[u8]>, FileError> {
    let files = reading.tree.files;
    if !name.starts_with('/') {
        for base in [reading.directory.as_str(), chart] {
            match files.read(base, name) {
                Err(FileError::Missing(_)) => {}
                other => return other,
            }
        }
    }
    let inside = below(name, reading.tree.above).ok_or_else(|| FileError::Missing(name.to_owned()))?;
    files.read("", &inside)
}

/// What the parameters say as values of the same names, and `set` above them.
fn own(parameters: &Parameters) -> Result<Value, Vec<Refusal>> {
    let text = |value: Option<String>| value.map(Value::String);
    let rows = [
        ("image.repository", text(parameters.image_repository.as_ref().map(ToString::to_string))),
        ("image.tag", text(tag(parameters))),
        ("nameOverride", text(parameters.name_override.clone())),
        ("fullnameOverride", text(parameters.fullname_override.clone())),
        ("host", text(parameters.host.clone())),
        ("secretRef", text(parameters.secret_ref.as_ref().map(ToString::to_string))),
        ("sensitiveSecretRef", text(parameters.sensitive_secret_ref.as_ref().map(ToString::to_string))),
    ];
    let (mut values, mut refusals) = (Map::new(), Vec::new());
    for (name, value) in rows {
        if let Some(value) = value
            && let Err(message) = put(&mut values, name, value)
        {
            refusals.push(Refusal::new(
                Location::parameter(name),
                RefusalRule::Parameter,
                message,
                "name each value once",
            ));
        }
    }
    for (name, value) in &parameters.set {
        if let Err(message) = put(&mut values, name, typed(value)) {
            let location = Location::parameter(format!("set.{name}"));
            refusals.push(Refusal::new(
                location,
                RefusalRule::Parameter,
                message,
                "use a values file for what `set` cannot say",
            ));
        }
    }
    if refusals.is_empty() { Ok(Value::Object(values)) } else { Err(refusals) }
}

/// The tag that is named, or the commit where only the repository is.
fn tag(parameters: &Parameters) -> Option<String> {
    let wanted = parameters.image_tag.is_some() || parameters.image_repository.is_some();
    parameters.tag().filter(|_| wanted).map(ToOwned::to_owned)
}

/// Whole numbers from here on are texts: Helm reads a number of a values file as a floating one, and a template that
/// prints it writes `1e+06`. The text comes out as it was written, in quotes and without.
const PRINTED_AS_FLOAT: u64 = 1_000_000;

/// A value as `helm --set` would type it: words for true, false and nothing, whole numbers, and text.
fn typed(text: &str) -> Value {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text.parse::<i64>() {
        _ if is("null") => Value::Null,
        _ if is("true") || is("false") => Value::Bool(is("true")),
        // A zero in front makes a text of it, such as the end of a commit.
        Ok(number) if text == "0" || !text.starts_with('0') => {
            if number.unsigned_abs() < PRINTED_AS_FLOAT {
                number.into()
            } else {
                number.to_string().into()
            }
        }
        _ => text.into(),
    }
}

/// Puts a value at the end of a dotted path. `\.` is a dot that belongs to a key.
fn put(values: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), String> {
    let mut keys = keys(path)?;
    let last = keys.pop().ok_or_else(|| "the name is empty".to_owned())?;
    let mut target = values;
    for key in keys {
        let next = target.entry(key).or_insert_with(|| Value::Object(Map::new()));
        target = next.as_object_mut().ok_or_else(|| format!("`{path}` lies below a value that is no map"))?;
    }
    match target.get(&last) {
        Some(Value::Object(_)) => Err(format!("`{path}` is a map already")),
        _ => {
            target.insert(last, value);
            Ok(())
        }
    }
}

fn keys(path: &str) -> Result<Vec<String>, String> {
    let (mut keys, mut key, mut characters) = (Vec::new(), String::new(), path.chars());
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.extend(characters.next()),
            '.' => keys.push(std::mem::take(&mut key)),
            '[' | ']' | '{' | '}' | ',' | '=' => {
                return Err(format!("`{path}` has `{character}`, which is not understood here"));
            }
            other => key.push(other),
        }
    }
    keys.push(key);
    if keys.iter().any(String::is_empty) || keys.len() > 32 {
        Err(format!("`{path}` is no path of keys"))
    } else {
        Ok(keys)
    }
}

#[cfg(test)]
mod tests;
