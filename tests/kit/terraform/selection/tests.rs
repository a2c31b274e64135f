use super::*;

#[test]
fn listed_module_is_always_selected() {
    for (module, _) in OPENTOFU_MODULES {
        assert!(is_selected(&format!("{module}::any")), "{module}");
    }
}

#[test]
fn about_a_third_of_other_tests_is_selected() {
    let selected = (0..3000).filter(|number| is_selected(&format!("provider::create::case_{number}"))).count();
    assert!((900..1100).contains(&selected), "{selected}");
}
