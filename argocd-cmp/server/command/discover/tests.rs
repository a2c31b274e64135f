use super::*;

#[test]
fn only_own_parameters_match() {
    assert!(has_own_parameters(r#"[{"name":"x"},{"name":"pull-request","string":"7"}]"#));
    for other in ["", "[]", r#"[{"name":"x"}]"#, "broken"] {
        assert!(!has_own_parameters(other), "{other}");
    }
}
