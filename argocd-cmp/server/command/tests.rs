//! Whole processes: what goes to stdout, what to stderr, how they end, and what signals do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::service::tests::kit::{Asked, CONFIG, POLICY, client, wait};
use crate::toolbox::tests::fake_helm;

/// The example that is `eod-cmp` unless it is asked to be a tool.
fn eod_cmp(arguments: &[&str]) -> Command {
    let mut command = Command::new(fake_helm());
    command.args(arguments);
    command
}

fn ended(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A repository with an Application in `app`, and a policy beside it.
struct Place {
    root: TempDir,
}

impl Place {
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

/// A server that is killed when the test fails.
struct Server {
    child: Child,
    socket: PathBuf,
}

impl Server {
    async fn start(place: &Place) -> Self {
        let socket = Path::new(&place.path("eod@v1.sock")).to_owned();
        let (policy, directory) = (place.path("policy.yaml"), place.path(""));
        let child = eod_cmp(&["serve", "--policy", &policy, "--socket-dir", &directory, "--http", "none"])
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

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn manifests_on_stdout_and_mistakes_on_stderr() {
    let place = Place::new(POLICY);
    let path = place.path("tree/app");
    let render = |more: &[&str]| {
        let arguments = [&["render", "--path", &path], more].concat();
        ended(&eod_cmp(&arguments).output().unwrap())
    };
    let (code, manifests, said) = render(&["--parameter", "environment=demo"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(manifests.starts_with("---\napiVersion: v1\nkind: Namespace\n"), "{manifests}");

    let last = place.path("last.yaml");
    fs::write(&last, manifests.replace("k: v", "k: w")).unwrap();
    let (code, again, said) = render(&["--parameter", "environment=demo", "--diff", &last]);
    assert_eq!((code, again), (Some(0), manifests), "stdout is the manifests' alone");
    assert!(said.contains("\n-  k: w\n+  k: v\n") && !said.contains('\u{1b}'), "{said}");

    let (code, out, said) =
        render(&["--namespace", "other", "--parameter", "environment=demo", "--parameter", "ttl=x"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("parameters: ttl\n  rule:   parameter\n") && said.contains("  remedy: "), "{said}");

    let (code, out, said) = render(&["--loud"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(said.contains("--loud") && said.contains("--help"), "{said}");
}

#[test]
fn a_policy_is_checked_and_every_mistake_named() {
    let place = Place::new("version: 1\nprojects: {p: {kindz: [], registries: 7}}");
    let (code, out, said) = ended(&eod_cmp(&["policy", "check", &place.path("policy.yaml")]).output().unwrap());
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("kindz") && said.contains("registries"), "{said}");
    fs::write(place.path("policy.yaml"), POLICY).unwrap();
    let (code, out, _) = ended(&eod_cmp(&["policy", "check", &place.path("policy.yaml")]).output().unwrap());
    assert!(code == Some(0) && out.ends_with(": ok\n"), "{out}");
}

#[test]
fn nothing_serves_without_a_policy_or_a_place() {
    let place = Place::new(POLICY);
    let serve = |policy: &str, directory: &str| {
        let arguments =
            ["serve", "--policy", &place.path(policy), "--socket-dir", &place.path(directory), "--http", "none"];
        ended(&eod_cmp(&arguments).output().unwrap())
    };
    let (code, _, said) = serve("none.yaml", "");
    assert!(code == Some(1) && said.contains("does not start without a policy"), "{said}");
    let (code, _, said) = serve("policy.yaml", "nowhere");
    assert!(code == Some(1) && said.contains("cannot make the socket") && said.contains("No such file"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn native_and_classic_give_the_same_bytes() {
    let place = Place::new(POLICY);
    let server = Server::start(&place).await;
    let asked = Asked::of(&[("app/a.yaml", CONFIG)]);
    let native = asked.generate_at(&server.socket).await.unwrap();
    let mut classic = eod_cmp(&["generate", "--policy", &place.path("policy.yaml")]);
    let classic = classic.current_dir(place.path("tree/app")).envs(&asked.env).output().unwrap();
    let (code, lines, said) = ended(&classic);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(lines.lines().collect::<Vec<_>>(), native);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_policy_is_in_force_after_sighup_and_a_broken_one_never() {
    let place = Place::new(POLICY);
    let server = Server::start(&place).await;
    let (previews, fresh) = (
        Asked::of(&[("app/a.yaml", CONFIG)]),
        Asked::of(&[("app/a.yaml", CONFIG)]).with("ARGOCD_APP_PROJECT_NAME", "fresh"),
    );
    previews.generate_at(&server.socket).await.unwrap();
    fs::write(place.path("policy.yaml"), "version: 1\nprojects: 7").unwrap();
    server.signal(Signal::HUP);
    previews.generate_at(&server.socket).await.unwrap();
    fs::write(place.path("policy.yaml"), POLICY.replace("previews", "fresh")).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_in_good_order() {
    let place = Place::new(POLICY);
    let mut server = Server::start(&place).await;
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
    let mut said = String::new();
    std::io::Read::read_to_string(&mut server.child.stderr.take().unwrap(), &mut said).unwrap();
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["serving", "stopping", "stopped"]);
}
