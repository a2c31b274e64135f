use super::*;
use crate::{
    catalogue::{CatalogueForeignKey, ColumnEquality},
    policy::parse_masking_policy,
};

fn column(name: &str, type_name: &str) -> CatalogueColumn {
    let (table, column) = name.rsplit_once('.').unwrap();
    let (base, limit) = match type_name.split_once('(') {
        Some((base, limit)) => (base, limit.trim_end_matches(')').parse().ok()),
        None => (type_name, None),
    };
    let class = match base {
        "text" | "varchar" | "char" | "citext" => TypeClass::Text,
        "integer" | "bigint" => TypeClass::Integer,
        "numeric" => TypeClass::Numeric,
        "date" => TypeClass::Date,
        "timestamptz" => TypeClass::Timestamp,
        "jsonb" => TypeClass::Json,
        "inet" => TypeClass::Inet,
        "uuid" => TypeClass::Uuid,
        "boolean" => TypeClass::Boolean,
        "bytea" => TypeClass::Bytes,
        "interval" => TypeClass::Scalar,
        _ => TypeClass::Other,
    };
    let equality = match base {
        "citext" => ColumnEquality::IgnoreCase,
        "char" => ColumnEquality::TrimEnd,
        _ => ColumnEquality::Exact,
    };
    CatalogueColumn {
        name: ColumnName::new(table.parse().unwrap(), column),
        type_name: type_name.to_owned(),
        class,
        limit,
        equality,
        not_null: false,
        unique: false,
        generated: false,
    }
}

fn unique(column: CatalogueColumn) -> CatalogueColumn {
    CatalogueColumn { unique: true, not_null: true, ..column }
}

fn key(from: &str, to: &str) -> CatalogueForeignKey {
    let parts = |name: &str| {
        let (table, column) = name.rsplit_once('.').unwrap();
        (table.parse::<TableName>().unwrap(), vec![column.to_owned()])
    };
    let ((table, columns), (referenced_table, referenced_columns)) = (parts(from), parts(to));
    CatalogueForeignKey { name: "fk".to_owned(), table, columns, referenced_table, referenced_columns }
}

fn classified(
    rules: &str,
    columns: Vec<CatalogueColumn>,
    foreign_keys: Vec<CatalogueForeignKey>,
) -> Result<Classification, Vec<String>> {
    let policy = parse_masking_policy(format!("version: 1\n{rules}\n").as_bytes());
    let policy = policy.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let catalogue = Catalogue { columns, foreign_keys, parents: BTreeMap::new() };
    classify(&policy, &catalogue).map_err(|refused| refused.iter().map(ToString::to_string).collect())
}

/// The only refusal.
#[track_caller]
fn refusal(rules: &str, columns: Vec<CatalogueColumn>, foreign_keys: Vec<CatalogueForeignKey>) -> String {
    let found = classified(rules, columns, foreign_keys).unwrap_err();
    assert_eq!(found.len(), 1, "{found:#?}");
    found.concat()
}

fn decision<'a>(classification: &'a Classification, name: &str) -> &'a ColumnDecision {
    let (table, column) = name.rsplit_once('.').unwrap();
    &classification.columns[&ColumnName::new(table.parse().unwrap(), column)]
}

fn domain(name: &str) -> ColumnDecision {
    ColumnDecision::Mask { domain: name.to_owned() }
}

#[test]
fn columns_that_can_hold_personal_data_need_a_rule() {
    let columns = vec![
        column("a.b.id", "bigint"),
        column("a.b.email", "varchar(100)"),
        column("a.b.note", "text"),
        column("a.b.data", "jsonb"),
        column("a.b.file", "bytea"),
        column("a.b.addr", "inet"),
        column("a.b.tags", "hstore"),
        column("a.b.born", "date"),
        column("a.b.salary", "numeric"),
        column("a.b.created_at", "timestamptz"),
        column("a.b.active", "boolean"),
        column("a.b.duration", "interval"),
        column("a.b.ref", "uuid"),
    ];
    let found = classified("tables: {}", columns.clone(), Vec::new()).unwrap_err();
    let rules: Vec<_> = found.iter().map(|text| text.split('`').nth(1).unwrap()).collect();
    assert_eq!(
        rules,
        [
            "addr: { kind: ip }",
            "born: { kind: date_shift }",
            "data: { kind: json }",
            "email: { kind: email }",
            "file: { kind: hash }",
            "note: { kind: text }",
            "salary: { kind: number_noise }",
            "tags: { kind: null }",
        ],
        "{found:#?}"
    );
    assert_eq!(
        found[3],
        "column a.b.email of type varchar(100) has no rule; add `email: { kind: email }` to the rules of a.b, or `email: keep`"
    );
    let masked = classified("defaults: {unclassified: mask}\ntables: {}", columns.clone(), Vec::new()).unwrap();
    assert_eq!(decision(&masked, "a.b.id"), &ColumnDecision::Keep);
    assert_eq!(decision(&masked, "a.b.email"), &domain("column a.b.email"));
    assert_eq!(masked.domains["column a.b.tags"].function, MaskFunction::Null);
    let kept = classified("tables: {a.*: keep}", columns, Vec::new()).unwrap();
    assert!(kept.columns.values().all(|decision| *decision == ColumnDecision::Keep));
}

#[test]
fn foreign_keys_pull_columns_into_one_domain() {
    let columns = || {
        vec![
            unique(column("a.customers.code", "text")),
            column("a.orders.customer", "text"),
            unique(column("a.orders.code", "text")),
            column("a.lines.order_code", "varchar(40)"),
        ]
    };
    let keys = || vec![key("a.orders.customer", "a.customers.code"), key("a.lines.order_code", "a.orders.code")];
    let rules = "tables: {a.customers: {code: {kind: digits}}, a.orders: {code: {kind: national_id}}}";
    let found = classified(rules, columns(), keys()).unwrap();
    assert_eq!(decision(&found, "a.orders.customer"), &domain("column a.customers.code"));
    assert_eq!(decision(&found, "a.lines.order_code"), &domain("column a.orders.code"));
    assert!(found.domains["column a.customers.code"].room.unique);
    // The rule can also be written at the referencing column, or equally at both.
    let rules = "tables: {a.orders: {customer: {kind: digits}, code: keep}, a.customers: {code: {kind: digits}}}";
    let found = classified(rules, columns(), keys()).unwrap();
    assert_eq!(decision(&found, "a.orders.customer"), decision(&found, "a.customers.code"));
    assert_eq!(decision(&found, "a.lines.order_code"), &ColumnDecision::Keep);
    // A column that becomes NULL is not connected.
    let rules = "tables: {a.customers: {code: {kind: digits}}, a.orders: {customer: {kind: null}, code: keep}}";
    classified(rules, columns(), keys()).unwrap();
    let rules = "tables: {a.customers: {code: keep}, a.orders: {customer: {kind: digits}, code: keep}}";
    assert_eq!(
        refusal(rules, columns(), keys()),
        "line 2, column 48: columns a.customers.code (keep) and a.orders.customer (kind digits) of foreign key fk must have \
         equal rules; use one domain for both, or remove the rule of one of them"
    );
}

#[test]
fn columns_of_a_domain_must_have_one_output() {
    let rules =
        |kind: &str| format!("domains: {{d: {{{kind}}}}}\ntables: {{a.b: {{c: {{domain: d}}, e: {{domain: d}}}}}}");
    let two = |one: &str, other: &str| vec![column("a.b.c", one), column("a.b.e", other)];
    let message = |kind: &str, one: &str, other: &str| refusal(&rules(kind), two(one, other), Vec::new());
    assert_eq!(
        message("kind: email", "varchar(20)", "text"),
        "line 3, column 32: columns a.b.c (varchar(20)) and a.b.e (text) are in one domain, so they must have the same \
         length for this kind; use a kind that keeps the length, or make the columns equally long"
    );
    assert!(message("kind: email", "citext", "text").contains("only one of them ignores case; add `fold: lower`"));
    assert!(message("kind: digits", "bigint", "text").contains("`digits` gives different values for these types"));
    assert!(message("kind: date_shift", "date", "timestamptz").contains("different values"));
    for (kind, one, other) in [
        ("kind: email", "varchar(50)", "text"),
        ("kind: email", "varchar(20)", "varchar(20)"),
        ("kind: email, fold: lower", "citext", "text"),
        ("kind: digits", "varchar(3)", "text"),
        ("kind: digits", "integer", "bigint"),
        ("kind: uuid", "uuid", "text"),
        ("kind: ip", "inet", "text"),
        ("kind: hash", "char(32)", "text"),
    ] {
        classified(&rules(kind), two(one, other), Vec::new()).unwrap_or_else(|refused| panic!("{kind}: {refused:#?}"));
    }
    let found = classified(&rules("kind: email"), two("char(50)", "text"), Vec::new()).unwrap();
    assert!(found.domains["d"].form.trim_end);
}

#[test]
fn rules_that_do_not_fit_their_column_are_refused() {
    let one = |rule: &str, column: CatalogueColumn| {
        refusal(&format!("tables: {{a.b: {{c: {rule}}}}}"), vec![column], Vec::new())
    };
    let c = |type_name: &str| column("a.b.c", type_name);
    assert_eq!(
        one("{kind: email}", c("bigint")),
        "line 2, column 16: `email` does not give values of type bigint for column a.b.c; use another kind, such as `{ kind: digits }`"
    );
    assert!(one("{kind: json}", c("uuid")).contains("`json` does not give values of type uuid"));
    assert!(one("{kind: json}", unique(c("jsonb"))).contains("must be unique"));
    assert!(one("{kind: text}", unique(c("text"))).contains("use a kind with unique values"));
    assert!(one("{kind: email}", c("varchar(8)")).contains("needs at least 13 characters, the column has 8"));
    assert!(one("{kind: null}", CatalogueColumn { not_null: true, ..c("text") }).contains("must not be NULL"));
    assert!(one("{kind: constant, value: x}", c("bigint")).contains("constant `x` is not a value of type bigint"));
    assert!(
        one("{kind: text}", CatalogueColumn { generated: true, ..c("text") }).contains("generated by the database")
    );
    let collated = CatalogueColumn { equality: ColumnEquality::Collation, ..c("text") };
    assert!(one("{kind: text}", collated).contains("nondeterministic collation"));
    let other = refusal("tables: {a.b: {c: keep, x: keep}}", vec![c("bigint")], Vec::new());
    assert_eq!(other, "line 2, column 25: table a.b has no column `x`; use one of `c`, or remove the rule");
    let other = refusal("tables: {a.b: keep, a.x: {z: keep}}", vec![c("text")], Vec::new());
    assert_eq!(other, "line 2, column 27: the database has no table a.x; correct the name, or remove the rule");
}

#[test]
fn empty_tables_must_not_be_referenced() {
    let columns = || vec![unique(column("a.b.id", "bigint")), column("a.c.b", "bigint")];
    let keys = || vec![key("a.c.b", "a.b.id")];
    let found = refusal("tables: {a.b: empty}", columns(), keys());
    assert!(found.starts_with("table a.b is `empty`, but foreign key fk of a.c references its rows"), "{found}");
    let found = classified("tables: {a.b: empty, a.c: empty}", columns(), keys()).unwrap();
    assert_eq!((found.empty.len(), found.columns.len()), (2, 0));
    classified("tables: {a.b: empty, a.c: {b: {kind: null}}}", columns(), keys()).unwrap();
}

#[test]
fn partition_has_the_rules_and_keys_of_its_parent() {
    let policy =
        parse_masking_policy(b"version: 1\ntables: {a.log: {mail: {kind: email}, doc: {kind: json}}}").unwrap();
    let catalogue = Catalogue {
        columns: ["a.log_1.mail", "a.log_2.mail"]
            .map(|name| column(name, "text"))
            .into_iter()
            .chain(["a.log_1.doc", "a.log_2.doc"].map(|name| column(name, "jsonb")))
            .collect(),
        foreign_keys: Vec::new(),
        parents: [1, 2].map(|number| (TableName::new("a", format!("log_{number}")), TableName::new("a", "log"))).into(),
    };
    let found = classify(&policy, &catalogue).unwrap();
    assert_eq!(decision(&found, "a.log_1.mail"), &domain("column a.log.mail"));
    assert_eq!(decision(&found, "a.log_1.mail"), decision(&found, "a.log_2.mail"));
    assert_eq!(decision(&found, "a.log_1.doc"), decision(&found, "a.log_2.doc"));
}

#[test]
fn all_refusals_are_returned_together() {
    let columns = vec![column("a.b.c", "text"), column("a.b.d", "text"), column("a.b.e", "uuid")];
    let found = classified("tables: {a.b: {e: {kind: email}}, x.y: keep}", columns, Vec::new()).unwrap_err();
    assert_eq!(found.len(), 4, "{found:#?}");
}
