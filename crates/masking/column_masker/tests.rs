use strum::IntoEnumIterator as _;

use super::*;
use crate::{
    catalogue::{Catalogue, CatalogueColumn, ColumnEquality},
    classify::classify,
    function::MaskKind,
    policy::parse_masking_policy,
    table_name::TableName,
};

fn masked(rule: &str, class: TypeClass, value: &str) -> String {
    let text = format!(
        "version: 1\ndomains: {{mail: {{kind: email, fold: lower}}}}\ntables: {{a.b: {{c: {rule}, m: {{domain: mail}}}}}}"
    );
    let policy = parse_masking_policy(text.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let name = |column| ColumnName::new(TableName::new("a", "b"), column);
    let column = |column, class| CatalogueColumn {
        name: name(column),
        type_name: class_name(class),
        class,
        limit: None,
        equality: ColumnEquality::Exact,
        not_null: false,
        unique: false,
        generated: false,
    };
    let catalogue =
        Catalogue { columns: vec![column("c", class), column("m", TypeClass::Text)], ..Catalogue::default() };
    let classification = classify(&policy, &catalogue).unwrap_or_else(|refused| panic!("{refused:?}"));
    let key = MaskingKey::from_secret(b"0123456789abcdef0123456789abcdef").unwrap();
    let maskers = classification.maskers(&key).unwrap();
    // The column with the domain proves that leaves of JSON join with it.
    let mail = maskers[&name("m")].mask(TypeClass::Text, "A@b.de").unwrap();
    maskers[&name("c")].mask(class, value).unwrap().replace(&mail, "MAIL")
}

fn class_name(class: TypeClass) -> String {
    class.to_string()
}

#[test]
fn leaves_are_masked_by_the_most_specific_path() {
    let rule = r#"{kind: json, paths: {"$..mail": {domain: mail}, "$.a": keep, "$.a.secret": {kind: constant, value: x}, "$.n": {kind: constant, value: 7}, "$.gone": {kind: "null"}, "$.born": {kind: year}}}"#;
    let value = r#"{"mail":"a@B.de","a":{"x":"stays","secret":"y","mail":"A@b.de"},"n":5,"gone":"z","born":"1984-05-03","free":"text","k":1}"#;
    let found = masked(rule, TypeClass::Json, value);
    assert!(
        found.starts_with(r#"{"mail":"MAIL","a":{"x":"stays","secret":"x","mail":"MAIL"},"n":7,"gone":null,"born":"1984-01-01","free":""#),
        "{found}"
    );
    assert!(!found.contains("\"text\"") && found.ends_with(",\"k\":1}"), "{found}");
}

#[test]
fn documents_that_are_not_json_do_not_stay() {
    let found = masked("{kind: json}", TypeClass::Text, "{Anna");
    assert!(found.len() == 5 && !found.contains("Anna"), "{found}");
    let found = masked("{kind: json}", TypeClass::Json, &format!("{}1{}", "[".repeat(300), "]".repeat(300)));
    assert!(found.starts_with('"') && found.ends_with('"'), "{found}");
}

#[test]
fn numbers_with_a_rule_for_texts_become_texts() {
    let found = masked(r#"{kind: json, paths: {"$": {kind: email}}}"#, TypeClass::Json, "[5, true]");
    assert_eq!(found.matches("@example.com\"").count(), 2, "{found}");
}

/// Maskers of one domain for columns of all types of text, and for a leaf of JSON. Their inputs are equal in PostgreSQL.
fn maskers_of_one_domain(kind: MaskKind) -> Vec<(TypeClass, &'static str, ColumnMasker)> {
    let text = format!(
        "version: 1\ndomains: {{d: {{kind: {kind}, fold: lower}}}}\ntables: {{a.b: {{citext: {{domain: d}}, text: {{domain: \
         d}}, varchar: {{domain: d}}, char: {{domain: d}}, jsonb: {{kind: json, paths: {{\"$.v\": {{domain: d}}}}}}}}}}"
    );
    let policy = parse_masking_policy(text.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let types = [
        ("citext", TypeClass::Text, None, ColumnEquality::IgnoreCase),
        ("text", TypeClass::Text, None, ColumnEquality::Exact),
        ("varchar", TypeClass::Text, Some(255), ColumnEquality::Exact),
        ("char", TypeClass::Text, Some(255), ColumnEquality::TrimEnd),
        ("jsonb", TypeClass::Json, None, ColumnEquality::Exact),
    ];
    let name = |column| ColumnName::new(TableName::new("a", "b"), column);
    let columns = types.iter().map(|(column, class, limit, equality)| CatalogueColumn {
        name: name(*column),
        type_name: (*column).to_owned(),
        class: *class,
        limit: *limit,
        equality: *equality,
        not_null: false,
        unique: false,
        generated: false,
    });
    let catalogue = Catalogue { columns: columns.collect(), ..Catalogue::default() };
    let classification = classify(&policy, &catalogue).unwrap_or_else(|refused| panic!("{kind}: {refused:?}"));
    let key = MaskingKey::from_secret(b"0123456789abcdef0123456789abcdef").unwrap();
    let maskers = classification.maskers(&key).unwrap();
    types.iter().map(|(column, class, ..)| (*class, *column, maskers[&name(*column)].clone())).collect()
}

/// Kinds of functions for texts with outputs that depend on their inputs.
fn kinds_of_text() -> Vec<MaskKind> {
    let is_text = |kind: &MaskKind| {
        let is_fixed = matches!(kind, MaskKind::Constant | MaskKind::Null);
        !is_fixed && MaskFunction::with_defaults(*kind).accepts(TypeClass::Text)
    };
    MaskKind::iter().filter(is_text).collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

    #[test]
    fn one_value_has_one_output_in_columns_of_all_types(value in "[A-Za-z0-9@.+ -]{0,30}[A-Za-z0-9]") {
        for kind in kinds_of_text() {
            let mut outputs = Vec::new();
            for (class, column, masker) in maskers_of_one_domain(kind) {
                let input = match column {
                    "citext" => value.to_ascii_uppercase(),
                    "char" => format!("{value}   "),
                    "jsonb" => format!("{{\"v\": {}}}", quoted(&value)),
                    _ => value.clone(),
                };
                let masked = masker.mask(class, &input).unwrap();
                outputs.push(match class {
                    TypeClass::Json => {
                        let document: serde_json::Value = serde_json::from_str(&masked).unwrap();
                        document["v"].as_str().unwrap().to_owned()
                    }
                    _ => masked.trim_end().to_owned(),
                });
            }
            proptest::prop_assert!(outputs.iter().all(|output| *output == outputs[0]), "{} {:?}", kind, outputs);
        }
    }
}
