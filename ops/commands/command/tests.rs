use super::*;
use crate::arguments::{MaskCommand, MaskGoldenCommand};

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

/// Long names of the options of a command, sorted.
fn options(command: &clap::Command, is_global: bool) -> Vec<String> {
    let options = command.get_arguments().filter(|argument| argument.is_global_set() == is_global);
    let names = options.filter_map(|argument| argument.get_long()).filter(|name| !["help", "version"].contains(name));
    let mut names: Vec<String> = names.map(ToOwned::to_owned).collect();
    names.sort_unstable();
    names
}

#[test]
fn every_command_has_exactly_its_options() {
    let line = EodCommandLine::command();
    let common = [
        "color",
        "config",
        "context",
        "control-namespace",
        "installation",
        "kubeconfig",
        "log-format",
        "output",
        "timeout",
        "yes",
    ];
    assert_eq!(options(&line, true), common);
    let expected: [(&str, &[&str]); 15] = [
        ("list", &["all", "owner", "repository", "sort", "status", "tier", "wide"]),
        ("show", &[]),
        ("touch", &[]),
        ("event", &["at", "run-url", "sha"]),
        ("extend", &["by", "reason"]),
        ("approve", &["reason"]),
        ("end", &["keep-vault", "reason", "wait"]),
        ("reap", &["accept", "dry-run", "metrics-file", "no-sweep", "only"]),
        ("sleep", &[]),
        ("wake", &["sha"]),
        ("audit", &[]),
        ("doctor", &[]),
        ("mask", &[]),
        ("version", &[]),
        ("completions", &[]),
    ];
    let found: Vec<(String, Vec<String>)> =
        line.get_subcommands().map(|command| (command.get_name().to_owned(), options(command, false))).collect();
    let expected: Vec<(String, Vec<String>)> = expected
        .into_iter()
        .map(|(name, options)| (name.to_owned(), options.iter().map(ToString::to_string).collect()))
        .collect();
    assert_eq!(found, expected);
    let doctor = line.find_subcommand("doctor").unwrap();
    let namespace = doctor.find_subcommand("namespace").unwrap();
    assert!(doctor.find_subcommand("rights").is_some());
    assert_eq!(options(namespace, false), ["force-finalize"]);
    let mask = line.find_subcommand("mask").unwrap();
    let found: Vec<(&str, Vec<String>)> =
        mask.get_subcommands().map(|command| (command.get_name(), options(command, false))).collect();
    let expected: [(&str, &[&str]); 8] = [
        ("check", &["policy", "schema", "source", "source-file", "source-vault"]),
        ("scope", &["dry-run", "golden", "server", "shadow"]),
        ("run", &["dry-run", "jobs", "key-file", "key-vault", "policy", "server", "table"]),
        ("suggest", &["no-samples", "source", "source-file", "source-vault"]),
        ("doctor", &["no-measure", "server"]),
        ("watch", &["server"]),
        ("golden", &[]),
        ("clones", &[]),
    ];
    assert_eq!(found, expected.map(|(name, options)| (name, options.iter().map(ToString::to_string).collect())));
    let timeout = line.get_arguments().find(|argument| argument.get_long() == Some("timeout")).unwrap();
    assert!(timeout.get_help().unwrap().to_string().contains("[default: 2m;"));
    let output = line.get_arguments().find(|argument| argument.get_long() == Some("output")).unwrap();
    let values: Vec<String> = output.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    assert_eq!((output.get_short(), values), (Some('o'), vec!["table".to_owned(), "json".to_owned()]));
}

#[test]
fn every_command_for_golden_databases_has_exactly_its_options() {
    let line = EodCommandLine::command();
    let golden = line.find_subcommand("mask").unwrap().find_subcommand("golden").unwrap();
    let found: Vec<(&str, Vec<String>)> =
        golden.get_subcommands().map(|command| (command.get_name(), options(command, false))).collect();
    let source = ["source", "source-file", "source-vault"];
    let build = [
        "accept",
        "allow",
        "allow-other-key",
        "drop",
        "dry-run",
        "from",
        "jobs",
        "key-file",
        "key-vault",
        "policy",
        "server",
    ];
    let expected = [
        ("build", [&build[..], &source, &["tools"]].concat()),
        ("verify", [&["dry-run", "jobs", "policy", "published", "server"][..], &source].concat()),
        ("publish", vec!["dry-run", "keep", "server", "valid-for"]),
        ("list", vec!["server"]),
        ("prune", vec!["dry-run", "keep", "server"]),
    ];
    assert_eq!(found, expected.map(|(name, options)| (name, options.iter().map(ToString::to_string).collect())));
    for command in golden.get_subcommands() {
        let help = command.get_after_help().unwrap().to_string();
        assert!(help.contains(&format!("eod mask golden {}", command.get_name())), "{help}");
    }
}

#[test]
fn every_command_for_clones_has_exactly_its_options() {
    let line = EodCommandLine::command();
    let clones = line.find_subcommand("mask").unwrap().find_subcommand("clones").unwrap();
    let found: Vec<(&str, Vec<String>)> =
        clones.get_subcommands().map(|command| (command.get_name(), options(command, false))).collect();
    let expected = [("list", vec!["environment", "server"]), ("prune", vec!["dry-run", "server"])];
    assert_eq!(found, expected.map(|(name, options)| (name, options.iter().map(ToString::to_string).collect())));
    for command in clones.get_subcommands() {
        let help = command.get_after_help().unwrap().to_string();
        assert!(help.contains(&format!("eod mask clones {}", command.get_name())), "{help}");
    }
}

#[test]
fn options_of_golden_databases_have_their_defaults_and_exclude_each_other() {
    let parse = |line: &str| EodCommandLine::try_parse_from(line.split(' '));
    let publish = match parse("eod mask golden publish shop").unwrap().command {
        EodCommand::Mask { command: MaskCommand::Golden { command: MaskGoldenCommand::Publish(found) } } => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(publish.valid_for.signed().unsigned_abs(), eod_golden::DEFAULT_VALID_FOR);
    assert_eq!(publish.keep.count, eod_golden::DEFAULT_KEEP);
    let build = "eod mask golden build shop --policy masking.yaml";
    assert!(parse(&format!("{build} --from raw --drop --allow archive_mode")).is_ok());
    for wrong in
        ["--from raw --source host=db", "--drop", "--allow archive_mode", "--key-file a --key-vault b", "--jobs 0"]
    {
        assert!(parse(&format!("{build} {wrong}")).is_err(), "{wrong}");
    }
    assert!(parse("eod mask golden build shop --source host=db").is_err(), "a policy is required");
    // A key is never an argument, and an error does not repeat it.
    let error = parse(&format!("{build} --key=canary-1")).unwrap_err().to_string();
    assert!(!error.contains("canary-1"), "{error}");
}

#[test]
fn time_limit_of_an_end_is_longer_than_its_wait() {
    let limit = |line: &str| {
        let line = EodCommandLine::try_parse_from(line.split(' ')).unwrap();
        line.command.time_limit(&line.common).as_secs()
    };
    assert_eq!(limit("eod list"), 120);
    assert_eq!(limit("eod end shop-pr-1"), 120);
    assert_eq!(limit("eod end shop-pr-1 --wait 5m"), 360);
    assert_eq!(limit("eod end shop-pr-1 --wait 5m --timeout 10m"), 600);
}

#[test]
fn error_about_the_command_line_has_no_password() {
    for dsn in ["postgres://eod:canary-1@db/shop", "host=db password=canary-1", "user=eod password = 'canary-1'"] {
        for line in [
            vec!["eod", "mask", "check", dsn],
            vec!["eod", "mask", "scope", "--source", dsn],
            vec!["eod", "list", dsn],
            vec!["eod", "mask", "check", "--policy", "x", "--source", dsn, "--source-file", dsn, "--bogus"],
        ] {
            let line: Vec<OsString> = line.into_iter().map(OsString::from).collect();
            let error = EodCommandLine::try_parse_from(&line).unwrap_err();
            let text = without_passwords(error.render().to_string(), &line);
            assert!(!text.contains("canary-1"), "{text}");
        }
        let joined = [OsString::from("eod"), "list".into(), format!("--bogus={dsn}").into()];
        let error = EodCommandLine::try_parse_from(&joined).unwrap_err();
        assert!(!without_passwords(error.render().to_string(), &joined).contains("canary-1"));
    }
    assert_eq!(without_passwords("no `host=db`".to_owned(), &["host=db".into()]), "no `host=db`");
}
