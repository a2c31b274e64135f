use super::*;
use crate::{
    policy::parse_masking_policy,
    scope::{RoutineTexts, SqlFile, touched_tables},
};

fn policy(tables: &str) -> MaskingPolicy {
    parse_masking_policy(format!("version: 1\n{tables}").as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn stricter(before: &str, after: &str, sql: &str) -> Vec<String> {
    let file = SqlFile { name: "1.sql", content: sql.as_bytes() };
    let scope = touched_tables(&[file], &RoutineTexts::default());
    stricter_parts(&policy(before), &policy(after), &scope).into_iter().collect()
}

#[test]
fn column_that_was_kept_and_is_masked_is_stricter() {
    let before = "tables:\n  app.a: { id: keep, name: { kind: full_name } }\n  app.b: keep\n";
    for (after, expected) in [
        ("tables:\n  app.a: { id: keep, name: { kind: full_name } }\n  app.b: keep\n", &[][..]),
        ("tables:\n  app.a: { id: keep, name: keep }\n  app.b: keep\n", &[]),
        ("tables:\n  app.a: { id: keep, name: { kind: text } }\n  app.b: keep\n", &[]),
        ("tables:\n  app.a: { id: { kind: digits }, name: { kind: text } }\n  app.b: keep\n", &["app.a.id"]),
        ("tables:\n  app.a: { id: keep, more: { kind: text } }\n  app.b: empty\n", &["app.a.more", "app.b"]),
        ("tables:\n  app.a: keep\n  app.*: empty\n", &["app.*", "app.b"]),
        ("tables:\n  app.a: keep\n", &[]),
    ] {
        assert_eq!(stricter(before, after, ""), expected, "{after}");
    }
    // Columns and tables of the migrations have no rows of a golden database.
    let after = "tables:\n  app.a: { id: keep, more: { kind: text } }\n  app.b: keep\n  app.c: { x: { kind: text } }\n";
    let sql = "ALTER TABLE app.a ADD COLUMN more text; CREATE TABLE app.c (x text)";
    assert_eq!(stricter(before, after, sql), [""; 0]);
    assert_eq!(stricter(before, after, ""), ["app.a.more", "app.c.x"]);
}

#[test]
fn rules_of_documents_are_compared_by_path() {
    let before = "tables:\n  app.a: { d: { kind: json, paths: { \"$.x\": keep, \"$.y\": { kind: city } } } }\n";
    let masks = "tables:\n  app.a: { d: { kind: json, paths: { \"$.x\": { kind: text } } } }\n";
    assert_eq!(stricter(before, masks, ""), ["app.a.d"]);
    assert_eq!(stricter(before, "tables:\n  app.a: { d: { kind: json } }\n", ""), [""; 0]);
    let keeps = before.replace("tables:", "defaults: { json_strings: keep }\ntables:");
    assert_eq!(stricter(&keeps, before, ""), ["app.a.d"]);
    assert_eq!(stricter(before, &keeps, ""), [""; 0]);
}
