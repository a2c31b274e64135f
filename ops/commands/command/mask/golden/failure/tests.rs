use std::path::Path;
use std::process::ExitCode;

use eod_masking::{ColumnName, RulePlace};

use super::*;

fn file() -> PolicyFile {
    PolicyFile { name: Path::new("masking.yaml").display().to_string(), bytes: Vec::new() }
}

#[test]
fn refused_rule_has_file_line_column_and_remedy() {
    let column = ColumnName::new("app.orders".parse().unwrap(), "note");
    let rule = |place| RefusedRule {
        columns: vec![column.clone()],
        place,
        message: "column app.orders.note of type text has no rule".to_owned(),
        remedy: "add `note: keep`".to_owned(),
    };
    let rules = vec![rule(Some(RulePlace { line: 4, column: 7 })), rule(None)];
    let failure = build_failure(&BuildError::Policy(rules), &file());
    assert_eq!(failure.exit_code(), ExitCode::from(2));
    let text = failure.text();
    assert!(
        text.contains("\nmasking.yaml:4:7: column app.orders.note of type text has no rule; add `note: keep`\n"),
        "{text}"
    );
    assert!(text.contains("\nmasking.yaml: column app.orders.note"), "{text}");
}

#[test]
fn wrong_input_has_exit_code_2_and_all_else_1() {
    for (error, code, part) in [
        (BuildError::SameServer, 2, "--from DATABASE"),
        (BuildError::NoRawCopy("shop".to_owned()), 2, "no database `shop`"),
        (BuildError::PageReaders(vec!["copies".to_owned()]), 1, "--allow NAME"),
        (BuildError::Findings(Vec::new()), 1, "--accept SCHEMA.TABLE.COLUMN"),
        (BuildError::LostTables(vec!["app.t".to_owned()]), 1, "app.t"),
    ] {
        let failure = build_failure(&error, &file());
        assert_eq!(failure.exit_code(), ExitCode::from(code), "{}", failure.text());
        assert!(failure.text().contains(part), "{}", failure.text());
    }
}
