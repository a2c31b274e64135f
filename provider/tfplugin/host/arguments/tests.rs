use super::*;

const META: Meta =
    Meta { name: "demo", registry_address: "registry.terraform.io/acme/demo", version: "1.2.3", silent: &[] };

fn parse(arguments: &[&str]) -> Command {
    Command::parse(arguments.iter().map(OsString::from))
}

#[test]
fn options_have_one_or_two_dashes() {
    assert_eq!(parse(&[]), Command::Serve);
    assert_eq!(parse(&["--debug"]), Command::Debug);
    assert_eq!(parse(&["-debug"]), Command::Debug);
    assert_eq!(parse(&["--version"]), Command::Version);
    assert_eq!(parse(&["-h"]), Command::Help);
    assert_eq!(parse(&["--debug", "--help"]), Command::Help);
}

#[test]
fn unknown_arguments_are_named_in_the_answer() {
    assert_eq!(parse(&["serve"]), Command::Unknown("serve".to_owned()));
    assert_eq!(parse(&["--debug", "--fast"]), Command::Unknown("--fast".to_owned()));
    assert!(unknown(&META, "--fast").contains("\"--fast\""));
}

#[test]
fn texts_contain_the_required_providers_block() {
    for text in [help(&META), start_without_host(&META)] {
        assert!(text.contains("demo = { source = \"acme/demo\" }"), "{text}");
        assert!(text.contains("1.2.3"), "{text}");
    }
    assert_eq!(version(&META), "terraform-provider-demo 1.2.3 (plugin protocol 6)\n");
}
