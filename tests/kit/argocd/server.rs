//! Finds the testbed's `eod-argocd` and runs it.

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, Write},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use serde_json::Value;

use super::{Settings, controllers::Controllers, tools::servers};
use crate::keep_folders;

/// A running `eod-argocd up`.
///
/// The process stops when its stdin is closed, which happens in any case when this process ends. It then stops its
/// servers and removes its folder.
pub(super) struct ArgocdServer {
    pub(super) repo_server: String,
    pub(super) sockets: PathBuf,
    pub(super) plugins: PathBuf,
    pub(super) logs: PathBuf,
    /// None if there are no controllers.
    pub(super) webhook: Option<String>,
    /// One command at a time, because the answers have no ids.
    process: Mutex<ArgocdProcess>,
}

struct ArgocdProcess {
    child: Child,
    answers: BufReader<ChildStdout>,
    errors: File,
}

impl ArgocdServer {
    /// Starts the servers and waits until they are ready.
    pub(super) fn start(settings: &Settings, controllers: Option<&Controllers>) -> Result<Self, String> {
        let binary = servers()?;
        let mut errors = tempfile::tempfile().map_err(|error| error.to_string())?;
        let mut command = Command::new(binary);
        command.args(["up", "--until-stdin-closes"]);
        for (name, value) in &settings.environment {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        for argument in &settings.repo_server {
            command.arg("--repo-server-argument").arg(argument);
        }
        if let Some(Controllers { cluster, namespace }) = controllers {
            command.arg("--kubeconfig").arg(cluster.kubeconfig()).args(["--namespace", namespace]);
        }
        if keep_folders() {
            let folder = kept_folder();
            eprintln!("kit: Argo CD's folder is {}", folder.display());
            command.arg("--dir").arg(folder);
        }
        let mut child = command
            .env("PATH", search_path(settings)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().map_err(|error| error.to_string())?)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        let mut answers = BufReader::new(child.stdout.take().ok_or("it has no stdout")?);
        let Some(said) = line(&mut answers) else {
            return Err(format!("`{} up` ended before it was ready: {}", binary.display(), written(&mut errors)));
        };
        let text = |key: &str| said[key].as_str().ok_or_else(|| format!("no {key} in {said}"));
        Ok(Self {
            repo_server: text("repo_server")?.to_owned(),
            sockets: text("sockets")?.into(),
            plugins: text("plugins")?.into(),
            logs: text("logs")?.into(),
            webhook: said["webhook"].as_str().map(str::to_owned),
            process: Mutex::new(ArgocdProcess { child, answers, errors }),
        })
    }

    /// Sends a command and waits for its answer.
    pub(super) fn order(&self, verb: &str, name: &str) -> Result<Value, String> {
        // A test that panicked in here has left no incomplete state.
        let mut process = self.process.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ArgocdProcess { child, answers, errors } = &mut *process;
        let is_sent = child.stdin.as_mut().is_some_and(|stdin| writeln!(stdin, "{verb} {name}").is_ok());
        let Some(answer) = is_sent.then(|| line(answers)).flatten() else {
            return Err(format!("`eod-argocd up` has ended: {}", written(errors)));
        };
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer),
        }
    }
}

impl Drop for ArgocdProcess {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Waits until it has removed its folder.
        drop(self.child.wait());
    }
}

/// PATH with the configured tools in front.
fn search_path(settings: &Settings) -> Result<OsString, String> {
    let folder = |tool: &super::Tool| tool.find().map(|file| file.parent().unwrap_or(file).to_owned());
    let mut folders = settings.tools.iter().map(folder).collect::<Result<Vec<_>, _>>()?;
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).map_err(|error| error.to_string())
}

fn kept_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    env::temp_dir().join(format!("eod-argocd-{}-{number}", std::process::id()))
}

/// Reads the next line of its output, which is JSON.
fn line(stdout: &mut impl BufRead) -> Option<Value> {
    let mut line = String::new();
    stdout.read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}

fn written(errors: &mut File) -> String {
    let mut text = String::new();
    let read = errors.rewind().and_then(|()| errors.read_to_string(&mut text));
    read.map_or_else(|error| error.to_string(), |_| text)
}
