//! A contestant's folder with its configuration, and measured Terraform runs in it.

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use eod_testkit::{keep_folders, terraform::Terraform};
use tempfile::TempDir;

use crate::bench::{
    contestant::Contestant,
    stand_in::{Notes, Order},
    usage::Usage,
};

/// One contestant's working folder. Logging is off, because it would take most of the time.
pub(crate) struct Folder {
    folder: TempDir,
    contestant: &'static str,
    provider: PathBuf,
    /// Description of the configuration.
    what: String,
    runs: std::cell::Cell<u32>,
}

/// Environment variables of a process.
pub(crate) type Variables = Vec<(&'static str, OsString)>;

/// A Terraform run with its variables.
pub(crate) struct Job<'a> {
    /// `plan`, `apply` or `destroy`.
    pub(crate) command: &'a str,
    pub(crate) parallelism: usize,
    /// Variables for the provider and the configuration.
    pub(crate) variables: &'a Variables,
    /// Expected exit code: 2 for a plan with changes, 0 otherwise.
    pub(crate) code: i32,
}

/// Cost of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// CPU time of Terraform and its child processes.
    pub(crate) cpu: Duration,
    pub(crate) provider: Notes,
}

impl Folder {
    /// Writes a configuration for a contestant. `what` describes it.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn new(contestant: &Contestant, configuration: &str, what: String) -> anyhow::Result<Self> {
        let mut folder = TempDir::with_prefix(format!("eod-bench-{}-", contestant.name))?;
        folder.disable_cleanup(keep_folders());
        for name in ["work", "home", "tmp", "plugins", "runs"] {
            fs::create_dir(folder.path().join(name))?;
        }
        let stand_in = folder.path().join("plugins").join(contestant.file_name);
        // A copy and not a link, which Terraform would follow to another name.
        fs::copy(std::env::current_exe()?, &stand_in)?;
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755))?;
        let plugins = folder.path().join("plugins").display().to_string();
        let settings = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"{}\" = \"{plugins}\"\n  }}\n}}\n",
            contestant.source
        );
        fs::write(folder.path().join("cli.tfrc"), settings)?;
        fs::write(folder.path().join("work/main.tf"), configuration)?;
        Ok(Self {
            folder,
            contestant: contestant.name,
            provider: contestant.provider.clone(),
            what,
            runs: std::cell::Cell::default(),
        })
    }

    /// Runs Terraform to its end.
    ///
    /// # Errors
    /// If the exit code is not the expected one, with the whole output.
    pub(crate) fn run(&self, job: &Job<'_>) -> anyhow::Result<Cost> {
        let number = self.runs.replace(self.runs.get() + 1);
        let files = self.folder.path().join(format!("runs/{number:02}-{}", job.command));
        fs::create_dir(&files)?;
        eprintln!(
            "bench: {}: terraform {} of {} at parallelism {}",
            self.contestant, job.command, self.what, job.parallelism
        );
        let mut command = self.command(job, &files)?;
        let (before, begun) = (Usage::of_children()?, Instant::now());
        let status = command.status().context("cannot start Terraform")?;
        let (wall, after) = (begun.elapsed(), Usage::of_children()?);
        let said = |name: &str| fs::read_to_string(files.join(name)).unwrap_or_default();
        ensure!(
            status.code() == Some(job.code),
            "{}: terraform {} ended with {status}, expected exit code {}\n--- the end of stdout\n{}\n--- stderr\n{}",
            self.contestant,
            job.command,
            job.code,
            tail(&said("stdout")),
            tail(&said("stderr"))
        );
        Ok(Cost { wall, cpu: after.cpu.saturating_sub(before.cpu), provider: Notes::read(&files)? })
    }

    fn command(&self, job: &Job<'_>, files: &Path) -> anyhow::Result<Command> {
        let at = |name: &str| self.folder.path().join(name).into_os_string();
        let variables: [(&str, OsString); 6] = [
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("HOME", at("home")),
            ("TMPDIR", at("tmp")),
            ("TF_CLI_CONFIG_FILE", at("cli.tfrc")),
            ("TF_IN_AUTOMATION", "1".into()),
            ("CHECKPOINT_DISABLE", "1".into()),
        ];
        let mut command = Command::new(Terraform::first().path());
        command.args([job.command, "-no-color", "-input=false"]).arg(format!("-parallelism={}", job.parallelism));
        command.arg(if job.command == "plan" { "-detailed-exitcode" } else { "-auto-approve" });
        command
            .current_dir(self.folder.path().join("work"))
            .env_clear()
            .envs(variables)
            .envs(job.variables.iter().cloned())
            .envs(Order::variables(&self.provider, files))
            .stdin(Stdio::null())
            .stdout(File::create(files.join("stdout"))?)
            .stderr(File::create(files.join("stderr"))?);
        Ok(command)
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(60)).copied().collect::<Vec<_>>().join("\n")
}
