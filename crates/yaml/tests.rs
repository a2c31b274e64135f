use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn to_json(value: &Value) -> String {
    value.to_string()
}

fn one(text: &str) -> Value {
    let mut documents =
        read(text.as_bytes(), &YamlLimits::default()).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0).root.into_json()
}

fn faults(text: &str) -> Vec<String> {
    let faults = read(text.as_bytes(), &YamlLimits::default()).err().unwrap_or_default();
    faults.iter().map(|fault| format!("{}: {}", fault.line, fault.kind)).collect()
}

#[test]
fn unambiguous_scalars_are_read() {
    for (text, expected) in [
        ("a: ~", "null"),
        ("a:", "null"),
        ("a: Null", "null"),
        ("a: true", "true"),
        ("a: TRUE", "true"),
        ("a: 'true'", "\"true\""),
        ("a: \"yes\"", "\"yes\""),
        ("a: 1", "1"),
        ("a: +1", "1"),
        ("a: -1", "-1"),
        ("a: 0", "0"),
        ("a: 0644", "420"),
        ("a: 0o644", "420"),
        ("a: -010", "-8"),
        ("a: 0x1F", "31"),
        ("a: 1.10", "1.10"),
        ("a: .5", "0.5"),
        ("a: 5.", "5"),
        ("a: 1e3", "1e+3"),
        ("a: 1234E56", "1234e+56"),
        ("a: 00.5", "0.5"),
        ("a: 12345678901234567890123", "12345678901234567890123"),
        ("a: 1.2.3", "\"1.2.3\""),
        ("a: 12:30:45", "\"12:30:45\""),
        ("a: 2026-11-21", "\"2026-11-21\""),
        ("a: .", "\".\""),
        ("a: 0x", "\"0x\""),
        ("a: 1e", "\"1e\""),
        ("a: 4Gi", "\"4Gi\""),
        ("a: v_1", "\"v_1\""),
        ("a: _1", "\"_1\""),
        ("a: a_1", "\"a_1\""),
        ("a: !!str 1", "\"1\""),
        ("a: ! 1", "\"1\""),
        ("a: !!int 1", "1"),
        ("a: !!null ~", "null"),
        ("a: |\n  x\n  y\n", "\"x\\ny\\n\""),
        ("a: >-\n  x\n  y", "\"x y\""),
    ] {
        assert_eq!(to_json(&one(text)["a"]), expected, "{text}");
    }
}

#[test]
fn ambiguous_scalars_are_refused() {
    for word in [
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "N",
        "1_000",
        "0b11",
        "0891",
        "09",
        ".inf",
        "-.Inf",
        ".nan",
        "1_0.5",
        "0x_1F",
        "0xFFFFFFFFFFFFFFFFFFFF",
    ] {
        let found = faults(&format!("a: {word}"));
        assert!(found.len() == 1 && found[0].contains("ambiguous value"), "{word}: {found:?}");
        assert_eq!(one(&format!("a: '{word}'")), json!({ "a": word }));
    }
}

#[test]
fn keys_must_be_strings() {
    assert_eq!(one("8080: a\ntrue: b\n'yes': c"), json!({ "8080": "a", "true": "b", "yes": "c" }));
    for (text, words) in [
        ("a: 1\na: 2", "duplicate key `a`"),
        ("{a: 1, \"a\": 2}", "duplicate key `a`"),
        ("a: 1\n!!str a: 2", "duplicate key `a`"),
        ("1: x\n\"1\": y", "duplicate key `1`"),
        ("yes: x", "without quotes"),
        ("0644: x", "must be a string"),
        ("1.0: x", "must be a string"),
        ("True: x", "must be a string"),
        ("~: x", "must be a string"),
        ("? [a]\n: x", "must be a string"),
        ("? {a: b}\n: x", "must be a string"),
        ("a: &x y\n*x : z", "must be a string"),
    ] {
        let found = faults(text);
        assert!(found.iter().any(|fault| fault.contains(words)), "{text}: {found:?}");
    }
}

#[test]
fn syntax_of_libyaml_is_read() {
    for (text, expected) in [
        ("a:\n- args: [\n  x,\n  z\n]\nb: 1", r#"{"a":[{"args":["x","z"]}],"b":1}"#),
        ("a: {\n  b: 1\n}\n", r#"{"a":{"b":1}}"#),
        ("a: '{\n  \"b\": 1\n}'\n", r#"{"a":"{ \"b\": 1 }"}"#),
        ("a:\n  b: \"x\n\n  y\n\"\n", r#"{"a":{"b":"x\ny "}}"#),
        ("a:\tb", r#"{"a":"b"}"#),
        ("a:\t'b'\t# comment\n", r#"{"a":"b"}"#),
        ("a: &x {b: 1}\nc:\n  !!merge <<: *x\n", r#"{"a":{"b":1},"c":{"b":1}}"#),
        ("a: |\n  x", r#"{"a":"x"}"#),
        ("a: !!int 1\nb: !!str 1", r#"{"a":1,"b":"1"}"#),
    ] {
        assert_eq!(to_json(&one(text)), expected, "{text}");
    }
}

#[test]
fn syntax_refused_by_the_tools_of_kubernetes_is_refused() {
    let tabs = ["-\tb", "a:\n- \t!!str b", "a: |\n  \tx", "a: >-\n\n  \tx\n"];
    let items = ["- -\t# x\n", "a:\n-\t\n", "a:\n- \t\n- b\n", "a:\n  -\t# x\n    b: 1\n"];
    for text in tabs.into_iter().chain(items).chain(["a: \"\\/\"", "a: \"\\ud83d\\ude00\""]) {
        assert!(faults(text).iter().any(|fault| fault.contains("invalid YAML")), "{text:?}");
    }
    assert_eq!(one("---\t\na: |2\n  \tb\n"), json!({ "a": "\tb\n" }));
    assert_eq!(one("---\t# x\n---\t\na: b\n"), json!({ "a": "b" }));
    assert_eq!(one("a:\n- |\n  x\n  -\t# y\n- b\n"), json!({ "a": ["x\n-\t# y\n", "b"] }));
    assert_eq!(one("a:\n-  # x\n  b: 1\n- # x\n-\n"), json!({ "a": [{ "b": 1 }, null, null] }));
    assert_eq!(one("a: '-\tb'\nb: -1\nc: x -\ty"), json!({ "a": "-\tb", "b": -1, "c": "x -\ty" }));
}

#[test]
fn custom_tags_are_refused() {
    for text in [
        "a: !x y",
        "a: !!binary aGk=",
        "a: !!set {b}",
        "a: !!timestamp 2026-01-01",
        "a: !!int x",
        "a: !!int 5.",
        "a: !!bool 'true'",
        "a: !!float 1",
        "a: !!map [b]",
        "a: !!seq {b: c}",
        "--- !kind\na: b",
        "%TAG !! tag:example.com,2026:\n---\na: !!str b",
    ] {
        assert!(faults(text).iter().any(|fault| fault.contains("tag")), "{text}: {:?}", faults(text));
    }
}

#[test]
fn aliases_and_merges_are_resolved() {
    let text = "base: &b {x: 1, z: 2}\nuse: {<<: *b, z: 3}\nlate: {z: 4, <<: *b}\nlist: {<<: [{x: 9}, *b]}\ncopy: *b";
    let expected = json!({
        "base": { "x": 1, "z": 2 }, "use": { "x": 1, "z": 3 }, "late": { "x": 1, "z": 4 },
        "list": { "x": 9, "z": 2 }, "copy": { "x": 1, "z": 2 },
    });
    assert_eq!(one(text), expected);
    assert_eq!(one("a: &a {b: 1}\nc: {!!merge <<: *a}"), json!({ "a": { "b": 1 }, "c": { "b": 1 } }));
    assert_eq!(one("a: {'<<': b}"), json!({ "a": { "<<": "b" } }));
    assert_eq!(faults("a: {<<: b}"), ["1: the value of `<<` must be a map or a list of maps"]);
    assert_eq!(faults("a: &a {b: 1}\nc: {<<: *a, <<: *a}"), ["2: duplicate key `<<`"]);
    let dash = "1: ambiguous value `-`: without quotes some YAML readers read a string, others refuse the file";
    for text in ["a: [-]", "a: [-, b]", "a: {b: -}"] {
        assert_eq!(faults(text), [dash], "{text}");
    }
    assert!(faults("a: *x")[0].contains("invalid YAML"));
    assert!(faults("a: &x [*x]")[0].contains("invalid YAML"), "{:?}", faults("a: &x [*x]"));
    assert!(!faults("a: &x b\n---\nc: *x").is_empty(), "anchors end with their document");
}

#[test]
fn limits_stop_exponential_input() {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..30 {
        let before = format!("*a{}", level - 1);
        let line = format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(","));
        text.push_str(&line);
    }
    assert_eq!(faults(&text), ["5: the content repeated by aliases has more than 20000 values"]);
    let deep = "[".repeat(65) + &"]".repeat(65);
    assert_eq!(faults(&deep), ["1: the document has more than 64 levels"]);
    assert!(!faults(&"[".repeat(100_000)).is_empty());
    assert!(faults(&"- ".repeat(100_000))[0].contains("64 levels"));
    assert!(!faults(&"{a: ".repeat(100_000)).is_empty());
    assert!(faults(&"---\na\n".repeat(2001))[0].contains("2000 documents"));
    assert!(faults(&format!("[{}]", "1,".repeat(400_001)))[0].contains("400000 values"));
    assert!(read(&vec![b'#'; (8 << 20) + 1], &YamlLimits::default()).is_err());
    let mut alias_depth = "a0: &a0 [x]\n".to_owned();
    for level in 1..70 {
        alias_depth.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(faults(&alias_depth), ["64: the document has more than 64 levels"]);
}

#[test]
fn binary_files_are_refused() {
    for (bytes, words) in [
        (&b"a: \xff"[..], "UTF-8"),
        (b"\xff\xfea\0", "UTF-8"),
        (b"a: b\0", "U+0000"),
        (b"x: 1\na: \x1b[2J", "U+001B"),
        (b"a: \x7f", "U+007F"),
        ("a: x\u{feff}".as_bytes(), "U+FEFF"),
    ] {
        let found = read(bytes, &YamlLimits::default()).expect_err(words);
        assert!(found[0].kind.to_string().contains(words), "{found:?}");
    }
    assert_eq!(one("\u{feff}a: 1\r\nb: \"\\u0000\"\r\n"), json!({ "a": 1, "b": "\u{0}" }));
}

#[test]
fn documents_and_lines_are_kept() {
    let text = "# head\n---\na: 1\n---\n---\n# only a comment\n...\n---\nb:\n  - c: 2\n    d: 3\n";
    let documents = read(text.as_bytes(), &YamlLimits::default()).unwrap();
    let places: Vec<_> = documents.iter().map(|document| (document.number, document.root.line)).collect();
    assert_eq!(places, [(1, 3), (4, 9)]);
    let steps = [PathStep::Key("b".to_owned()), PathStep::Item(0), PathStep::Key("d".to_owned())];
    assert_eq!(documents[1].root.line_of(&steps), 11);
    assert_eq!(documents[1].root.line_of(&steps[..2]), 10);
    assert_eq!(FieldPath(&steps).to_string(), "b[0].d");
    let missing = [PathStep::Key("b".to_owned()), PathStep::Item(7)];
    assert_eq!(documents[1].root.line_of(&missing), 10);
    let key = [PathStep::Key("metadata".to_owned()), PathStep::Key("a.b/c".to_owned())];
    assert_eq!(FieldPath(&key).to_string(), "metadata[\"a.b/c\"]");
}

#[test]
fn all_faults_are_reported_together() {
    let text = "a: yes\nb: 1\nb: 2\n---\nc: [no, on]\n";
    let found = read(text.as_bytes(), &YamlLimits::default()).unwrap_err();
    let places: Vec<_> = found.iter().map(|fault| (fault.document, fault.line)).collect();
    assert_eq!(places, [(1, 1), (1, 3), (2, 5), (2, 5)]);
}

#[test]
fn json_is_read() {
    let text = "{\n\t\"a\": [1, 2.50, true, null, \"\\/\\u00e9\\n\"],\n\t\"b\": {\"c\": {}}\n}\n";
    assert_eq!(to_json(&one(text)), r#"{"a":[1,2.50,true,null,"/é\n"],"b":{"c":{}}}"#);
    assert_eq!(one(r#"{"a":"😀"}"#), json!({ "a": "😀" }));
    for text in [r#"{"a":"\ud83d\ude00 \u00e9"}"#, r#" {"a": "\uD83D\uDE00 \u00e9"}"#] {
        assert_eq!(one(text), json!({ "a": "😀 é" }));
    }
    assert_eq!(one(r#"{"a":"\\ud83d\\ude00 \ud83d\ude00"}"#), json!({ "a": "\\ud83d\\ude00 😀" }));
    assert!(!faults(r#"{"a":"\ud83d"}"#).is_empty(), "half of a pair");
    assert!(!faults("a: \"\\ud83d\\ude00\"").is_empty(), "YAML has no surrogate pairs");
    assert_eq!(one(r#"{"$serde_json::private::Number":"1"}"#)["$serde_json::private::Number"], "1");
}

#[test]
fn reading_stops_after_the_maximum_of_faults() {
    assert_eq!(faults(&"- yes\n".repeat(10_000)).len(), 100);
    assert_eq!(faults(&"a: 1\n".repeat(10_000)).len(), 100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_text_causes_a_panic(text in "[ \\n\\t:\\-\\[\\]{}&*!|>'\"%@`#?,<~a-c0-2é\\\\]{0,60}") {
        let _ = read(text.as_bytes(), &YamlLimits::default());
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = read(&bytes, &YamlLimits::default());
    }
}

#[test]
fn faults_of_other_documents_are_ignored() {
    let objects = |text: &str| {
        let documents = read_objects(text.as_bytes(), &YamlLimits::default());
        documents.map(|documents| documents.iter().map(|document| document.number).collect::<Vec<_>>())
    };
    let values = "debug: no\non: yes\na: 1\na: 2\n";
    assert_eq!(objects(values), Ok(vec![]));
    assert_eq!(objects(&format!("{values}---\nkind: ConfigMap\n---\n- yes\n---\napiVersion: v1\n")), Ok(vec![2, 4]));
    // Faults of objects count, and faults after which reading stops.
    let faults = |text: &str| objects(text).unwrap_err().iter().map(|fault| fault.document).collect::<Vec<_>>();
    assert_eq!(faults(&format!("{values}---\nkind: ConfigMap\ndata: {{ a: no }}\n")), [2]);
    assert_eq!(faults("a: no\n---\nkind: [\n"), [1, 2]);
    assert!(faults(&format!("{}---\nkind: Role\n", "- yes\n".repeat(100))).len() >= 100);
}
