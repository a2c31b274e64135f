use eod_yaml::{YamlLimits, read};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read_one(text: &str) -> Value {
    let mut documents = read(text.as_bytes(), &YamlLimits::default()).expect(text);
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0).root.into_json()
}

#[test]
fn yaml_quotes_ambiguous_strings() {
    let value = json!({
        "b": [{ "name": "web", "args": ["--port", "80"], "empty": [] }, [1, [2]], "x"],
        "a": { "yes": "no", "n/a": "1.10", "text": "two\nlines", "none": null, "on": true, "number": 1.50 },
        "c": {},
    });
    expect_test::expect![[r#"
            a:
              n/a: "1.10"
              none: null
              number: 1.5
              "on": true
              text: "two\nlines"
              "yes": "no"
            b:
              - args:
                  - "--port"
                  - "80"
                empty: []
                name: web
              - - 1
                - - 2
              - x
            c: {}
        "#]]
    .assert_eq(&to_yaml(&value));
    assert_eq!(read_one(&to_yaml(&value)), value);
}

#[test]
fn json_has_sorted_keys() {
    let value = json!({ "b": "\u{2028}\u{1}\"\\", "a": [1, null, false] });
    assert_eq!(to_json(&value), r#"{"a":[1,null,false],"b":"\u2028\u0001\"\\"}"#);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[yn0-9._eExX+~<=!&*#:-]{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z0-9<~./ -]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn written_yaml_is_read_unchanged(value in values()) {
        // Empty documents are left out.
        prop_assume!(!value.is_null());
        for text in [to_json(&value), to_yaml(&value)] {
            prop_assert_eq!(read_one(&text), value.clone(), "{}", text);
        }
    }

    #[test]
    fn written_json_is_valid(value in values()) {
        prop_assert_eq!(serde_json::from_str::<Value>(&to_json(&value)).unwrap(), value);
    }
}
