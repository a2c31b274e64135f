use super::*;

#[test]
fn command_line_is_consistent() {
    EodCommandLine::command().debug_assert();
}

#[test]
fn every_command_with_options_has_an_example() {
    for command in EodCommandLine::command().get_subcommands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let is_plain = ["version", "help"].contains(&command.get_name());
        assert!(is_plain || help.contains(&format!("eod {}", command.get_name())), "{}", command.get_name());
    }
}

#[test]
fn common_options_are_accepted_before_and_after_the_command() {
    let parse = |line: &str| EodCommandLine::try_parse_from(line.split(' ')).unwrap().common;
    assert!(parse("eod --yes list").yes);
    assert!(parse("eod list --yes").yes);
    assert_eq!(parse("eod doctor rights -o json").output, crate::arguments::OutputFormat::Json);
}

#[test]
fn invalid_values_are_refused() {
    let refused = |line: &str| EodCommandLine::try_parse_from(line.split(' ')).unwrap_err().to_string();
    assert!(refused("eod list --tier production").contains("production"));
    assert!(refused("eod show Not_A_Name").contains("Not_A_Name"));
    assert!(refused("eod extend shop-pr-1").contains("--reason"));
    assert!(refused("eod event shop-pr-1 deployed").contains("tests-finished"));
    assert!(refused("eod list --timeout 5").contains("unit"));
}
