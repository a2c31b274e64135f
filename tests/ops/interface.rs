//! Output of the commands: columns, JSON documents, colors, and a reader that closes the pipe.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::Ops;

/// Begin of a colored text.
const ESCAPE: &str = "\u{1b}[";

/// Keys of an object, sorted.
fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn every_command_has_its_columns_and_its_json_document() {
    let ops = Ops::new("opsinterface");
    let name = ops.environment("a", "full", "24h", &json!({}));
    ops.eod(&["event", &name, "build-started"]).expect_ok();
    let titles = |arguments: &[&str]| {
        let text = ops.eod(arguments).expect_ok();
        let title = text.lines().find(|line| line.contains("  ") && line.to_uppercase() == **line).unwrap_or_default();
        title.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(titles(&["list"]), "NAME STATUS TIER OWNER COMMIT AGE ENDS COST/DAY URL");
    let wide = "NAME STATUS TIER OWNER COMMIT AGE ENDS COST/DAY URL PULL-REQUEST MADE-BY RUNS LEFT";
    assert_eq!(titles(&["list", "--wide"]), wide);
    assert_eq!(titles(&["show", &name]), "WHEN WHAT BY DETAIL");
    assert_eq!(titles(&["audit", &name]), "WHEN WHAT BY DETAIL");
    let documents: [(&[&str], &[&str]); 6] = [
        (&["list"], &["environments"]),
        (&["show", &name], &["environment"]),
        (&["audit", &name], &["chain", "environment", "events", "problems"]),
        (
            &["reap", "--dry-run"],
            &[
                "actions",
                "detail",
                "duration_seconds",
                "environments",
                "left",
                "orphans",
                "outcome",
                "problems",
                "unknown",
            ],
        ),
        (&["doctor", "rights"], &["missing", "rights"]),
        (&["doctor", "namespace", &name], &["blockers", "deleting_since", "namespace"]),
    ];
    for (arguments, own) in documents {
        let document = ops.json(0, arguments);
        let mut all = [own, &["installation", "now", "version"]].concat();
        all.sort_unstable();
        assert_eq!(keys(&document), all, "{arguments:?}");
        assert_eq!((&document["version"], &document["installation"]), (&json!(1), &json!(ops.installation)));
    }
    let show = ops.json(0, &["show", &name]);
    let listed = ops.json(0, &["list"]);
    let more: Vec<&str> =
        keys(&show["environment"]).into_iter().filter(|key| listed["environments"][0].get(*key).is_none()).collect();
    assert_eq!(more, ["decision", "phase", "timeline"], "`show` has everything that `list` has");
}

#[test]
fn variables_that_are_not_utf8_are_ignored() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    for program in [env!("CARGO_BIN_EXE_eod"), env!("CARGO_BIN_EXE_terraform-provider-eod")] {
        let output = Command::new(program).arg("--version").env("PS1", OsStr::from_bytes(b"\xff")).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some() && !stderr.contains("panicked"), "{program}: {output:?}");
    }
}

#[test]
fn color_and_a_closed_pipe_do_not_disturb_other_programs() {
    let ops = Ops::new("opspipe");
    ops.environment("a", "full", "24h", &json!({}));
    let eod = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
        command.args(arguments).args(["--installation", &ops.installation]);
        command.args(["--control-namespace", &ops.installation]);
        command.env_clear().env("KUBECONFIG", ops.cluster.kubeconfig());
        command
    };
    let output = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = eod(arguments);
        command.envs(variable);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // Output into a file or a pipe has no color, unless it is requested.
    assert!(!output(&["list"], None).contains(ESCAPE));
    assert!(!output(&["list"], Some(("NO_COLOR", "1"))).contains(ESCAPE));
    assert!(output(&["list", "--color", "always"], Some(("NO_COLOR", "1"))).contains(ESCAPE));
    assert!(!output(&["list", "--color", "never"], None).contains(ESCAPE));
    let json = output(&["list", "--color", "always", "-o", "json"], None);
    assert!(!json.contains(ESCAPE) && serde_json::from_str::<Value>(&json).is_ok(), "{json}");
    for arguments in [&["list"][..], &["list", "-o", "json"], &["completions", "bash"], &["--help"]] {
        let mut child = eod(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.as_ref()), (Some(0), ""), "{arguments:?}");
    }
}
