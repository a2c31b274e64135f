use super::*;
use crate::parameters::RawParameter;

fn values(pairs: &[(&str, &str)]) -> Result<String, usize> {
    let raw: Vec<_> = pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
    of_parameters(&Parameters::parse(&raw).unwrap()).map(|values| to_json(&values)).map_err(|refusals| refusals.len())
}

#[test]
fn parameters_that_are_set_become_values() {
    assert_eq!(values(&[]).unwrap(), "{}");
    assert_eq!(values(&[("head-sha", "0123456")]).unwrap(), "{}");
    let given = [("image.repository", "a.b/shop"), ("head-sha", "0123456"), ("nameOverride", "x"), ("host", "h")];
    let expected = r#"{"host":"h","image":{"repository":"a.b/shop","tag":"0123456"},"nameOverride":"x"}"#;
    assert_eq!(values(&given).unwrap(), expected);
    assert_eq!(values(&[("image.tag", "1.10")]).unwrap(), r#"{"image":{"tag":"1.10"}}"#);
}

#[test]
fn values_are_typed_as_helm_types_them() {
    for (text, expected) in [
        ("TRUE", "true"),
        ("False", "false"),
        ("NULL", "null"),
        ("nil", "\"nil\""),
        ("0", "0"),
        ("-0", "0"),
        ("+5", "5"),
        ("00", "\"00\""),
        ("1e3", "\"1e3\""),
        ("0x10", "\"0x10\""),
        ("1 ", "\"1 \""),
        ("999999", "999999"),
        ("1000660000", "\"1000660000\""),
        ("9223372036854775808", "\"9223372036854775808\""),
        ("", "\"\""),
    ] {
        assert_eq!(to_json(&typed(text)), expected, "{text}");
    }
}

#[test]
fn set_overrides_parameters() {
    let set = r#"{"a.b": "1", "a.c\\.d": "true", "e": "null", "f": "1.10", "g": "007", "image.tag": "x", "h": "yes"}"#;
    let expected = r#"{"a":{"b":1,"c.d":true},"e":null,"f":"1.10","g":"007","h":"yes","image":{"tag":"x"}}"#;
    assert_eq!(values(&[("image.tag", "1"), ("set", set)]).unwrap(), expected);
    for bad in [
        r#"{"a": "1", "a.b": "2"}"#,
        r#"{"a[0]": "1"}"#,
        r#"{"": "1"}"#,
        r#"{"a..b": "1"}"#,
        r#"{"a.b": "1", "a": "2"}"#,
    ] {
        let parsed = values(&[("set", bad)]);
        // Maps are sorted, so `a` is set before `a.b` in both cases.
        assert_eq!(parsed, Err(1), "{bad}");
    }
}
