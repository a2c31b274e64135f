use super::*;

#[test]
fn rule_of_a_new_column_is_printed_as_the_policy_writes_it() {
    let policy = policy_of("version: 1\ntables:\n  app.customers: { email: { kind: email } }\n").unwrap();
    let sql = "ALTER TABLE app.customers ADD COLUMN phone text, ADD COLUMN note text; CREATE TABLE notes (body text)";
    let scope = scope_of(&BTreeMap::from([("0001.sql".to_owned(), sql.to_owned())]));
    let diag = uncovered_error(&uncovered_columns(&policy, &scope));
    for line in [
        "- 0001.sql:1 adds `app.customers.phone` of type `text`.",
        "\n  app.customers:\n    note: { kind: text }\n    phone: { kind: phone }\n",
        "\n  public.notes:\n    body: { kind: text }",
    ] {
        assert!(diag.detail.contains(line), "{line}: {}", diag.detail);
    }
}

#[test]
fn mistakes_of_a_policy_have_their_lines() {
    let diag = policy_of("version: 1\ntables:\n  app.a: { one: { kind: emial } }\n  app.b: { two: { kind: nope } }\n")
        .unwrap_err();
    assert!(diag.detail.contains("- line 3, column"), "{}", diag.detail);
    assert!(diag.detail.lines().count() >= 2, "{}", diag.detail);
}
