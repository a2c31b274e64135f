//! Programs `pg_dump` and `pg_restore`: found, and run without secrets on their command lines.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use eod_clients::{Deadline, deadline::Interruption, postgres::PostgresAccess};
use tokio::{io::AsyncWriteExt, process::Command};

/// Time limit of `pg_dump --version`.
const VERSION_LIMIT: Duration = Duration::from_secs(10);
/// Maximum size of the messages of a program in an error.
const MAX_MESSAGES: usize = 2000;
/// Variables that programs get from this process. Keys and tokens are not among them.
const PASSED_ON: [&str; 9] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    "SYSTEMROOT",
];
/// Folders of well-known packages. `*` is a version.
const PACKAGES: [&str; 4] =
    ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/pgsql/bin"];

/// Place to search for the programs.
#[derive(Clone, Debug, Default)]
pub struct ToolSearch {
    /// Folder that the user names. No other folder is searched then.
    pub folder: Option<PathBuf>,
    /// Value of the variable `PATH`.
    pub path: Option<OsString>,
}

/// The two programs of one version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DumpTools {
    /// Folder of both.
    folder: PathBuf,
    /// Major version.
    version: u32,
}

/// Programs that are missing or have failed.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// No programs of a suitable version.
    #[error(
        "pg_dump and pg_restore of version {least} to {most} are required, because the source is PostgreSQL {least} and the \
         preview server PostgreSQL {most}; found {}; install package postgresql-client-{least}, or name the folder of \
         the programs", listed(.found)
    )]
    Missing {
        /// Major version of the source.
        least: u32,
        /// Major version of the preview server.
        most: u32,
        /// Versions that were found.
        found: Vec<u32>,
    },
    /// Program that cannot be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// Path.
        program: String,
        /// Reason.
        source: std::io::Error,
    },
    /// Program that has failed.
    #[error("{program} failed: {messages}")]
    Failed {
        /// Name.
        program: &'static str,
        /// Error messages of the program, without statements.
        messages: String,
    },
    /// Operation that was cancelled or has timed out.
    #[error("{program} was stopped: {source}")]
    Interrupted {
        /// Name.
        program: &'static str,
        /// Reason.
        source: Interruption,
    },
}

impl ToolSearch {
    /// Search in a folder that the user names, else in `PATH` and in the folders of well-known packages.
    pub fn of_process(folder: Option<PathBuf>) -> Self {
        Self { folder, path: std::env::var_os("PATH") }
    }

    /// The oldest suitable programs: not older than the source, because they could not read it, and not newer than the
    /// preview server, because they would use statements that it does not know. `beside` is the folder of the server's
    /// own programs, if it runs on this host.
    ///
    /// # Errors
    ///
    /// [`ToolsError::Missing`], or the operation was interrupted.
    pub async fn find(
        &self,
        beside: Option<&Path>,
        least: u32,
        most: u32,
        deadline: &Deadline,
    ) -> Result<DumpTools, ToolsError> {
        let mut found: Vec<DumpTools> = Vec::new();
        for folder in self.folders(beside) {
            let has = |program: &str| folder.join(program).is_file();
            if has("pg_dump") && has("pg_restore") {
                let version = version_of(&folder.join("pg_dump"), deadline).await?;
                found.extend(version.map(|version| DumpTools { folder, version }));
            }
        }
        found.sort_by_key(|tools| tools.version);
        let fits = |tools: &&DumpTools| (least..=most).contains(&tools.version);
        let versions = || found.iter().map(|tools| tools.version).collect::<BTreeSet<_>>().into_iter().collect();
        found.iter().find(fits).cloned().ok_or_else(|| ToolsError::Missing { least, most, found: versions() })
    }

    fn folders(&self, beside: Option<&Path>) -> Vec<PathBuf> {
        if let Some(folder) = &self.folder {
            return vec![folder.clone()];
        }
        let mut folders: Vec<_> =
            self.path.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute()).collect();
        folders.extend(beside.map(Path::to_owned));
        folders.extend(PACKAGES.iter().flat_map(|pattern| matching(pattern)));
        folders
    }
}

impl DumpTools {
    /// Major version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Runs `pg_dump` and returns its output.
    ///
    /// # Errors
    ///
    /// [`ToolsError`].
    pub(crate) async fn dump(
        &self,
        access: &PostgresAccess,
        arguments: &[&str],
        deadline: &Deadline,
    ) -> Result<Vec<u8>, ToolsError> {
        self.run("pg_dump", Some(access), arguments, &[], deadline).await
    }

    /// Runs `pg_restore` on an archive, with a connection if the settings of one are given, and returns its output.
    ///
    /// # Errors
    ///
    /// [`ToolsError`].
    pub(crate) async fn restore(
        &self,
        access: Option<&PostgresAccess>,
        arguments: &[&str],
        archive: &[u8],
        deadline: &Deadline,
    ) -> Result<Vec<u8>, ToolsError> {
        self.run("pg_restore", access, arguments, archive, deadline).await
    }

    async fn run(
        &self,
        program: &'static str,
        access: Option<&PostgresAccess>,
        arguments: &[&str],
        input: &[u8],
        deadline: &Deadline,
    ) -> Result<Vec<u8>, ToolsError> {
        let path = self.folder.join(program);
        let failed = |source| ToolsError::Start { program: path.display().to_string(), source };
        let mut command = clean(&path);
        command.args(arguments);
        if let Some(access) = access {
            // Never an argument: every user of the host can read the command lines of all processes.
            command.envs(access.libpq_environment().iter().map(|(name, value)| (*name, value.as_str())));
        }
        let mut child = command.stdin(Stdio::piped()).spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        let work = async {
            let feed = async {
                if let Some(mut stdin) = stdin {
                    // A program that has failed closes its input; its messages say more than this error.
                    drop(stdin.write_all(input).await);
                    drop(stdin.shutdown().await);
                }
            };
            tokio::join!(feed, child.wait_with_output()).1
        };
        let interrupted = |source| ToolsError::Interrupted { program, source };
        let output = deadline.run(work).await.map_err(interrupted)?.map_err(failed)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(ToolsError::Failed { program, messages: messages(&String::from_utf8_lossy(&output.stderr)) })
    }
}

/// A command with a clean environment. It ends with this process's interest in it.
fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("PGCLIENTENCODING", "UTF8");
    command.envs(PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Major version of a program; none if it does not run.
async fn version_of(program: &Path, deadline: &Deadline) -> Result<Option<u32>, ToolsError> {
    let limit = deadline.at_most(VERSION_LIMIT);
    let interrupted = |source| ToolsError::Interrupted { program: "pg_dump", source };
    match limit.run(clean(program).arg("--version").output()).await {
        Ok(output) => Ok(output.ok().and_then(|output| major(&String::from_utf8_lossy(&output.stdout)))),
        Err(reason) if deadline.is_cancelled() || deadline.remaining().is_zero() => Err(interrupted(reason)),
        Err(_) => Ok(None),
    }
}

/// Major version in the output of `pg_dump --version`.
fn major(text: &str) -> Option<u32> {
    let version = text.split("(PostgreSQL)").nth(1)?.split_whitespace().next()?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Folders that match a pattern with at most one `*`.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let Some((begin, end)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let (parent, prefix) = begin.rsplit_once('/').unwrap_or(("", begin));
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut folders: Vec<_> = names
        .filter(|name| name.starts_with(prefix))
        .map(|name| PathBuf::from(format!("{parent}/{name}{end}")))
        .collect();
    folders.sort();
    folders
}

/// Error messages of a program. Its statements, which can contain values, are left out.
fn messages(stderr: &str) -> String {
    let is_message = |line: &&str| {
        ["error:", "ERROR:", "FATAL:", "detail:", "hint:", "TOC entry"].iter().any(|word| line.contains(word))
            && !line.contains("Command was:")
    };
    let found: Vec<_> = stderr.lines().filter(is_message).map(str::trim).collect();
    let mut text = if found.is_empty() { "it has printed no message".to_owned() } else { found.join("; ") };
    if text.len() > MAX_MESSAGES {
        let cut = (0..=MAX_MESSAGES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(cut);
        text.push_str(" ...");
    }
    text
}

fn listed(versions: &[u32]) -> String {
    if versions.is_empty() {
        return "none".to_owned();
    }
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
