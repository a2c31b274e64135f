//! A plugin process that serves its own socket, as in its sidecar: start, stop, kill, restart, health and metrics.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::ArgoCd;
use crate::{
    process::{Signal, send_signal, try_send_signal},
    wait::wait_until,
};

/// Arguments of the plugin process.
pub struct Launch<'a> {
    /// Path of the program. It has a command `serve` and logs JSON.
    pub binary: &'a str,
    /// Name of the plugin in Applications.
    pub name: &'a str,
    /// Path of the policy file.
    pub policy: &'a str,
    /// PATH of the process; nothing of the machine's PATH is added.
    pub tools: Vec<PathBuf>,
    /// Further arguments.
    pub arguments: &'a [&'a str],
}

/// A running plugin; it stops when it is dropped.
pub struct Plugin {
    name: String,
    socket: PathBuf,
    /// Folder of the policy, the log and temporary files.
    folder: TempDir,
    /// Folder of the tools' home folders.
    scratch: TempDir,
    command: Mutex<Command>,
    process: Mutex<Option<PluginProcess>>,
}

struct PluginProcess {
    child: Child,
    /// HOST:PORT of health and metrics.
    http: String,
}

/// Maximum duration of a start or a stop. Both take less than a second; the rest is room for a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

impl Plugin {
    /// Starts the plugin and waits until it serves.
    #[track_caller]
    pub fn start(argocd: &ArgoCd, launch: &Launch<'_>) -> Self {
        let folder = TempDir::with_prefix("eod-plugin-").unwrap();
        // A tmpfs, which the sandbox needs.
        let memory = Path::new("/dev/shm");
        let scratch = if memory.is_dir() { TempDir::with_prefix_in("eod-plugin-", memory) } else { TempDir::new() };
        let scratch = scratch.unwrap();
        let policy = folder.path().join("policy.yaml");
        fs::write(&policy, launch.policy).unwrap();
        let mut command = Command::new(launch.binary);
        command
            // Stdin is a pipe of this process, so the plugin also stops if this process is killed.
            .args(["serve", "--until-stdin-closes", "--http", "127.0.0.1:0", "--log-format", "json"])
            .args(["--name", launch.name, "--policy"])
            .arg(&policy)
            .arg("--socket-dir")
            .arg(argocd.sockets())
            .arg("--scratch")
            .arg(scratch.path())
            .args(launch.arguments)
            .env_clear()
            .env("PATH", std::env::join_paths(&launch.tools).unwrap())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped());
        let socket = argocd.sockets().join(format!("{}.sock", launch.name));
        let name = launch.name.to_owned();
        let plugin = Self { name, socket, folder, scratch, command: Mutex::new(command), process: Mutex::new(None) };
        plugin.restart();
        plugin
    }

    /// Starts the plugin again after a stop or kill.
    #[track_caller]
    pub fn restart(&self) {
        let mut process = self.lock();
        assert!(process.is_none(), "{} runs already", self.name);
        // Each process has a log file of its own, so that the newest file is the log of the running process.
        let log = self.folder.path().join("log");
        let _ = fs::rename(&log, self.folder.path().join("log.before"));
        let output = File::create(&log).unwrap();
        let mut command = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let mut child = command.spawn().unwrap();
        let http = wait_until(&format!("{} to serve", self.name), PATIENCE, || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{} ended with {status}: {}", self.name, self.log());
            }
            let serving = self.lines().into_iter().find(|line| line["message"] == "serving");
            serving.and_then(|line| Some(line["http"].as_str()?.to_owned())).ok_or_else(|| self.log())
        });
        *process = Some(PluginProcess { child, http });
    }

    /// Name of the plugin in Applications.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Path of the plugin's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Process id.
    ///
    /// # Panics
    /// If it does not run.
    #[track_caller]
    pub fn pid(&self) -> u32 {
        self.lock().as_ref().expect("it runs").child.id()
    }

    /// Log since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Complete lines of its log.
    pub fn lines(&self) -> Vec<Value> {
        self.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Replaces the policy file atomically, as the kubelet replaces a mounted ConfigMap.
    #[track_caller]
    pub fn write_policy(&self, text: &str) {
        let new = self.folder.path().join("policy.new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, self.folder.path().join("policy.yaml")).unwrap();
    }

    /// Status and body of a GET of a path on its HTTP address.
    #[track_caller]
    pub fn page(&self, path: &str) -> (u16, String) {
        let http = self.lock().as_ref().expect("it runs").http.clone();
        let mut stream = TcpStream::connect(&http).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {http}\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Value of a metric, by name and labels as they are printed; 0 if the metric does not exist yet.
    #[track_caller]
    pub fn number(&self, name: &str) -> f64 {
        let (_, text) = self.page("/metrics");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Targets of its open file descriptors.
    #[track_caller]
    pub fn descriptors(&self) -> BTreeMap<u32, String> {
        let folder = PathBuf::from(format!("/proc/{}/fd", self.pid()));
        let of = |entry: fs::DirEntry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, fs::read_link(entry.path()).ok()?.display().to_string()))
        };
        fs::read_dir(folder).unwrap().flatten().filter_map(of).collect()
    }

    /// Child processes of the plugin, including zombies.
    #[track_caller]
    pub fn children(&self) -> Vec<u32> {
        let own = self.pid();
        let parent = |pid: u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // The process name may contain spaces and brackets; it ends at the last bracket.
            stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| parent(*pid) == Some(own)).collect()
    }

    /// Files in the folders that the plugin can write to, except those of the test kit.
    pub fn files(&self) -> Vec<String> {
        let names = |folder: &Path| {
            let entries = fs::read_dir(folder).unwrap().flatten();
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        let ours = ["policy.yaml", "log", "log.before"];
        let mut files = names(self.folder.path());
        files.retain(|name| !ours.contains(&name.as_str()));
        files.extend(names(self.scratch.path()));
        files
    }

    /// Sends a signal to the process.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        send_signal(signal, self.pid());
    }

    /// Stops the plugin with SIGTERM and waits.
    #[track_caller]
    pub fn stop(&self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended()
    }

    /// Stops the plugin with SIGKILL and waits.
    #[track_caller]
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
        self.ended();
    }

    /// Waits until the plugin has exited by itself.
    #[track_caller]
    pub fn ended(&self) -> ExitStatus {
        let mut process = self.lock();
        let child = &mut process.as_mut().expect("it runs").child;
        let status = wait_until(&format!("{} to end", self.name), PATIENCE, || {
            child.try_wait().unwrap().ok_or_else(|| self.log())
        });
        *process = None;
        status
    }

    fn lock(&self) -> MutexGuard<'_, Option<PluginProcess>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let Some(PluginProcess { mut child, .. }) = self.lock().take() else { return };
        // Applications of other tests may be calling `MatchRepository` now, and a repo-server does not recover if the
        // plugin is killed during the call.
        let _ = try_send_signal(Signal::SIGTERM, child.id());
        for _ in 0..200 {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        let _ = child.wait();
        let _ = fs::remove_file(&self.socket);
    }
}
