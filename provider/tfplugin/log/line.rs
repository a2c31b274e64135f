//! One line of the log.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Number, Value};
use tracing::Level;
use tracing::field::{Field, Visit};

/// Maximum length of a line in bytes. Terraform's reader splits lines at 64 KiB and then logs the parts as raw text.
pub(crate) const LIMIT: usize = 60 * 1024;
/// Maximum lengths of a string in bytes if the whole line is too long. They are tried in order until the line fits.
const STEPS: [usize; 4] = [16 * 1024, 2 * 1024, 256, 32];
/// Name of the field of tracing with the message of an event.
const MESSAGE: &str = "message";

/// Fields of an event or span, as JSON scalars.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LogFields {
    message: Option<String>,
    others: Map<String, Value>,
}

impl LogFields {
    /// Adds the fields of an inner scope, which replace fields with the same name.
    pub(crate) fn extend(&mut self, inner: &Self) {
        self.others.extend(inner.others.iter().map(|(name, value)| (name.clone(), value.clone())));
        if inner.message.is_some() {
            self.message.clone_from(&inner.message);
        }
    }

    fn insert(&mut self, field: &Field, value: Value) {
        if field.name() == MESSAGE {
            self.message = Some(match value {
                Value::String(text) => text,
                other => other.to_string(),
            });
        } else {
            self.others.insert(own_name(field.name()), value);
        }
    }
}

impl Visit for LogFields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, Value::String(value.to_owned()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, Value::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, Value::Number(value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, Value::Number(value.into()));
    }

    /// JSON has no NaN and no infinity, so they become strings.
    fn record_f64(&mut self, field: &Field, value: f64) {
        let value = Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number);
        self.insert(field, value);
    }

    /// The reader's numbers have 64 bits, so larger ones become strings.
    fn record_i128(&mut self, field: &Field, value: i128) {
        self.insert(field, Value::String(value.to_string()));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.insert(field, Value::String(value.to_string()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        self.insert(field, Value::String(text));
    }
}

/// Removes a leading `@`: such names are reserved by the format.
fn own_name(name: &str) -> String {
    match name.trim_start_matches('@') {
        "" => "field".to_owned(),
        rest => rest.to_owned(),
    }
}

/// Builds the line, with the line feed.
pub(crate) fn line(level: Level, module: &str, now: SystemTime, fields: LogFields) -> Vec<u8> {
    let LogFields { message, others } = fields;
    let mut object = others;
    object.insert("@level".to_owned(), Value::String(level.as_str().to_ascii_lowercase()));
    object.insert("@module".to_owned(), Value::String(module.to_owned()));
    object.insert("@timestamp".to_owned(), Value::String(timestamp(now)));
    object.insert("@message".to_owned(), Value::String(message.unwrap_or_default()));
    let mut text = Value::Object(object);
    for limit in STEPS {
        let line = serialize(&text);
        if line.len() <= LIMIT {
            return line;
        }
        shorten(&mut text, limit);
    }
    let line = serialize(&text);
    if line.len() <= LIMIT {
        return line;
    }
    // Too many fields even with short strings: only the four fields of the format remain.
    if let Value::Object(object) = &mut text {
        object.retain(|name, _| name.starts_with('@'));
    }
    serialize(&text)
}

fn serialize(text: &Value) -> Vec<u8> {
    let mut line = text.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// Cuts every string to at most `limit` bytes and marks it with ` (cut)`.
fn shorten(text: &mut Value, limit: usize) {
    let Value::Object(object) = text else { return };
    for (_, value) in object.iter_mut() {
        let Value::String(text) = value else { continue };
        if text.len() > limit {
            text.truncate(text.floor_char_boundary(limit));
            text.push_str(" (cut)");
        }
    }
}

/// Formats the time with exactly six fractional digits: with more, Terraform logs the whole line as raw text. A clock
/// outside the years 1 to 9999 becomes the epoch.
fn timestamp(now: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests;
