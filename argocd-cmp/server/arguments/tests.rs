use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<CmpCommand, clap::Error> {
    CmpCommand::parse(line.split_whitespace().map(OsString::from))
}

#[test]
fn definition_is_valid() {
    CmpCommand::definition().debug_assert();
}

#[test]
fn serve_accepts_every_option() {
    let line = "serve --policy p --socket-dir d --name x@2 --http 127.0.0.1:1 --cache 3Ki --renders 4 --tools 3 --calls=9 \
                --peer-uid 999 --peer-uid 1000 --scratch s --log-level debug --log-format json --until-stdin-closes";
    let CmpCommand::Serve(serve) = parse(line).unwrap() else { panic!("{line}") };
    assert_eq!(
        *serve,
        ServeArguments {
            sidecar: SidecarArguments {
                policy: "p".into(),
                scratch: Some("s".into()),
                seed_file: "/etc/eod-seed/seed".into(),
                registry_config: "/etc/eod-registry/config.json".into()
            },
            socket_directory: "d".into(),
            name: "x@2".parse().unwrap(),
            http: HttpAddress(Some(SocketAddr::from(([127, 0, 0, 1], 1)))),
            cache_bytes: 3072,
            renders: NonZeroUsize::new(4),
            tools: NonZeroUsize::new(3),
            calls: NonZeroUsize::new(9).unwrap(),
            peer_users: vec![999, 1000],
            log_level: LevelFilter::DEBUG,
            log_format: LogFormat::Json,
            until_stdin_closes: true,
        }
    );
}

#[test]
fn serve_has_defaults() {
    let CmpCommand::Serve(serve) = parse("serve --http none").unwrap() else { panic!() };
    assert_eq!(serve.http, HttpAddress(None));
    assert_eq!(serve.sidecar.policy, PathBuf::from("/etc/eod/policy.yaml"));
    assert_eq!(serve.socket_directory, PathBuf::from("/home/argocd/cmp-server/plugins"));
    assert_eq!((serve.cache_bytes, serve.calls.get()), (64 << 20, 512));
    assert_eq!((serve.log_level, serve.log_format), (LevelFilter::INFO, LogFormat::Auto));
    assert!(serve.renders_or_default() >= 2 && serve.tools_or_default() >= 1);
    let CmpCommand::Serve(serve) = parse("serve --renders 2 --renders 1").unwrap() else { panic!() };
    assert_eq!(serve.renders_or_default(), 1, "the last value is used");
}

#[test]
fn parameters_are_merged_and_the_last_value_is_used() {
    let line = "render --path a --parameter x=1 --parameter x=2=3 --parameter-map images.r.example/a=b \
                --parameter-map images.c=d --parameter-array values=a,b";
    let CmpCommand::Render(render) = parse(line).unwrap() else { panic!("{line}") };
    let images = BTreeMap::from([("c".into(), "d".into()), ("r.example/a".into(), "b".into())]);
    assert_eq!(
        render.parameters.0,
        [
            RawParameter { name: "images".into(), value: RawValue::Map(images) },
            RawParameter { name: "values".into(), value: RawValue::List(vec!["a".into(), "b".into()]) },
            RawParameter::text("x", "2=3"),
        ]
    );
}

#[test]
fn last_value_of_all_options_is_used() {
    for (line, expected) in [
        ("--parameter x=1 --parameter-array x=a,b", RawValue::List(vec!["a".into(), "b".into()])),
        ("--parameter-array x=a,b --parameter x=1", RawValue::Text("1".into())),
        ("--parameter-map x.k=v --parameter x=1", RawValue::Text("1".into())),
        ("--parameter x=1 --parameter-map x.k=v", RawValue::Map(BTreeMap::from([("k".into(), "v".into())]))),
    ] {
        let CmpCommand::Render(render) = parse(&format!("render --path a {line}")).unwrap() else { panic!("{line}") };
        assert_eq!(render.parameters.0, [RawParameter { name: "x".into(), value: expected }], "{line}");
    }
}

#[test]
fn usage_errors_name_the_problem() {
    for (line, expected) in [
        ("sing", "unrecognized subcommand 'sing'"),
        ("--loud", "--loud"),
        ("serve --name eod-v1", "plugin name must be NAME@VERSION"),
        ("serve --http here", "expected an address such as 0.0.0.0:9477, or none"),
        ("serve --cache 3Mb", "expected a size such as 64Mi"),
        ("serve --renders 0", "--renders"),
        ("serve --tools 0", "--tools"),
        ("serve --log-level shout", "--log-level"),
        ("serve --log-format shout", "[possible values: auto, json, text]"),
        ("serve --policy", "--policy"),
        ("serve more", "more"),
        ("generate --diff x", "--diff"),
        ("parameters x", "x"),
        ("render", "--path <DIR>"),
        ("render --path a --parameter x", "expected NAME=VALUE"),
        ("render --path a --parameter =x", "expected NAME=VALUE"),
        ("render --path a --parameter-map x=y", "expected NAME.KEY=VALUE"),
        ("render --path a --parameter-array x", "expected NAME=VALUE,VALUE"),
        ("policy check", "<FILE>"),
        ("policy check a b", "b"),
        ("init x", "x"),
        ("completions tcsh", "[possible values: bash, elvish, fish, powershell, zsh]"),
    ] {
        let error = parse(line).unwrap_err();
        let text = error.to_string();
        assert_eq!((error.exit_code(), error.use_stderr()), (2, true), "{line}: {text}");
        assert!(text.contains(expected) && text.contains("--help"), "{line}: {text}");
    }
}

#[test]
fn missing_command_prints_the_help_as_an_error() {
    for line in ["", "policy"] {
        let error = parse(line).unwrap_err();
        assert_eq!((error.exit_code(), error.use_stderr()), (2, true), "{line}");
        assert!(error.to_string().contains("Commands:"), "{line}: {error}");
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let mut commands: Vec<Vec<String>> = Vec::new();
    for command in CmpCommand::definition().get_subcommands() {
        commands.push(vec![command.get_name().to_owned()]);
        let nested = command.get_subcommands();
        commands.extend(nested.map(|nested| vec![command.get_name().to_owned(), nested.get_name().to_owned()]));
    }
    assert_eq!(commands.len(), 9);
    for command in commands {
        let error = parse(&format!("{} --help", command.join(" "))).unwrap_err();
        assert_eq!((error.kind(), error.exit_code()), (ErrorKind::DisplayHelp, 0), "{command:?}");
        assert!(error.to_string().contains("Example:\n  eod-cmp "), "{error}");
    }
    let error = parse("--help").unwrap_err();
    assert!(error.to_string().contains("Exit codes:\n  0  success\n"), "{error}");
    assert_eq!(parse("--version").unwrap_err().to_string(), concat!("eod-cmp ", env!("CARGO_PKG_VERSION"), "\n"));
}
