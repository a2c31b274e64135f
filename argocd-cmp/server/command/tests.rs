//! Processes of eod-cmp: stdout, stderr, exit codes and signals.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::service::tests::kit::{CONFIG, POLICY, TestRequest, client, wait};
use crate::toolbox::tests::fake_helm;

/// Command of `eod-cmp`, started through the example `fake-helm`.
fn eod_cmp(arguments: &[&str]) -> Command {
    let mut command = Command::new(fake_helm());
    command.args(arguments);
    command
}

/// Exit code, stdout and stderr.
fn result_of(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Repository with an Application in `app`, and a policy.
struct CommandFixture {
    root: TempDir,
}

impl CommandFixture {
    fn new(policy: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("tree/app")).unwrap();
        fs::write(root.path().join("tree/app/a.yaml"), CONFIG).unwrap();
        fs::write(root.path().join("policy.yaml"), policy).unwrap();
        Self { root }
    }

    fn path(&self, below: &str) -> String {
        self.root.path().join(below).display().to_string()
    }
}

/// Process of `serve`. It ends with the test, also if the test process is killed: then its stdin is closed.
struct ServerProcess {
    child: Child,
    socket: PathBuf,
}

impl ServerProcess {
    async fn start(fixture: &CommandFixture) -> Self {
        let socket = Path::new(&fixture.path("eod@v1.sock")).to_owned();
        let (policy, directory) = (fixture.path("policy.yaml"), fixture.path(""));
        let child = eod_cmp(&[
            "serve",
            "--policy",
            &policy,
            "--socket-dir",
            &directory,
            "--http",
            "none",
            "--until-stdin-closes",
        ])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        wait(|| socket.exists()).await;
        Self { child, socket }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn manifests_are_printed_to_stdout_and_errors_to_stderr() {
    let fixture = CommandFixture::new(POLICY);
    let path = fixture.path("tree/app");
    let render = |more: &[&str]| {
        let arguments = [&["render", "--path", &path], more].concat();
        result_of(&eod_cmp(&arguments).output().unwrap())
    };
    let (code, manifests, errors) = render(&["--parameter", "environment=demo"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(manifests.starts_with("---\napiVersion: v1\nkind: Namespace\n"), "{manifests}");

    let last = fixture.path("last.yaml");
    fs::write(&last, manifests.replace("k: v", "k: w")).unwrap();
    let (code, again, errors) = render(&["--parameter", "environment=demo", "--diff", &last]);
    assert_eq!((code, again), (Some(0), manifests), "stdout has only the manifests");
    assert!(errors.contains("\n-  k: w\n+  k: v\n") && !errors.contains('\u{1b}'), "{errors}");

    let (code, out, errors) =
        render(&["--namespace", "other", "--parameter", "environment=demo", "--parameter", "ttl=x"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(errors.contains("parameters: ttl\n  rule:   parameter\n") && errors.contains("  remedy: "), "{errors}");

    let empty = fixture.path("tree/empty");
    fs::create_dir(&empty).unwrap();
    let arguments = ["render", "--path", &empty, "--root", &fixture.path("tree"), "--parameter", "environment=demo"];
    let (code, _, errors) = result_of(&eod_cmp(&arguments).output().unwrap());
    assert!(code == Some(1) && errors.starts_with("empty\n  rule:   empty\n"), "{errors}");

    let (code, out, errors) = render(&["--loud"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(errors.contains("--loud") && errors.contains("--help"), "{errors}");
}

#[test]
fn policy_check_prints_every_error() {
    let fixture = CommandFixture::new("version: 1\nprojects: {p: {kindz: [], registries: 7}}");
    let (code, out, errors) = result_of(&eod_cmp(&["policy", "check", &fixture.path("policy.yaml")]).output().unwrap());
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(errors.contains("kindz") && errors.contains("registries"), "{errors}");
    fs::write(fixture.path("policy.yaml"), POLICY).unwrap();
    let (code, out, _) = result_of(&eod_cmp(&["policy", "check", &fixture.path("policy.yaml")]).output().unwrap());
    assert!(code == Some(0) && out.ends_with(": ok\n"), "{out}");
    assert!(out.starts_with("project previews\n  removes    service-type: Services of type LoadBalancer"), "{out}");
    assert!(out.contains("\n  renders    every commit: the policy has no section approval\n"), "{out}");
    let keys = "narrow: [guards], approval: { trusted_authors: [alice, bob] }, registries:";
    fs::write(fixture.path("policy.yaml"), POLICY.replace("registries:", keys)).unwrap();
    let (_, out, _) = result_of(&eod_cmp(&["policy", "check", &fixture.path("policy.yaml")]).output().unwrap());
    let approval = "\n  renders    commits with the label approved/<head-sha>, and every commit of alice, bob\n";
    assert!(out.contains(approval), "{out}");
    assert!(out.contains("  refuses    service-type: ") && out.contains("  removes    guards: "), "{out}");
}

#[test]
fn serve_requires_a_policy_and_a_directory() {
    let fixture = CommandFixture::new(POLICY);
    let serve = |policy: &str, directory: &str| {
        let arguments =
            ["serve", "--policy", &fixture.path(policy), "--socket-dir", &fixture.path(directory), "--http", "none"];
        result_of(&eod_cmp(&arguments).output().unwrap())
    };
    let (code, _, errors) = serve("none.yaml", "");
    assert!(code == Some(1) && errors.contains("requires a valid policy"), "{errors}");
    let (code, _, errors) = serve("policy.yaml", "nowhere");
    assert!(
        code == Some(1) && errors.contains("cannot create the socket") && errors.contains("No such file"),
        "{errors}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_and_generate_give_the_same_bytes() {
    let fixture = CommandFixture::new(POLICY);
    let server = ServerProcess::start(&fixture).await;
    let request = TestRequest::of(&[("app/a.yaml", CONFIG)]);
    let native = request.generate_at(&server.socket).await.unwrap();
    let mut classic = eod_cmp(&["generate", "--policy", &fixture.path("policy.yaml")]);
    let classic = classic.current_dir(fixture.path("tree/app")).envs(&request.env).output().unwrap();
    let (code, lines, errors) = result_of(&classic);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert_eq!(lines.lines().collect::<Vec<_>>(), native);
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reads_the_policy_and_ignores_an_invalid_one() {
    let fixture = CommandFixture::new(POLICY);
    let server = ServerProcess::start(&fixture).await;
    let (previews, fresh) = (
        TestRequest::of(&[("app/a.yaml", CONFIG)]),
        TestRequest::of(&[("app/a.yaml", CONFIG)]).with("ARGOCD_APP_PROJECT_NAME", "fresh"),
    );
    previews.generate_at(&server.socket).await.unwrap();
    fs::write(fixture.path("policy.yaml"), "version: 1\nprojects: 7").unwrap();
    server.signal(Signal::HUP);
    previews.generate_at(&server.socket).await.unwrap();
    fs::write(fixture.path("policy.yaml"), POLICY.replace("previews", "fresh")).unwrap();
    server.signal(Signal::HUP);
    let mut answer = fresh.generate_at(&server.socket).await;
    for _ in 0..1000 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        answer = fresh.generate_at(&server.socket).await;
    }
    answer.unwrap();
}

/// The kernel closes the pipe when the parent process ends, also if it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn closed_stdin_stops_the_server() {
    let fixture = CommandFixture::new(POLICY);
    let mut server = ServerProcess::start(&fixture).await;
    drop(server.child.stdin.take());
    let mut status = None;
    wait(|| {
        status = server.child.try_wait().unwrap();
        status.is_some()
    })
    .await;
    assert_eq!(status.unwrap().code(), Some(0));
    assert!(!server.socket.exists());
}

#[test]
fn completions_and_help_are_printed_to_stdout() {
    for (arguments, expected) in [
        (&["completions", "bash"][..], "complete -F _eod__cmp"),
        (&["completions", "zsh"], "#compdef eod-cmp"),
        (&["--help"], "Usage: eod-cmp <COMMAND>"),
        (&["--version"], concat!("eod-cmp ", env!("CARGO_PKG_VERSION"))),
    ] {
        let (code, out, errors) = result_of(&eod_cmp(arguments).output().unwrap());
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(out.contains(expected), "{arguments:?}: {out}");
    }
    let (code, out, errors) = result_of(&eod_cmp(&[]).output().unwrap());
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(errors.contains("Usage: eod-cmp <COMMAND>"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_stops_gracefully() {
    let fixture = CommandFixture::new(POLICY);
    let mut server = ServerProcess::start(&fixture).await;
    let mut before = client(&server.socket).await;
    before.check_plugin_configuration(()).await.unwrap();
    server.signal(Signal::TERM);
    let socket = server.socket.clone();
    wait(|| !socket.exists()).await;
    drop(before);
    let mut code = None;
    wait(|| {
        code = server.child.try_wait().unwrap();
        code.is_some()
    })
    .await;
    assert_eq!(code.unwrap().code(), Some(0));
    let mut errors = String::new();
    std::io::Read::read_to_string(&mut server.child.stderr.take().unwrap(), &mut errors).unwrap();
    let lines: Vec<serde_json::Value> = errors.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["serving", "stopping", "stopped"]);
}
