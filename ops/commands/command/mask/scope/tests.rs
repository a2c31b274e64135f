use super::*;

fn scope_of(files: &[(&str, &str)]) -> MigrationScope {
    let files: Vec<_> = files.iter().map(|(name, text)| SqlFile { name, content: text.as_bytes() }).collect();
    touched_tables(&files, &RoutineTexts::new())
}

#[test]
fn scope_has_tables_columns_and_reasons_with_file_and_line() {
    let scope = scope_of(&[
        ("1.sql", "CREATE TABLE app.vat (id int);\nALTER TABLE customers\n  ADD COLUMN vat text;"),
        ("2.sql", "\nALTER TABLE old RENAME TO new;\nDO $$ BEGIN EXECUTE x; END $$;"),
    ]);
    let found = document(&scope);
    let tables = json!([
        { "table": "customers", "file": "1.sql", "line": 2, "created": false },
        { "table": "new", "file": "2.sql", "line": 2, "created": false },
        { "table": "old", "file": "2.sql", "line": 2, "created": false },
        { "table": "app.vat", "file": "1.sql", "line": 1, "created": true },
    ]);
    let mut expected = tables.as_array().unwrap().clone();
    let mut listed = found["tables"].as_array().unwrap().clone();
    let name = |value: &Value| value["table"].as_str().unwrap().to_owned();
    expected.sort_by_key(name);
    listed.sort_by_key(name);
    assert_eq!(listed, expected);
    assert_eq!(found["all_tables"], true);
    assert_eq!(found["reasons"][0]["line"], 3);
    assert_eq!(found["renamed_tables"], json!([{ "from": "old", "to": "new", "file": "2.sql", "line": 2 }]));
    let columns: Vec<_> = found["added_columns"].as_array().unwrap().iter().map(|it| it["column"].as_str()).collect();
    assert_eq!(columns, [Some("id"), Some("vat")]);
    let text = text(&scope);
    assert!(text.contains("customers.vat  text  1.sql:3") || text.contains("customers.vat  text  1.sql:2"), "{text}");
    assert!(text.contains("app.vat    1.sql:1    created"), "{text}");
    assert!(text.contains("old        2.sql:2    renamed to new"), "{text}");
    assert!(text.contains("  2.sql:3: SQL is built at run time: EXECUTE x;"), "{text}");
}

#[test]
fn migration_without_tables_says_so() {
    assert_eq!(text(&scope_of(&[("1.sql", "SELECT 1;")])), "no table is touched\n");
    assert_eq!(document(&scope_of(&[]))["all_tables"], false);
}

#[test]
fn every_file_that_cannot_be_read_is_reported() {
    let failure = contents(&["missing-1.sql".into(), "missing-2.sql".into()]).unwrap_err();
    assert!(failure.text().contains("missing-1.sql") && failure.text().contains("missing-2.sql"), "{}", failure.text());
}
