use super::*;

#[test]
fn json_and_hcl_forms() {
    for (ty, json, hcl) in [
        (Type::String, r#""string""#, "string"),
        (Type::Dynamic, r#""dynamic""#, "any"),
        (Type::list(Type::String), r#"["list","string"]"#, "list(string)"),
        (Type::map(Type::set(Type::Number)), r#"["map",["set","number"]]"#, "map(set(number))"),
        (Type::Tuple(vec![Type::Bool, Type::String]), r#"["tuple",["bool","string"]]"#, "tuple([bool,string])"),
        (Type::Tuple(vec![]), r#"["tuple",[]]"#, "tuple([])"),
        (
            Type::object([("b", Type::Bool), ("a", Type::Number), ("a b", Type::String)]),
            r#"["object",{"a":"number","a b":"string","b":"bool"}]"#,
            r#"object({a=number,"a b"=string,b=bool})"#,
        ),
    ] {
        assert_eq!(String::from_utf8(ty.to_json()).unwrap(), json);
        assert_eq!(Type::from_json(json.as_bytes()).unwrap(), ty);
        assert_eq!(ty.to_string(), hcl);
    }
}

#[test]
fn other_json_is_refused() {
    for json in [
        "",
        "string",
        "null",
        "1",
        "{}",
        "[]",
        r#"["list"]"#,
        r#""list""#,
        r#""capsule""#,
        r#"["list","string","string"]"#,
        r#"["tuple","string"]"#,
        r#"["object",["string"]]"#,
        r#"["object",{"a":"string"},["a"]]"#,
        r#"["vector","string"]"#,
        r#""string" "string""#,
    ] {
        assert!(Type::from_json(json.as_bytes()).is_err(), "{json}");
    }
}

#[test]
fn depth_is_limited() {
    let nested = |levels: usize| format!("{}\"string\"{}", "[\"list\",".repeat(levels), "]".repeat(levels));
    assert!(Type::from_json(nested(63).as_bytes()).is_ok());
    assert!(matches!(Type::from_json(nested(64).as_bytes()), Err(TypeError::Depth)));
    assert!(matches!(Type::from_json(nested(100_000).as_bytes()), Err(TypeError::Json(_))));
}
