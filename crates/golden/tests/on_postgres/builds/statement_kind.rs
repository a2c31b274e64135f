//! Kinds of statements that change something: the keywords at their begin.

/// Maximum number of keywords of a kind.
const KEYWORDS: usize = 5;
/// Keywords at the begin of statements that change nothing of their own.
const IGNORED: [&str; 12] = [
    "BEGIN",
    "START",
    "COMMIT",
    "ROLLBACK",
    "SET",
    "RESET",
    "SHOW",
    "SELECT",
    "WITH",
    "CLOSE",
    "DISCARD",
    "DEALLOCATE",
];

/// Kinds of the parts of a text, each once, without those that change nothing. The texts of EoD have several statements;
/// those of `pg_restore` have one, and can have semicolons in bodies of functions.
pub(super) fn kinds(text: &str, is_own: bool) -> Vec<String> {
    let parts: Vec<&str> = if is_own { text.split("; ").collect() } else { vec![text] };
    let mut kinds: Vec<String> = Vec::new();
    for part in parts {
        let kind = kind(part, if is_own { KEYWORDS } else { 2 });
        if !kind.is_empty() && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

fn kind(statement: &str, most: usize) -> String {
    if statement.contains("setval(") {
        return "SELECT setval".to_owned();
    }
    let code = statement.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ");
    let words = code.split_whitespace().map(|word| word.trim_matches(|c: char| "(),;".contains(c)));
    let is_keyword = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
    let keywords: Vec<&str> = words.filter(is_keyword).take(most).collect();
    match keywords.first() {
        Some(first) if !IGNORED.contains(first) => keywords.join(" "),
        _ => String::new(),
    }
}

#[test]
fn kinds_are_the_keywords_of_all_parts() {
    let role = "BEGIN; CREATE ROLE \"a_owner\" NOLOGIN; COMMENT ON ROLE \"a_owner\" IS E'eod golden 1'; GRANT \"a\" TO CURRENT_USER; COMMIT";
    assert_eq!(kinds(role, true), ["CREATE ROLE NOLOGIN", "COMMENT ON ROLE IS", "GRANT TO"]);
    assert_eq!(kinds("VACUUM (FULL) pg_catalog.pg_statistic", true), ["VACUUM FULL"]);
    assert_eq!(kinds("SET ROLE \"a\"; SELECT 1; SELECT setval(E'a', 1, true)", true), ["SELECT setval"]);
    assert_eq!(
        kinds("COPY \"a\" (\"ID\", \"b\") FROM STDIN (FORMAT binary, FREEZE)", true),
        ["COPY FROM STDIN FORMAT FREEZE"]
    );
    let function = "\n--\n-- Name: f\n--\nCREATE FUNCTION app.f() RETURNS int AS 'BEGIN; RETURN 1; END'";
    assert_eq!(kinds(function, false), ["CREATE FUNCTION"]);
}
