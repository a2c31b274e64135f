use super::*;

#[test]
fn rule_is_a_line_of_a_role() {
    assert_eq!(
        rule("argoproj.io", "applications", &["get", "list"]),
        r#"- { apiGroups: ["argoproj.io"], resources: [applications], verbs: [get, list] }"#
    );
}
