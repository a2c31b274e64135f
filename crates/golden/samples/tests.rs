use eod_masking::{Catalogue, CatalogueColumn, ColumnEquality, TableName, classify, parse_masking_policy};

use super::*;

#[test]
fn hexadecimal_digits_are_bytes() {
    assert_eq!(bytes_of_hex("00ff10"), Some(vec![0, 255, 16]));
    assert_eq!(bytes_of_hex("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").map(|bytes| bytes.len()), Some(16));
    assert_eq!(bytes_of_hex("abc"), None);
}

#[test]
fn strings_of_documents_are_sampled_if_they_are_masked() {
    let policy = "version: 1\ntables:\n  app.t:\n    doc: { kind: json, paths: { \"$.kept\": keep, \"$.mail\": { kind: email }, \
                  \"$.name\": { kind: full_name } } }\n";
    let policy = parse_masking_policy(policy.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let column = ColumnName::new(TableName::new("app", "t"), "doc");
    let catalogue = Catalogue {
        columns: vec![CatalogueColumn {
            name: column.clone(),
            type_name: "jsonb".to_owned(),
            class: TypeClass::Json,
            limit: None,
            equality: ColumnEquality::Exact,
            not_null: false,
            unique: false,
            generated: false,
        }],
        ..Catalogue::default()
    };
    let classification = classify(&policy, &catalogue).unwrap();
    let ColumnDecision::Json { paths, strings } = &classification.columns[&column] else { panic!("no JSON") };
    let mut documents: Vec<_> = (0..20)
        .map(|i| {
            format!(
                r#"{{"kept":"kept value {i}","mail":"anna{i}@shop.example","name":"Anna Berger {i}","deep":["street {i} no 7"],
                    "same":"common text","short":"abc{i}","escaped":"a \"quoted\" text {i}"}}"#
            )
        })
        .collect();
    documents.push("not JSON at all".to_owned());
    let found = leaves(&documents, paths, strings.as_deref(), &classification, 100);
    let found: Vec<_> = found.into_iter().map(|value| String::from_utf8(value).unwrap()).collect();
    assert_eq!(found.len(), 40, "{found:?}");
    assert!(found.iter().all(|value| value.ends_with("@shop.example") || value.starts_with("street ")), "{found:?}");
}
