use super::*;

#[test]
fn only_our_parameters_are_a_match() {
    assert!(is_ours(r#"[{"name":"x"},{"name":"pull-request","string":"7"}]"#));
    for other in ["", "[]", r#"[{"name":"x"}]"#, "broken"] {
        assert!(!is_ours(other), "{other}");
    }
}
