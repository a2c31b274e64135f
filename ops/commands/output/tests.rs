use super::*;

#[test]
fn color_is_used_on_a_terminal_or_on_request() {
    let variables = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let none = BTreeMap::new();
    assert!(is_colored(ColorChoice::Auto, &none, true) && !is_colored(ColorChoice::Auto, &none, false));
    assert!(!is_colored(ColorChoice::Auto, &variables("NO_COLOR", "1"), true));
    assert!(is_colored(ColorChoice::Auto, &variables("NO_COLOR", ""), true));
    assert!(!is_colored(ColorChoice::Auto, &variables("TERM", "dumb"), true));
    assert!(is_colored(ColorChoice::Always, &variables("NO_COLOR", "1"), false));
    assert!(!is_colored(ColorChoice::Never, &none, true));
}

#[test]
fn prefix_of_an_error_or_a_warning_is_colored() {
    assert_eq!(with_colored_prefix("error: no", true), "\u{1b}[31merror:\u{1b}[0m no");
    assert_eq!(with_colored_prefix("warning: late", true), "\u{1b}[33mwarning:\u{1b}[0m late");
    assert_eq!(with_colored_prefix("cluster: a", true), "cluster: a");
    assert_eq!(with_colored_prefix("error: no", false), "error: no");
}
