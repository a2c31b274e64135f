//! The plugin side: this test binary, started again.

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;
use tonic::service::Routes;

use super::super::{Meta, Mode, ProcessEnvironment, Session, SocketKind, run};
use super::client::{HANG, Handshake};

const META: Meta =
    Meta { name: "demo", registry_address: "registry.terraform.io/acme/demo", version: "1.2.3", silent: &[] };
const ROLE: &str = "TFPLUGIN_HOST_TEST_ROLE";

/// Role of the started process.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// Normal provider.
    Provider,
    /// Normal provider with `--debug`.
    Debug,
    /// Provider with a shorter wait after the last connection closes.
    Lonely,
    /// Listens on a port.
    Port,
    /// Panics while it builds its service.
    Panics,
}

/// Runs the role in the started process. In the test run itself this test does nothing.
#[test]
fn child() -> ExitCode {
    let Some(role) = std::env::var_os(ROLE) else { return ExitCode::SUCCESS };
    let environment = ProcessEnvironment::of_process();
    let session = |network, lonely| {
        let session = Session { meta: &META, environment: &environment, mode: Mode::Managed, network, lonely };
        session.block_on(|_| Routes::default()).unwrap();
        ExitCode::SUCCESS
    };
    match role.to_str() {
        Some("Debug") => run(&META, ["--debug".into()], &environment, |_| Routes::default()),
        Some("Lonely") => session(SocketKind::native(), Duration::from_millis(20)),
        Some("Port") => session(SocketKind::Tcp, Duration::from_secs(5)),
        Some("Panics") => run(&META, [], &environment, |_| panic!("this service cannot be made")),
        _ => run(&META, [], &environment, |_| Routes::default()),
    }
}

/// A started process. Dropping it kills it.
pub(super) struct Plugin {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    /// Contains the socket directory, so that it is also removed if the process is killed.
    _temporary: TempDir,
}

impl Plugin {
    pub(super) async fn start(role: Role, environment: &[(&str, &str)]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "host::tests::process::child", "--nocapture", "--test-threads=1"])
            .env_clear()
            .env("TMPDIR", temporary.path())
            .env(ROLE, format!("{role:?}"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stdout, stderr, _temporary: temporary }
    }

    pub(super) async fn handshake(&mut self) -> Handshake {
        Handshake::parse(&self.stdout_line("1|").await)
    }

    /// Returns the address in the line that a user copies.
    pub(super) async fn reattach(&mut self) -> Handshake {
        let line = self.stdout_line("TF_REATTACH_PROVIDERS=").await;
        let json = line.trim_start_matches("TF_REATTACH_PROVIDERS=").trim_matches('\'');
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        let provider = &value[META.registry_address];
        assert_eq!(provider["Pid"], self.child.id().unwrap());
        Handshake {
            network: provider["Addr"]["Network"].as_str().unwrap().to_owned(),
            address: provider["Addr"]["String"].as_str().unwrap().to_owned(),
            certificate: Vec::new(),
            multiplexing: None,
        }
    }

    /// Reads until a line that contains `start`, and returns it from there. libtest prints the test name before it.
    async fn stdout_line(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            let read = timeout(HANG, self.stdout.read_line(&mut line)).await.unwrap().unwrap();
            assert_ne!(read, 0, "stdout ended without {start}");
            if let Some(position) = line.find(start) {
                return line[position..].trim_end().to_owned();
            }
        }
    }

    /// Waits for a line on stderr that contains `text`.
    pub(super) async fn log_line(&mut self, text: &str) {
        loop {
            let mut line = String::new();
            let read = timeout(HANG, self.stderr.read_line(&mut line)).await.unwrap().unwrap();
            assert_ne!(read, 0, "stderr ended without {text}");
            if line.contains(text) {
                return;
            }
        }
    }

    /// Returns all output until the end of the pipe.
    pub(super) async fn rest_of_stdout(&mut self) -> String {
        let mut text = String::new();
        timeout(HANG, self.stdout.read_to_string(&mut text)).await.unwrap().unwrap();
        text
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal.
    pub(super) fn signal(&self, signal: Signal) {
        let process = i32::try_from(self.child.id().unwrap()).unwrap();
        nix::sys::signal::kill(Pid::from_raw(process), signal).unwrap();
    }

    /// Waits for the exit. Returns true if it was successful, and the rest of stderr.
    pub(super) async fn ended(mut self) -> (bool, String) {
        let mut stderr = String::new();
        let read = self.stderr.read_to_string(&mut stderr);
        timeout(HANG, read).await.unwrap().unwrap();
        let status = timeout(HANG, self.child.wait()).await.unwrap().unwrap();
        (status.success(), stderr)
    }
}
