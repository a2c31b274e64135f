use std::fmt::Write as _;

use super::*;
use crate::table_name::TableName;

fn scope_of(text: &str) -> MigrationScope {
    touched_tables(&[SqlFile { name: "m.sql", content: text.as_bytes() }], &RoutineTexts::new())
}

fn names<'a>(found: impl IntoIterator<Item = &'a SqlName>) -> Vec<String> {
    let mut names: Vec<_> = found.into_iter().map(ToString::to_string).collect();
    names.sort();
    names
}

/// Spellings of three tables, and their names.
const STYLES: [[(&str, &str); 3]; 3] = [
    [("customers", "customers"), ("orders", "orders"), ("order_lines", "order_lines")],
    [(r#""App"."Customers""#, "App.Customers"), (r#"app."Order Items""#, "app.Order Items"), (r#""select""#, "select")],
    [("PUBLIC.Customers", "public.customers"), ("Sales.ORDERS", "sales.orders"), ("öl_Sorten", "öl_sorten")],
];

fn with_names(text: &str, style: &[(&str, &str); 3], pick: impl Fn(&(&str, &str)) -> String) -> String {
    let mut text = text.to_owned();
    for (marker, table) in ["{a}", "{b}", "{c}"].into_iter().zip(style) {
        text = text.replace(marker, &pick(table));
    }
    text
}

/// Each migration of the corpus has its answer: tables after `=>`, added columns after `+`, or `ALL` with a part of the
/// reason. The answers were written with the migrations, not printed by the walk.
#[test]
fn migrations_of_the_corpus_have_their_known_answers() {
    let (mut count, mut migrations, mut wide, mut wrong) = (0, 0, 0, String::new());
    for case in include_str!("corpus.txt").split("====\n") {
        migrations += 1;
        let (sql, answer) = case.split_once("=> ").unwrap_or_else(|| panic!("no answer: {case}"));
        for style in &STYLES {
            count += 1;
            let sql = with_names(sql, style, |(spelling, _)| (*spelling).to_owned());
            let scope = scope_of(&sql);
            let mut lines = answer.lines();
            let tables = lines.next().unwrap_or_default();
            if let Some(reason) = tables.strip_prefix("ALL ") {
                wide += 1;
                let reasons: Vec<_> = scope.all_tables.iter().map(|widening| widening.reason.to_string()).collect();
                if !reasons.iter().any(|found| found.contains(reason)) {
                    writeln!(wrong, "{sql}expected {reason}\ngot {reasons:?}\n").unwrap();
                }
                continue;
            }
            let list = |text: &str| {
                let mut list: Vec<_> = text.split_ascii_whitespace().map(|name| name.replace('\u{a0}', " ")).collect();
                list.sort();
                list
            };
            let pick = |(_, name): &(&str, &str)| name.replace(' ', "\u{a0}");
            let expected = list(&with_names(tables, style, pick));
            let found = names(scope.tables.keys());
            let columns = lines.next().and_then(|line| line.strip_prefix("+ ")).unwrap_or_default();
            let columns = list(&with_names(columns, style, pick));
            let mut added: Vec<_> =
                scope.added_columns.iter().map(|added| format!("{}.{}", added.table, added.column)).collect();
            added.sort();
            if expected != found || columns != added || !scope.all_tables.is_empty() {
                let wide: Vec<_> = scope.all_tables.iter().map(ToString::to_string).collect();
                writeln!(wrong, "{sql}expected {expected:?} {columns:?}\ngot {found:?} {added:?} {wide:?}\n").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(migrations >= 300 && count == migrations * STYLES.len(), "{migrations} migrations, {count} texts");
    println!("{migrations} migrations in {count} texts, {wide} of the texts touch all tables by design");
}

#[test]
fn renames_lead_from_the_old_name_to_the_new_one() {
    let scope = scope_of("ALTER TABLE a.x RENAME TO y;\nALTER TABLE z SET SCHEMA archive;\nALTER VIEW v RENAME TO w;");
    let renamed: Vec<_> = scope.renamed.iter().map(|it| format!("{} {} {}", it.from, it.to, it.place.line)).collect();
    assert_eq!(renamed, ["a.x a.y 1", "z archive.z 2", "v w 3"]);
    assert_eq!(names(scope.tables.keys()), ["a.x", "a.y", "archive.z", "v", "w", "z"]);
}

#[test]
fn positions_are_lines_of_the_file() {
    let text = "\n\nDO $$\nBEGIN\n  DELETE FROM a;\n  EXECUTE f;\nEND $$;\nCREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS \
        '\nBEGIN\n  DO $x$ BEGIN\n  DELETE FROM b; END $x$;\nEND';\nSELECT FROM;;\n\nALTER TABLE c ADD d int;";
    let scope = scope_of(text);
    let lines: Vec<_> = scope.tables.iter().map(|(name, place)| format!("{name} {}", place.line)).collect();
    assert_eq!(lines, ["a 5", "b 11", "c 15"], "{:?}", scope.all_tables);
    let widened: Vec<_> = scope.all_tables.iter().map(|it| (it.place.line, it.reason.clone())).collect();
    assert!(widened.contains(&(6, WideningReason::Dynamic)), "{widened:?}");
    assert_eq!(scope.added_columns[0].place.line, 15);
    assert_eq!(scope.added_columns[0].type_name, "int");
}

#[test]
fn known_routines_are_followed() {
    let name = |name: &str| SqlName { schema: Some("app".to_owned()), name: name.to_owned() };
    let function = |name: &str, body: &str| {
        format!("CREATE OR REPLACE FUNCTION app.{name}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    };
    let mut routines = RoutineTexts::new();
    routines.insert(name("one"), vec![function("one", "DELETE FROM a; PERFORM app.two();")]);
    routines.insert(name("two"), vec![function("two", "DELETE FROM b; PERFORM one();")]);
    routines.insert(name("other"), vec![function("other", "EXECUTE 'x';")]);
    let file = SqlFile { name: "m.sql", content: b"SELECT app.one()" };
    let scope = touched_tables(&[file], &routines);
    assert_eq!((names(scope.tables.keys()), scope.all_tables), (vec!["a".to_owned(), "b".to_owned()], Vec::new()));
    let scope = touched_tables(&[SqlFile { name: "m.sql", content: b"SELECT app.three()" }], &routines);
    assert_eq!(scope.all_tables.len(), 1);
}

#[test]
fn scope_is_resolved_in_the_database() {
    let table = |name: &str| TableName::new("public", name);
    let relations = SchemaRelations {
        tables: ["a", "b", "c", "log", "log_1", "audit", "d"].map(table).into(),
        views: [(table("v"), vec![table("a"), table("w")]), (table("w"), vec![table("b")])].into(),
        parents: [(table("log_1"), vec![table("log")])].into(),
        sequences: [(table("c_id_seq"), table("c"))].into(),
        triggers: [(table("b"), vec![SqlName { schema: None, name: "track".to_owned() }])].into(),
        cascades: [(table("c"), vec![table("d")])].into(),
    };
    let mut routines = RoutineTexts::new();
    let track =
        "CREATE FUNCTION public.track() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (1); END'";
    routines.insert(SqlName { schema: Some("public".to_owned()), name: "track".to_owned() }, vec![track.to_owned()]);
    let found = |sql: &str, routines: &RoutineTexts| {
        let scope = touched_tables(&[SqlFile { name: "m.sql", content: sql.as_bytes() }], routines);
        let found = scope.resolve(&relations, routines);
        (found.tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>().join(" "), found.all_tables.len())
    };
    let known = |sql: &str| found(sql, &routines);
    assert_eq!(known("UPDATE v SET x = 1"), ("a audit b".to_owned(), 0));
    assert_eq!(known("DELETE FROM public.log_1"), ("log log_1".to_owned(), 0));
    assert_eq!(known("DELETE FROM log"), ("log log_1".to_owned(), 0));
    assert_eq!(known("ALTER SEQUENCE c_id_seq RESTART"), ("c d".to_owned(), 0));
    assert_eq!(known("DELETE FROM other.a"), (String::new(), 0));
    assert_eq!(known("ALTER TABLE a RENAME TO z; DELETE FROM z"), ("a".to_owned(), 0));
    // A trigger without a known function, and dynamic SQL, touch all tables.
    assert_eq!(found("DELETE FROM b", &RoutineTexts::new()).1, 1);
    assert_eq!(known("DO $$ BEGIN EXECUTE x; END $$").0, "a audit b c d log log_1");
}

#[test]
fn hostile_texts_do_not_end_the_process() {
    let nested = |begin: &str, middle: &str, end: &str, count: usize| {
        format!("SELECT {}{middle}{};", begin.repeat(count), end.repeat(count))
    };
    let rows = |count: usize| (0..count).map(|n| format!("({n},'x{n}')")).collect::<Vec<_>>().join(",");
    for (text, is_wide) in [
        (nested("(", "1", ")", 100_000), true),
        (nested("(SELECT ", "1", ")", 10_000), true),
        (nested("CASE WHEN true THEN ", "1", " END", 100_000), true),
        (nested("ARRAY[", "1", "]", 100_000), true),
        (nested("NOT ", "true", "", 100_000), true),
        (nested("- ", "1", "", 100_000), true),
        (format!("SELECT 1{};", " + 1".repeat(100_000)), true),
        (format!("SELECT 1{};", " + 1".repeat(2000)), false),
        (nested("(", "1", ")", 400), false),
        (format!("DO $$ BEGIN {} END $$;", nested("(", "1", ")", 100_000)), true),
        (format!("DO $$ BEGIN {}{} END $$;", "IF true THEN ".repeat(50_000), "END IF; ".repeat(50_000)), true),
        (format!("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS '{}';", nested("(", "1", ")", 50_000)), true),
        (format!("INSERT INTO big.t (a, b) VALUES {};", rows(300_000)), false),
        ("/*".repeat(100_000), true),
        ("'".to_owned(), true),
        ("$$".to_owned(), true),
        ("\"".to_owned(), true),
        ("(".repeat(100_000), true),
        ("\u{0}\u{1}\u{7f}".to_owned(), true),
        ("x".repeat(17 << 20), true),
        (String::new(), false),
        (";;;;".to_owned(), false),
    ] {
        let scope = scope_of(&text);
        let begin: String = text.chars().take(40).collect();
        assert_eq!(!scope.all_tables.is_empty(), is_wide, "{begin}: {:?}", scope.all_tables.first());
    }
    let scope = scope_of(&format!("INSERT INTO big.\"T\" (a, b) VALUES {};", rows(20_000)));
    assert_eq!(names(scope.tables.keys()), ["big.T"]);
    let file = SqlFile { name: "m.sql", content: b"SELECT '\xff'" };
    let scope = touched_tables(&[file], &RoutineTexts::new());
    assert_eq!(scope.all_tables[0].reason, WideningReason::NotText);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_causes_a_panic(text in "[ a-c;'\"$(){}\\\\%<`\n/*-]{0,60}") {
        let scope = scope_of(&text);
        proptest::prop_assert!(scope.all_tables.iter().all(|widening| widening.reason != WideningReason::Parser));
    }

    #[test]
    fn no_sequence_of_words_causes_a_panic(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..25)) {
        let scope = scope_of(&words.join(" "));
        proptest::prop_assert!(scope.all_tables.iter().all(|widening| widening.reason != WideningReason::Parser));
    }
}

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "t",
    "(",
    ")",
    ";",
    "INSERT INTO",
    "VALUES",
    "WITH",
    "x AS",
    "UPDATE",
    "SET",
    "=",
    "1",
    "'s'",
    "$$",
    "DO",
    "BEGIN",
    "END",
    "CREATE FUNCTION f()",
    "LANGUAGE plpgsql",
    "AS",
    "CASE",
    "WHEN",
    "THEN",
    "ALTER TABLE",
    "ADD",
    "COLUMN",
    "int",
    ",",
    "COPY",
    "FROM STDIN",
    "\n\\.\n",
    "\\x",
    "EXECUTE",
    "RENAME TO",
    "LOOP",
    "IF",
    "::",
    "CALL",
    "MERGE",
];
