use super::*;

#[test]
fn names_are_read_and_written() {
    for (text, schema, name) in [
        ("public.customers", "public", "customers"),
        ("App.Order Items", "App", "Order Items"),
        (r#""a.b"."c""d""#, "a.b", "c\"d"),
    ] {
        let found: TableName = text.parse().unwrap();
        assert_eq!(found, TableName::new(schema, name), "{text}");
        assert_eq!(found.to_string(), text);
    }
    assert_eq!("customers".parse::<TableName>(), Err(TableNameError::NoSchema("customers".to_owned())));
    for text in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b.c", "a\".b"] {
        assert!(text.parse::<TableName>().is_err(), "{text}");
    }
}
