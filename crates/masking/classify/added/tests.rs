use super::*;
use crate::{
    policy::parse_masking_policy,
    scope::{RoutineTexts, SqlFile, touched_tables},
};

const POLICY: &str = "\
version: 1
tables:
  app.customers:
    email: { kind: email }
    total: keep
  public.orders: keep
  audit.*: empty
";

fn found(policy: &str, sql: &str) -> Vec<String> {
    let policy = parse_masking_policy(policy.as_bytes()).unwrap();
    let file = SqlFile { name: "1.sql", content: sql.as_bytes() };
    let scope = touched_tables(&[file], &RoutineTexts::default());
    let found = uncovered_columns(&policy, &scope);
    found.iter().map(|column| format!("{} {} {}", column.place, column.name, column.rule)).collect()
}

#[test]
fn added_column_without_a_rule_is_found_with_its_rule() {
    for (sql, expected) in [
        (
            "ALTER TABLE app.customers ADD COLUMN phone varchar(20)",
            &["1.sql:1 app.customers.phone { kind: phone }"][..],
        ),
        // A name without a schema means the table of the policy.
        ("ALTER TABLE customers ADD phone text", &["1.sql:1 app.customers.phone { kind: phone }"]),
        ("ALTER TABLE app.customers ADD COLUMN amount integer", &[]),
        ("ALTER TABLE app.customers ADD COLUMN amount numeric(10, 2)", &[]),
        ("ALTER TABLE app.customers ADD COLUMN seen timestamp(3) with time zone", &[]),
        ("ALTER TABLE app.customers ADD COLUMN tags text[]", &["1.sql:1 app.customers.tags { kind: text }"]),
        ("ALTER TABLE app.customers ADD COLUMN email text", &[]),
        ("ALTER TABLE app.customers ALTER COLUMN total TYPE text", &[]),
        ("ALTER TABLE orders ADD COLUMN note text", &[]),
        ("ALTER TABLE audit.log ADD COLUMN note text", &[]),
        ("CREATE TABLE notes (id int, body jsonb)", &["1.sql:1 public.notes.body { kind: json }"]),
        ("ALTER TABLE app.customers RENAME COLUMN email TO mail", &["1.sql:1 app.customers.mail { kind: email }"]),
        ("ALTER TABLE app.customers RENAME COLUMN total TO sum", &["1.sql:1 app.customers.sum { kind: text }"]),
        ("ALTER TABLE app.customers RENAME COLUMN count TO number", &[]),
        ("SELECT 1", &[]),
    ] {
        assert_eq!(found(POLICY, sql), expected, "{sql}");
    }
}

#[test]
fn policy_that_masks_by_default_covers_all_columns() {
    let policy = POLICY.replace("tables:", "defaults: { unclassified: mask }\ntables:");
    assert_eq!(found(&policy, "ALTER TABLE app.customers ADD COLUMN phone text"), [""; 0]);
}

#[test]
fn class_follows_from_the_text_of_a_type() {
    for (text, expected) in [
        ("CHARACTER VARYING(20)", TypeClass::Text),
        ("pg_catalog.int4", TypeClass::Integer),
        ("double precision", TypeClass::Float),
        ("timestamp(3) with time zone", TypeClass::Timestamp),
        ("time without time zone", TypeClass::Scalar),
        ("uuid[]", TypeClass::Uuid),
        ("integer ARRAY", TypeClass::Integer),
        ("shop.state", TypeClass::Other),
        ("hstore", TypeClass::Other),
        ("", TypeClass::Other),
    ] {
        assert_eq!(class_of(text), expected, "{text}");
    }
}
