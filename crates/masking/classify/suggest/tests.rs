use super::*;
use crate::{
    catalogue::CatalogueForeignKey,
    classify::classify,
    function::MaskKind,
    policy::{MaskingPolicy, parse_masking_policy},
};

fn column(table: &str, name: &str, type_name: &str) -> CatalogueColumn {
    let (class, limit) = match type_name {
        "text" | "citext" => (TypeClass::Text, None),
        "varchar(20)" => (TypeClass::Text, Some(20)),
        "varchar(8)" => (TypeClass::Text, Some(8)),
        "bigint" => (TypeClass::Integer, None),
        "jsonb" => (TypeClass::Json, None),
        "boolean" => (TypeClass::Boolean, None),
        "date" => (TypeClass::Date, None),
        "inet" => (TypeClass::Inet, None),
        "tsvector" => (TypeClass::Other, None),
        other => panic!("{other}"),
    };
    CatalogueColumn {
        name: ColumnName::new(TableName::new("public", table), name),
        type_name: type_name.to_owned(),
        class,
        limit,
        equality: if type_name == "citext" { ColumnEquality::IgnoreCase } else { ColumnEquality::Exact },
        not_null: false,
        unique: false,
        generated: false,
    }
}

fn unique(column: CatalogueColumn) -> CatalogueColumn {
    CatalogueColumn { unique: true, not_null: true, ..column }
}

fn foreign_key(from: (&str, &str), to: (&str, &str)) -> CatalogueForeignKey {
    CatalogueForeignKey {
        name: format!("{}_{}_fkey", from.0, from.1),
        table: TableName::new("public", from.0),
        columns: vec![from.1.to_owned()],
        referenced_table: TableName::new("public", to.0),
        referenced_columns: vec![to.1.to_owned()],
    }
}

fn shop() -> Catalogue {
    let columns = vec![
        unique(column("customers", "id", "bigint")),
        unique(column("customers", "email", "text")),
        unique(column("customers", "login", "citext")),
        column("customers", "name", "text"),
        column("customers", "born", "date"),
        column("customers", "email_verified", "boolean"),
        column("customers", "profile", "jsonb"),
        column("customers", "status", "text"),
        CatalogueColumn { generated: true, ..column("customers", "search_name", "text") },
        unique(column("orders", "id", "bigint")),
        column("orders", "account_id", "bigint"),
        column("orders", "contact", "text"),
        column("orders", "login", "citext"),
        column("orders", "short_mail", "varchar(20)"),
        column("orders", "Note ", "varchar(8)"),
        column("orders", "settings", "text"),
        column("events_1", "ip", "inet"),
        column("events_2", "ip", "inet"),
        column("events_1", "message", "text"),
        column("events_2", "message", "text"),
    ];
    let parent = |table: &str| (TableName::new("public", table), TableName::new("public", "events"));
    Catalogue {
        columns,
        foreign_keys: vec![
            foreign_key(("orders", "account_id"), ("customers", "id")),
            foreign_key(("orders", "login"), ("customers", "login")),
        ],
        parents: [parent("events_1"), parent("events_2")].into(),
    }
}

fn samples() -> ColumnSamples {
    let of =
        |table: &str, name: &str, values: Vec<String>| (ColumnName::new(TableName::new("public", table), name), values);
    [
        of("orders", "contact", (0..60).map(|at| format!("Canary{at}@web.example")).collect()),
        of("customers", "status", (0..60).map(|at| ["new", "paid"][at % 2].to_owned()).collect()),
        of("orders", "settings", (0..5).map(|at| format!("{{\"canary\":{at}}}")).collect()),
        of("customers", "name", (0..60).map(|at| format!("Canary Berger {at}")).collect()),
    ]
    .into()
}

fn policy(text: &str) -> MaskingPolicy {
    parse_masking_policy(text.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"))
}

#[test]
fn suggested_policy_is_the_whole_file() {
    let found = suggest_policy(&shop(), &samples(), &["shop_app".to_owned(), "no".to_owned()]);
    let expected = "\
roles: [shop_app, \"no\"]
domains:
  email: { kind: email }
  username: { kind: username, fold: lower }
tables:
  public.customers:
    id: keep  # key of rows
    email: { domain: email }  # by its name
    login: { domain: username }  # by its name
    name: { kind: full_name }  # by its name
    born: { kind: date_shift }  # by its name
    email_verified: keep  # few different values, check that none is personal
    profile: { kind: json }  # by its type
    status: keep  # few different values, check that none is personal
  public.events:
    ip: { kind: ip }  # by its name
    message: { kind: text }  # by its type
  public.orders:
    id: keep
    account_id: keep  # key of rows
    contact: { domain: email }  # by its values
    login: { domain: username }  # by its name
    short_mail: { kind: email }  # by its name
    \"Note \": { kind: text }  # by its type
    settings: { kind: json }  # by its values
";
    let (_, text) = found.text.split_once("large_objects: drop\n").unwrap();
    assert_eq!(text, expected);
}

#[test]
fn suggested_policy_has_no_value_of_a_sample() {
    let found = suggest_policy(&shop(), &samples(), &[]);
    assert!(!format!("{found:?}").to_lowercase().contains("canary"), "{}", found.text);
}

#[test]
fn suggested_policy_fits_its_database() {
    for samples in [samples(), ColumnSamples::new()] {
        let catalogue = shop();
        let found = suggest_policy(&catalogue, &samples, &["shop_app".to_owned()]);
        let policy = policy(&found.text);
        let decided = classify(&policy, &catalogue);
        let decided = decided.unwrap_or_else(|refused| panic!("{refused:?}\n{}", found.text));
        assert_eq!(decided.columns.len(), catalogue.columns.len(), "{}", found.text);
        assert_eq!(policy.roles, ["shop_app"]);
    }
}

#[test]
fn column_without_a_function_is_left_to_a_person() {
    let mut catalogue = shop();
    catalogue.columns.push(unique(column("documents", "search", "tsvector")));
    catalogue.columns.push(CatalogueColumn { not_null: true, ..column("orders", "words", "tsvector") });
    let found = suggest_policy(&catalogue, &ColumnSamples::new(), &[]);
    assert!(found.text.contains("  # public.documents:\n    # search: keep  # no function"), "{}", found.text);
    assert!(found.text.contains("    # words: keep  # no function"), "{}", found.text);
    let refused = classify(&policy(&found.text), &catalogue).unwrap_err();
    assert_eq!(refused.len(), 2, "{refused:?}");
}

#[test]
fn database_without_tables_has_an_empty_policy() {
    let found = suggest_policy(&Catalogue::default(), &ColumnSamples::new(), &[]);
    assert!(policy(&found.text).tables.is_empty());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// Any database of these columns: the suggestion parses, and only undecided columns are refused.
    #[test]
    fn suggestion_fits_any_database(
        chosen in proptest::collection::vec((0..NAMES.len(), 0..TYPES.len(), 0..6_usize, proptest::bool::ANY), 1..25),
        keys in proptest::collection::vec((0..25_usize, 0..25_usize), 0..4),
    ) {
        let mut catalogue = Catalogue::default();
        for (name, type_name, table, is_unique) in chosen {
            let column = column(&format!("t{table}"), NAMES[name], TYPES[type_name]);
            if catalogue.columns.iter().all(|known| known.name != column.name) {
                catalogue.columns.push(if is_unique { unique(column) } else { column });
            }
        }
        for (from, to) in keys {
            // A key references a unique column.
            if let Some(to) = catalogue.columns.get_mut(to) {
                *to = unique(to.clone());
            }
            let (Some(from), Some(to)) = (catalogue.columns.get(from), catalogue.columns.get(to)) else { continue };
            if from.type_name == to.type_name {
                let key = foreign_key(
                    (&from.name.table.name, &from.name.name), (&to.name.table.name, &to.name.name),
                );
                catalogue.foreign_keys.push(key);
            }
        }
        let found = suggest_policy(&catalogue, &ColumnSamples::new(), &[]);
        let undecided: Vec<_> = found.columns.iter().filter(|column| column.rule.is_none()).map(|it| &it.name).collect();
        let policy = parse_masking_policy(found.text.as_bytes());
        let policy = policy.unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", found.text));
        for refused in classify(&policy, &catalogue).err().unwrap_or_default() {
            let is_undecided = refused.columns.iter().any(|column| undecided.contains(&column));
            proptest::prop_assert!(is_undecided, "{refused}\n{}", found.text);
        }
    }
}

const NAMES: &[&str] =
    &["id", "email", "Customer Email", "login", "phone", "note", "account_id", "status", "name", "iban"];
const TYPES: &[&str] =
    &["text", "citext", "varchar(20)", "varchar(8)", "bigint", "jsonb", "boolean", "date", "inet", "tsvector"];

#[test]
fn kinds_that_share_domains_are_functions_of_texts() {
    for kind in SHARED {
        assert!(MaskFunction::with_defaults(kind).accepts(TypeClass::Text), "{kind}");
        assert_ne!(kind, MaskKind::Constant);
    }
}
