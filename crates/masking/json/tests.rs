use super::*;

fn rewritten(text: &str) -> String {
    rewrite_json(text, |path, leaf| match leaf {
        JsonLeaf::Text(text) => Some(quoted(&format!("{}{text}", path.len()))),
        JsonLeaf::Number(number) => Some(format!("{number}0")),
        JsonLeaf::Boolean(_) => None,
    })
    .unwrap()
}

#[test]
fn only_leaves_change() {
    for (text, expected) in [
        (
            r#"{"b" : [ "x" , 1.50, null, true], "a":{"a":"\u00e9\n"}}"#,
            r#"{"b" : [ "2x" , 1.500, null, true], "a":{"a":"2é\n"}}"#,
        ),
        (r#"{"a":"1","a":"2"}"#, r#"{"a":"11","a":"12"}"#),
        (" \"x\" ", " \"0x\" "),
        ("[]", "[]"),
        ("{ }", "{ }"),
        (r#""\"}""#, r#""0\"}""#),
    ] {
        assert_eq!(rewritten(text), expected);
    }
}

#[test]
fn invalid_and_deep_texts_are_refused() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for text in ["", "{", "{a:1}", "[1,]", "x", deep.as_str()] {
        assert_eq!(rewrite_json(text, |_, _| None), Err(InvalidJson), "{text}");
    }
}
