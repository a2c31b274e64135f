use super::*;

fn database(provider: Option<&str>, name: Option<&str>, rules: Option<&str>) -> DatabaseRow {
    DatabaseRow {
        datcollate: "de_DE.utf8".to_owned(),
        datctype: "C".to_owned(),
        datlocprovider: provider.map(str::to_owned),
        daticulocale: name.map(str::to_owned),
        datlocale: None,
        daticurules: rules.map(str::to_owned),
    }
}

#[test]
fn database_gets_the_encoding_and_collation_of_the_source() {
    let begin = "ENCODING E'UTF8' LC_COLLATE E'de_DE.utf8' LC_CTYPE E'C' LOCALE_PROVIDER";
    assert_eq!(locale("UTF8", &database(None, None, None)), (format!("{begin} libc"), 15));
    assert_eq!(locale("UTF8", &database(Some("c"), None, None)), (format!("{begin} libc"), 15));
    let icu = format!("{begin} icu ICU_LOCALE E'de-DE'");
    assert_eq!(locale("UTF8", &database(Some("i"), Some("de-DE"), None)), (icu.clone(), 15));
    assert_eq!(
        locale("UTF8", &database(Some("i"), Some("de-DE"), Some("&a < b"))),
        (format!("{icu} ICU_RULES E'&a < b'"), 16)
    );
    assert_eq!(
        locale("UTF8", &database(Some("b"), Some("C.UTF-8"), None)),
        (format!("{begin} builtin BUILTIN_LOCALE E'C.UTF-8'"), 17)
    );
}

#[test]
fn missing_privileges_come_with_the_statements_that_grant_them() {
    let row = |name: &str, is_sequence, schema_is_usable, is_readable, hides_rows| ReadableRow {
        schema: "app".to_owned(),
        name: name.to_owned(),
        is_sequence,
        schema_is_usable,
        is_readable,
        hides_rows,
    };
    assert_eq!(missing(&[row("a", false, true, true, false)], "me"), [""; 0]);
    let rows =
        [row("a", false, false, false, true), row("b", true, false, false, false), row("c", false, false, true, true)];
    assert_eq!(
        missing(&rows, "my role"),
        [
            "GRANT USAGE ON SCHEMA \"app\" TO \"my role\"",
            "GRANT SELECT ON TABLE \"app\".\"a\" TO \"my role\"",
            "GRANT SELECT ON SEQUENCE \"app\".\"b\" TO \"my role\"",
            "ALTER ROLE \"my role\" BYPASSRLS",
        ]
    );
}
