use super::*;

#[test]
fn empty_label_selector_is_refused() {
    for text in ["", " "] {
        assert_eq!(text.parse::<LabelSelector>().unwrap_err().to_string(), "label selector must not be empty");
    }
    assert_eq!("team=checkout".parse::<LabelSelector>().unwrap().to_string(), "team=checkout");
}
