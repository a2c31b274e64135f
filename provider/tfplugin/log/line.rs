//! One line of the log.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use serde_json::{Map, Number, Value};
use tracing::Level;
use tracing::field::{Field, Visit};

/// The longest line, in bytes. Terraform's reader splits at 64 KiB and then logs the pieces as raw text.
pub(crate) const LIMIT: usize = 60 * 1024;
/// How long a text may stay, in bytes, when the whole line is too long: one step after the other until it fits.
const STEPS: [usize; 4] = [16 * 1024, 2 * 1024, 256, 32];
/// The field that tracing puts the text of an event into.
const MESSAGE: &str = "message";

/// The fields of an event or span, as JSON scalars.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields {
    message: Option<String>,
    others: Map<String, Value>,
}

impl Fields {
    /// Takes over the fields of an inner scope; they win over those of the same name.
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

impl Visit for Fields {
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

    /// JSON has no NaN and no infinity; they become texts.
    fn record_f64(&mut self, field: &Field, value: f64) {
        let value = Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number);
        self.insert(field, value);
    }

    /// The reader's numbers are 64 bits wide, so wider ones become texts.
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

/// Names that begin with `@` belong to the format; a field that carries one loses the sign.
fn own_name(name: &str) -> String {
    match name.trim_start_matches('@') {
        "" => "field".to_owned(),
        rest => rest.to_owned(),
    }
}

/// Builds the line, line feed included.
pub(crate) fn line(level: Level, module: &str, now: SystemTime, fields: Fields) -> Vec<u8> {
    let Fields { message, others } = fields;
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
    // So many fields that even short ones do not fit: the format's own four remain.
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

/// Cuts every text to at most `limit` bytes and says so.
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

/// The time with exactly six fractional digits: with more, Terraform takes the whole line for raw text. A clock that is
/// set outside the years 1 to 9999 reads as the epoch.
fn timestamp(now: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn fields(message: &str, others: &[(&str, Value)]) -> Fields {
        let others = others.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Fields { message: Some(message.to_owned()), others }
    }

    fn parse(line: &[u8]) -> Map<String, Value> {
        assert_eq!(line.last(), Some(&b'\n'));
        assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
        serde_json::from_slice(line).unwrap()
    }

    #[test]
    fn the_timestamp_always_has_six_digits() {
        assert_eq!(timestamp(UNIX_EPOCH), "1970-01-01T00:00:00.000000Z");
        let late = UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        assert_eq!(timestamp(late), "2023-11-14T22:13:20.123456Z");
        let early = UNIX_EPOCH - Duration::from_micros(1);
        assert_eq!(timestamp(early), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn names_of_the_format_are_given_up() {
        assert_eq!(own_name("@message"), "message");
        assert_eq!(own_name("@@level"), "level");
        assert_eq!(own_name("@"), "field");
        assert_eq!(own_name("tf_rpc"), "tf_rpc");
    }

    #[test]
    fn control_characters_are_escaped() {
        let object = parse(&line(Level::INFO, "provider.x", UNIX_EPOCH, fields("a\nb\u{1b}[0m\0", &[])));
        assert_eq!(object["@message"], "a\nb\u{1b}[0m\0");
        assert_eq!(object["@level"], "info");
        assert_eq!(object["@module"], "provider.x");
    }

    #[test]
    fn long_lines_are_cut_and_stay_json() {
        // A null character takes six bytes in JSON, a letter of two bytes shows that no cut splits one.
        for text in ["x".repeat(1 << 20), "\0".repeat(1 << 16), "é".repeat(1 << 16)] {
            let line = line(Level::WARN, "m", UNIX_EPOCH, fields(&text, &[("more", Value::String(text.clone()))]));
            assert!(line.len() <= LIMIT);
            let object = parse(&line);
            assert!(object["@message"].as_str().unwrap().ends_with(" (cut)"));
        }
    }

    #[test]
    fn too_many_fields_leave_the_message() {
        let many: Map<_, _> = (0..4000).map(|n| (format!("field_{n:012}"), Value::Bool(true))).collect();
        let line = line(Level::ERROR, "m", UNIX_EPOCH, Fields { message: Some("still here".to_owned()), others: many });
        let object = parse(&line);
        assert_eq!(object.len(), 4);
        assert_eq!(object["@message"], "still here");
    }
}
