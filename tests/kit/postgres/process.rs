//! Programs that must not run as root, and their files.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    os::unix::{
        fs::{OpenOptionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{command, keep_folders};

/// Runs `$3...` until stdin is closed, which happens in any case when this process ends. Then it stops the program with
/// the signal `$2` and removes its folder `$1`, unless that has a file `keep`.
const SUPERVISOR: &str = r#"
folder=$1 signal=$2
shift 2
trap '' INT TERM HUP
cd /
"$@" </dev/null >>"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -"$signal" "$server" 2>/dev/null
wait "$server"
[ -e "$folder/keep" ] || rm -rf "$folder"
"#;

/// A running program with its folder.
pub(super) struct Supervised {
    process: Child,
    pub(super) folder: PathBuf,
}

impl Supervised {
    /// Starts a program in its folder; its output is the file `log`. The signal stops it.
    pub(super) fn start(folder: PathBuf, signal: &str, program: &Path, arguments: &[String]) -> Result<Self, String> {
        if keep_folders() {
            write(&folder.join("keep"), "", 0o644);
            eprintln!("kit: the folder of {} is {}", program.display(), folder.display());
        }
        let mut command = unprivileged("sh");
        command.args(["-c", SUPERVISOR, "sh"]).arg(&folder).arg(signal).arg(program).args(arguments);
        let process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start a shell: {error}"))?;
        Ok(Self { process, folder })
    }

    /// Output of the program until now.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_else(|error| error.to_string())
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Waits until it has removed its folder.
        drop(self.process.wait());
    }
}

/// A command that runs as an ordinary user.
pub(super) fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    // A locale or a variable of the developer must not change messages or connections.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") || name.to_string_lossy().starts_with("LC_") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").current_dir("/");
    if let Some((user, group)) = ordinary_user() {
        command.gid(*group).uid(*user);
    }
    command
}

/// User and group to run as; none if this process does not run as root.
fn ordinary_user() -> Option<&'static (u32, u32)> {
    static USER: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    let number = |arguments: &[&str]| -> u32 {
        let text = command::run(Command::new("id").args(arguments), "").expect_ok();
        text.trim().parse().unwrap()
    };
    USER.get_or_init(|| (number(&["-u"]) == 0).then(|| (number(&["-u", "nobody"]), number(&["-g", "nobody"])))).as_ref()
}

/// A new folder that the ordinary user owns.
pub(super) fn folder(name: &str) -> Result<PathBuf, String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("eod-{name}-{}-{count}", std::process::id()));
    fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    give_away(&folder);
    Ok(folder)
}

/// Writes a new file with this mode.
pub(super) fn write(file: &Path, text: &str, mode: u32) {
    let mut options = fs::OpenOptions::new();
    let mut opened = options.write(true).create_new(true).mode(mode).open(file).unwrap();
    opened.write_all(text.as_bytes()).unwrap();
}

/// Makes the ordinary user the owner of a file or folder.
pub(super) fn give_away(path: &Path) {
    if let Some((user, group)) = ordinary_user() {
        chown(path, Some(*user), Some(*group)).unwrap();
    }
}

/// Makes the ordinary user the owner of all folders of a copy, so that it can remove the copy. Files may be hard links, and
/// their owner would change in the original as well.
fn give_away_folders(folder: &Path) -> std::io::Result<()> {
    give_away(folder);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            give_away_folders(&entry.path())?;
        }
    }
    Ok(())
}

/// A `bin` folder that the ordinary user can use: the folder itself, or a copy of its parent in `target`.
pub(super) fn usable(bin: &Path, target: &Path) -> Result<PathBuf, String> {
    let works = |bin: &Path| {
        let mut command = unprivileged(bin.join("postgres"));
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if works(bin) {
        return Ok(bin.to_owned());
    }
    let parent = bin.parent().unwrap_or(bin);
    // Hard links are enough, and fast; between two file systems the files are copied.
    for option in ["-RlL", "-RL"] {
        drop(fs::remove_dir_all(target));
        let copied = Command::new("cp").arg(option).arg(parent).arg(target).stderr(Stdio::null()).status();
        if copied.is_ok_and(|status| status.success()) && works(&target.join("bin")) {
            give_away_folders(target).map_err(|error| error.to_string())?;
            return Ok(target.join("bin"));
        }
    }
    Err(format!("an ordinary user cannot run {}/postgres, and neither a copy of it", bin.display()))
}

/// A port of 127.0.0.1 that no program uses.
pub(super) fn free_port() -> Result<u16, String> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    port.map(|address| address.port()).map_err(|error| error.to_string())
}
