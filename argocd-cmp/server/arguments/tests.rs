use super::*;

fn parse(line: &str) -> Result<Command, String> {
    Command::parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
}

#[test]
fn serve_with_every_option() {
    let line = "serve --policy p --socket-dir d --name x@2 --http 127.0.0.1:1 --cache 3Ki --renders 4 --tools 3 --calls=9 \
                    --peer-uid 999 --peer-uid 1000 --scratch s --log-level debug --log-format json";
    let Command::Serve(serve) = parse(line).unwrap() else { panic!("{line}") };
    assert_eq!(
        *serve,
        Serve {
            sidecar: Sidecar { policy: "p".into(), scratch: Some("s".into()) },
            socket_directory: "d".into(),
            name: PluginName::parse("x@2").unwrap(),
            http: Some(SocketAddr::from(([127, 0, 0, 1], 1))),
            cache_bytes: 3072,
            renders: 4,
            tools: 3,
            calls: 9,
            peer_users: [999, 1000].into(),
            log_level: LevelFilter::DEBUG,
            log_format: LogFormat::Json,
        }
    );
    let Command::Serve(serve) = parse("serve --http none").unwrap() else { panic!() };
    assert_eq!((serve.http, serve.sidecar.policy), (None, POLICY.into()));
}

#[test]
fn render_gathers_parameters() {
    let line = "render --path a --parameter x=1 --parameter x=2=3 --parameter-map images.r.example/a=b \
                    --parameter-map images.c=d --parameter-array values=a,b";
    let Command::Render(render) = parse(line).unwrap() else { panic!("{line}") };
    let images = BTreeMap::from([("c".into(), "d".into()), ("r.example/a".into(), "b".into())]);
    assert_eq!(
        render.parameters,
        [
            RawParameter { name: "images".into(), value: RawValue::Map(images) },
            RawParameter { name: "values".into(), value: RawValue::List(vec!["a".into(), "b".into()]) },
            RawParameter::text("x", "2=3"),
        ]
    );
}

#[test]
fn what_cannot_be_understood_is_named() {
    for (line, expected) in [
        ("", "expected a command"),
        ("sing", "`sing` is no command"),
        ("--loud", "--loud"),
        ("serve --name eod-v1", "needs an `@`"),
        ("serve --http here", "expected an address"),
        ("serve --cache 3Mb", "expected a size"),
        ("serve --renders 0", "--renders"),
        ("serve --tools 0", "--tools"),
        ("serve --log-level shout", "--log-level"),
        ("serve --policy", "--policy"),
        ("serve more", "more"),
        ("generate --diff x", "--diff"),
        ("parameters x", "x"),
        ("render", "needs --path"),
        ("render --path a --parameter x", "expected NAME=VALUE"),
        ("render --path a --parameter =x", "expected NAME=VALUE"),
        ("render --path a --parameter-map x=y", "expected NAME.KEY=VALUE"),
        ("policy", "policy check FILE"),
        ("policy check", "policy check FILE"),
        ("policy check a b", "b"),
        ("init x", "x"),
    ] {
        let error = parse(line).unwrap_err();
        assert!(error.contains(expected) && error.contains("--help"), "{line}: {error}");
    }
}

#[test]
fn help_is_never_far() {
    for line in ["--help", "-h", "help", "serve --help", "render -h", "policy --help", "init --help"] {
        assert_eq!(parse(line), Ok(Command::Help), "{line}");
    }
    assert_eq!(parse("--version"), Ok(Command::Version));
    // Every option of the parsers has a line.
    for option in ["socket-dir", "peer-uid", "parameter-map", "parameter-array", "diff", "log-format", "scratch"] {
        assert!(HELP.contains(&format!("--{option} ")), "{option}");
    }
}
