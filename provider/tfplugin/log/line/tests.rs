use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn fields(message: &str, others: &[(&str, Value)]) -> LogFields {
    let others = others.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    LogFields { message: Some(message.to_owned()), others }
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
fn fields_lose_a_leading_at_sign() {
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
    // A null character takes six bytes in JSON. A character of two bytes shows that a cut never splits a character.
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
    let line = line(Level::ERROR, "m", UNIX_EPOCH, LogFields { message: Some("still here".to_owned()), others: many });
    let object = parse(&line);
    assert_eq!(object.len(), 4);
    assert_eq!(object["@message"], "still here");
}
