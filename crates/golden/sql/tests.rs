use super::*;

#[test]
fn names_and_texts_are_quoted() {
    assert_eq!(quoted_name("a\"b"), "\"a\"\"b\"");
    assert_eq!(quoted_table(&TableName::new("S x", "t")), "\"S x\".\"t\"");
    assert_eq!(quoted_text(r"it's \ "), r"E'it\'s \\ '");
}
