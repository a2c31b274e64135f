//! Values of a chart: values files in order, then parameters with the same names as values, then `set`.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::files::FileError;
use crate::parameters::Parameters;
use crate::refusal::{Location, Refusal, RefusalRule};
use crate::source::reading::{Reading, below};
use crate::write::to_json;

/// Contents of all values files; the last one has the parameters.
pub(super) fn files(reading: &Reading<'_>, chart: &str) -> Result<Vec<Arc<[u8]>>, Vec<Refusal>> {
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    for name in &reading.preview.parameters.values {
        match file(reading, chart, name) {
            Ok(bytes) => found.push(bytes),
            Err(error) => refusals.push(error.refusal(Location::parameter("values"))),
        }
    }
    match of_parameters(reading.preview.parameters) {
        Ok(values) => found.push(to_json(&values).into_bytes().into()),
        Err(more) => refusals.extend(more),
    }
    if refusals.is_empty() { Ok(found) } else { Err(refusals) }
}

/// Content of a values file, relative to the Application's directory, else to the chart, else to the repository.
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

/// Parameters as values with the same names, overridden by `set`.
fn of_parameters(parameters: &Parameters) -> Result<Value, Vec<Refusal>> {
    let given = |text: Option<&String>| text.cloned().map(Value::String);
    let rows = [
        ("image.repository", given(parameters.image_repository.as_ref().map(|given| &given.text))),
        ("image.tag", given(tag_or_commit(parameters))),
        ("nameOverride", given(parameters.name_override.as_ref())),
        ("fullnameOverride", given(parameters.fullname_override.as_ref())),
        ("host", given(parameters.host.as_ref())),
        ("secretRef", given(parameters.secret_ref.as_ref().map(|given| &given.text))),
        ("sensitiveSecretRef", given(parameters.sensitive_secret_ref.as_ref().map(|given| &given.text))),
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
                "set each value once",
            ));
        }
    }
    for (name, value) in &parameters.set {
        if let Err(message) = put(&mut values, name, typed(value)) {
            let location = Location::parameter(format!("set.{name}"));
            refusals.push(Refusal::new(location, RefusalRule::Parameter, message, "use a values file for this value"));
        }
    }
    if refusals.is_empty() { Ok(Value::Object(values)) } else { Err(refusals) }
}

/// `image.tag`, else the commit if `image.repository` is set.
fn tag_or_commit(parameters: &Parameters) -> Option<&String> {
    let commit = parameters.head_sha.as_ref().filter(|_| parameters.image_repository.is_some());
    parameters.image_tag.as_ref().or(commit.map(|given| &given.text))
}

/// Integers from this one on become strings: Helm reads numbers of values files as floating-point numbers, and templates
/// would print `1e+06`.
const PRINTED_AS_FLOAT: u64 = 1_000_000;

/// A value with the type that `helm --set` gives it: boolean, null, integer, or string.
fn typed(text: &str) -> Value {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text.parse::<i64>() {
        _ if is("null") => Value::Null,
        _ if is("true") || is("false") => Value::Bool(is("true")),
        // A leading zero makes it a string, such as a part of a commit.
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

/// Sets a value at a dotted path. `\.` is a dot in a key.
fn put(values: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), String> {
    let mut keys = keys(path)?;
    let last = keys.pop().ok_or_else(|| "the path is empty".to_owned())?;
    let mut target = values;
    for key in keys {
        let next = target.entry(key).or_insert_with(|| Value::Object(Map::new()));
        target = next.as_object_mut().ok_or_else(|| format!("`{path}` is below a value that is not a map"))?;
    }
    match target.get(&last) {
        Some(Value::Object(_)) => Err(format!("`{path}` is already a map")),
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
                return Err(format!("unsupported character `{character}` in `{path}`"));
            }
            other => key.push(other),
        }
    }
    keys.push(key);
    if keys.iter().any(String::is_empty) || keys.len() > 32 {
        Err(format!("invalid path `{path}`: expected at most 32 keys with dots between them"))
    } else {
        Ok(keys)
    }
}

#[cfg(test)]
mod tests;
