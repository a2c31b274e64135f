//! Finds or builds the testbed's binary and starts a cluster with it.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{BufRead, BufReader, Read, Seek},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use crate::{
    command::{in_path, on_path},
    keep_folders,
};

/// A running `eod-testbed up`.
///
/// The process stops and removes its folder when its stdin is closed, which happens in any case when this process ends.
/// A killed test run leaves no process and no folder.
pub struct Testbed {
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// Kubeconfig of a user without permissions.
    pub restricted: PathBuf,
    /// A kubectl next to the servers, if they are not the testbed's own.
    pub kubectl: Option<PathBuf>,
    /// The process; it owns the pipe to its stdin.
    pub process: Child,
}

impl Testbed {
    /// Starts a cluster and waits until it is ready. The folders in `assets` are searched for its servers; the testbed's
    /// binary contains the rest.
    ///
    /// # Errors
    /// If the binary does not start, or ends before the cluster is ready.
    pub fn start(binary: &Path, assets: Option<&OsStr>) -> Result<Self, String> {
        let mut errors = tempfile::tempfile().map_err(|error| error.to_string())?;
        let mut command = Command::new(binary);
        command.args(["up", "--until-stdin-closes"]);
        if let Some(assets) = assets {
            command.arg("--assets").arg(assets);
        }
        if keep_folders() {
            let folder = std::env::temp_dir().join(format!("eod-testbed-{}", std::process::id()));
            eprintln!("kit: the cluster's folder is {}", folder.display());
            command.arg("--dir").arg(folder);
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().map_err(|error| error.to_string())?)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        let announced = process.stdout.take().and_then(announcement);
        match announced {
            Some((kubeconfig, restricted)) => {
                let kubectl = assets.and_then(|folders| in_path(folders, "kubectl"));
                Ok(Self { kubeconfig, restricted, kubectl, process })
            }
            None => {
                Err(format!("`{} up` ended before the cluster was ready: {}", binary.display(), written(&mut errors)))
            }
        }
    }
}

/// Path of the testbed's binary: on PATH, in the cache, or built now. A line on stderr says which. The result, also an
/// error, is the same for the whole process.
///
/// # Errors
/// If the binary cannot be built.
pub fn binary() -> Result<&'static Path, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(find).as_deref().map_err(Clone::clone)
}

fn find() -> Result<PathBuf, String> {
    if let Some(found) = on_path("eod-testbed") {
        eprintln!("kit: Kubernetes from {} (on PATH)", found.display());
        return Ok(found);
    }
    let found = build("kubernetes")?;
    eprintln!("kit: Kubernetes from {} (cache)", found.display());
    Ok(found)
}

/// Folders with servers to use in place of the testbed's own: `KUBEBUILDER_ASSETS`, or PATH if it has both an API server
/// and an etcd. None means the testbed's own servers.
///
/// # Errors
/// If `KUBEBUILDER_ASSETS` is a folder without an API server or an etcd.
pub fn assets() -> Result<Option<OsString>, String> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let found = servers(variable("KUBEBUILDER_ASSETS"), variable("PATH"))?;
    if let Some(folders) = &found {
        let place = |name| in_path(folders, name).unwrap_or_default().display().to_string();
        eprintln!("kit: the API server is {}, etcd is {}", place("kube-apiserver"), place("etcd"));
    }
    Ok(found)
}

/// Chooses between the two variables. A folder needs an API server and its etcd; the testbed's binary contains the rest.
///
/// # Errors
/// If the folder of the first variable has no API server or no etcd.
pub fn servers(kubebuilder: Option<OsString>, path: Option<OsString>) -> Result<Option<OsString>, String> {
    let missing =
        |folders: &OsStr| ["kube-apiserver", "etcd"].into_iter().find(|name| in_path(folders, name).is_none());
    match kubebuilder {
        Some(folder) => match missing(&folder) {
            None => Ok(Some(folder)),
            Some(name) => Err(format!(
                "KUBEBUILDER_ASSETS names {}, which does not contain {name}; expected a folder with at least \
                 kube-apiserver and etcd, or the variable unset to use our own",
                Path::new(&folder).display()
            )),
        },
        None => Ok(path.filter(|folders| missing(folders).is_none())),
    }
}

/// Builds a part with the testbed's script, or finds it in the script's cache. Returns its path.
///
/// The script's progress is printed to the terminal, because a first build takes minutes.
///
/// # Errors
/// If the script fails; its output is on the terminal.
pub fn build(part: &str) -> Result<PathBuf, String> {
    let script = crate::repository().join("tests/testbed/build.sh");
    let output = Command::new(&script)
        .arg(part)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", script.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().last() {
        Some(path) if output.status.success() => Ok(PathBuf::from(path)),
        _ => Err(format!("`{} {part}` failed ({}); its output is above", script.display(), output.status)),
    }
}

/// Reads the two kubeconfig paths from the line that the testbed prints when it is ready.
fn announcement(stdout: impl Read) -> Option<(PathBuf, PathBuf)> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).ok()?;
    let value: serde_json::Value = serde_json::from_str(&line).ok()?;
    let path = |key: &str| value.get(key)?.as_str().map(PathBuf::from);
    Some((path("kubeconfig")?, path("restricted_kubeconfig")?))
}

fn written(errors: &mut File) -> String {
    let mut text = String::new();
    let read = errors.rewind().and_then(|()| errors.read_to_string(&mut text));
    read.map_or_else(|error| error.to_string(), |_| text)
}
