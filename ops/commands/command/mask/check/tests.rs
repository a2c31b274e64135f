use strum::VariantNames as _;

use super::*;

#[test]
fn finding_has_file_line_column_and_remedy() {
    let mistakes =
        parse_masking_policy(b"version: 1\ntables:\n  public.customers:\n    email: { kind: emial }\n").unwrap_err();
    let [mistake] = mistakes.as_slice() else { panic!("{mistakes}") };
    let finding = CheckFinding::of_file(mistake);
    let text = finding.text("masking.yaml");
    assert!(text.starts_with("masking.yaml:4:20: tables.public.customers.email.kind: "), "{text}");
    assert!(text.contains("\n  remedy: write `email`\n"), "{text}");
    let json = finding.json("masking.yaml");
    assert_eq!((&json["line"], &json["column"], &json["kind"]), (&json!(4), &json!(20), &json!("policy")));
    assert_eq!(json["path"], "tables.public.customers.email.kind");
}

#[test]
fn control_characters_of_names_are_not_printed() {
    let finding = CheckFinding::of_constraint(RefusedCheck {
        columns: Vec::new(),
        message: "a\u{1b}[2Jb\nc".to_owned(),
        remedy: "d\re".to_owned(),
        is_fatal: true,
    });
    assert_eq!(finding.text("x"), "x: a [2Jb c\n  remedy: d e\n");
}

#[test]
fn numbers_have_singular_and_plural() {
    assert_eq!(
        (counted(1, "table"), counted(0, "table"), counted(2, "table")),
        ("1 table".to_owned(), "0 tables".to_owned(), "2 tables".to_owned())
    );
}

#[test]
fn guide_has_every_function_and_its_example_is_a_valid_policy() {
    let guide = include_str!("../../../../../docs/guides/masking-policy.md");
    for kind in eod_masking::MaskKind::VARIANTS {
        assert!(guide.contains(&format!("`{kind}`")), "the guide does not name `{kind}`");
    }
    let (_, example) = guide.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let policy = parse_masking_policy(example.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(described(&policy), "rules of 5 tables, 1 domain");
}
