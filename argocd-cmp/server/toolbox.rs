//! helm and kustomize as sandboxed processes. They are searched when first used, so a render without tools does not
//! need them.

mod random;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use eod_render::{
    ChartDependency, HelmOutput, HelmRequest, KustomizeRequest, RandomValues, Sandbox, ToolError, ToolRule, Tools,
};

use self::random::{HelmReport, RandomKeys, SeedFile};
use crate::charts::ChartStore;
use crate::fair_semaphore::{FairSemaphore, Permit};
use crate::metrics::Metrics;
use crate::process::{FinishedChild, MemoryLoss, OutputLimits, RunError, run};
use crate::progress::{Phase, RenderProgress};
use crate::renderer::Toolbox;
use crate::sandbox::{COMMAND, DATA_LIMIT, NOT_LAUNCHED, SandboxMode};
use crate::scratch::{ScratchDir, ToolHome};

/// Toolbox that starts helm and kustomize of this machine.
pub(crate) struct MachineToolbox {
    /// Path of eod-cmp itself, which is also the launcher of the sandbox.
    launcher: PathBuf,
    /// Value of `PATH`.
    search_path: OsString,
    /// Directory set with `--scratch`.
    scratch_option: Option<PathBuf>,
    scratch: OnceLock<ScratchDir>,
    /// Reason for an incomplete sandbox; none if the kernel supports all of it.
    missing_support: OnceLock<Option<String>>,
    metrics: Option<Arc<Metrics>>,
    /// Limit of processes. Separate from the limit of renders, because a process needs far more memory than a render.
    processes: FairSemaphore,
    /// Secret of random values.
    seed: SeedFile,
    /// Dependencies of charts from repositories.
    charts: ChartStore,
}

/// Tools of one render.
struct MachineTools<'a> {
    toolbox: &'a MachineToolbox,
    progress: &'a RenderProgress,
    /// Key of the fair queue: the repository.
    owner: &'a str,
}

/// Path of this program, valid also after its file was replaced.
const SELF: &str = "/proc/self/exe";
/// Limits of a tool's output. The renderer has a lower limit; this one stops a tool that never ends.
const OUTPUT_LIMITS: OutputLimits = OutputLimits { stdout: 32 << 20, stderr: 16 << 10 };
/// Maximum number of starts if every failure is temporary.
const MAX_STARTS: u32 = 3;
/// Pause before the second start; it doubles with every start.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Maximum number of characters quoted from a tool's stderr: its end, because the reason is printed last.
const MAX_QUOTED: usize = 1500;

/// Advice of Helm about options that the reader of the error cannot set.
const ADVICE: [&str; 3] = [
    "Use --debug flag to render out invalid YAML",
    ". You may need to run `helm dependency build` to fetch missing dependencies",
    ", try --dependency-update",
];
/// Parts of Helm's errors about missing dependencies.
const DEPENDENCY_ERRORS: [&str; 2] = ["missing in charts/ directory", "no repository definition for"];
const DEPENDENCY_REMEDY: &str =
    "run `helm dependency build` in the directory of the chart, and commit its directory `charts/`";

/// Toolbox with at most `max_processes` processes and with the tools' home directories in `scratch`, by default in a
/// tmpfs of this machine. `seed` is the file with the secret of random values, `credentials` the file with credentials of
/// chart repositories.
pub(crate) fn open(
    scratch: Option<&Path>,
    seed: &Path,
    credentials: &Path,
    metrics: Option<Arc<Metrics>>,
    max_processes: usize,
) -> MachineToolbox {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    MachineToolbox {
        launcher: SELF.into(),
        search_path,
        scratch_option: scratch.map(Path::to_owned),
        scratch: OnceLock::new(),
        missing_support: OnceLock::new(),
        metrics,
        processes: FairSemaphore::new(max_processes),
        seed: SeedFile::new(seed),
        charts: ChartStore::new(credentials),
    }
}

impl Toolbox for MachineToolbox {
    fn open<'a>(&'a self, progress: &'a RenderProgress, owner: &'a str) -> Box<dyn Tools + 'a> {
        Box::new(MachineTools { toolbox: self, progress, owner })
    }

    /// Identity and time of the file. The version that a binary prints is not used.
    fn version(&self, rule: &ToolRule) -> String {
        if !rule.enabled {
            return "off".to_owned();
        }
        let found =
            find(&rule.binary, &self.search_path).and_then(|path| path.metadata().ok().map(|file| (path, file)));
        found.map_or_else(
            || "none".to_owned(),
            |(path, file)| {
                let (time, nanos) = (file.mtime(), file.mtime_nsec());
                format!("{}:{}:{}:{}:{time}.{nanos}", path.display(), file.dev(), file.ino(), file.size())
            },
        )
    }

    fn seed_version(&self) -> Vec<u8> {
        self.seed.version()
    }
}

impl Tools for MachineTools<'_> {
    fn helm(&self, request: &HelmRequest<'_>) -> Result<HelmOutput, ToolError> {
        let HelmRequest {
            rule,
            random_scope,
            dependencies,
            files,
            release,
            namespace,
            kube_version,
            api_versions,
            values,
        } = request;
        let mut arguments: Vec<String> =
            ["template", release, "chart", "--namespace", namespace, "--skip-tests"].map(ToOwned::to_owned).into();
        if let Some(version) = kube_version {
            arguments.extend(["--kube-version".to_owned(), version.clone()]);
        }
        for version in api_versions {
            arguments.extend(["--api-versions".to_owned(), version.clone()]);
        }
        let names: Vec<String> = (0..values.len()).map(|number| format!("{number}.yaml")).collect();
        for name in &names {
            arguments.extend(["--values".to_owned(), format!("values/{name}")]);
        }
        let fetched = self.fetch(dependencies)?;
        let keys = RandomKeys::derive(&self.toolbox.seed, rule.random, random_scope);
        let lay_out = |home: &ToolHome| {
            home.lay_out("chart", files)?;
            home.lay_out("chart/charts", &fetched)?;
            home.lay_out("values", names.iter().zip(values))?;
            home.lay_out("", [(&random::KEYS_FILE.to_owned(), &keys.file())])
        };
        let run = || self.run_tool(&rule.tool, &arguments, lay_out, HelmReport::read);
        let (manifests, report) = run()?;
        let second = match report {
            Some(report) => report.second(&keys),
            None if rule.random == Some(RandomValues::Stable) => {
                return Err(random::not_of_the_image(&rule.tool.binary));
            }
            // Another helm makes its random values itself.
            None if random::may_vary(files) => {
                let (again, _) = run()?;
                (again != manifests).then(|| random::different_again(again))
            }
            None => None,
        };
        Ok(HelmOutput { manifests, second })
    }

    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        let KustomizeRequest { rule, files, directory } = request;
        let directory = if directory.is_empty() { "tree".to_owned() } else { format!("tree/{directory}") };
        // Files may be anywhere in the tree, as in a kustomization that needs no binary. The home has nothing else.
        let arguments = ["build", &directory, "--load-restrictor", "LoadRestrictionsNone"].map(ToOwned::to_owned);
        self.run_tool(rule, &arguments, |home| home.lay_out("tree", files), |_| Ok(())).map(|(output, ())| output)
    }
}

impl MachineTools<'_> {
    /// Archives of dependencies by their file names in `charts/`.
    fn fetch(&self, dependencies: &[ChartDependency]) -> Result<BTreeMap<String, Arc<[u8]>>, ToolError> {
        if !dependencies.is_empty() {
            self.progress.enter(Phase::Fetching);
        }
        let mut fetched = BTreeMap::new();
        for dependency in dependencies {
            let archive = self.toolbox.charts.fetch(dependency, self.progress)?;
            fetched.insert(format!("{}-{}.tgz", dependency.name, dependency.version), archive);
        }
        Ok(fetched)
    }

    /// Runs a tool, and again after a temporary failure. Returns its output and what `read` finds in its home.
    fn run_tool<T>(
        &self,
        rule: &ToolRule,
        arguments: &[String],
        lay_out: impl Fn(&ToolHome) -> std::io::Result<()>,
        read: impl Fn(&ToolHome) -> Result<T, ToolError>,
    ) -> Result<(String, T), ToolError> {
        let start = Instant::now();
        let (program, mode) = self.toolbox.find_tool(rule)?;
        let (mut pause, mut starts) = (FIRST_PAUSE, 0);
        let output = loop {
            starts += 1;
            match self.run_once(&program, mode, arguments, &lay_out, &read) {
                Err(ToolFailure::Temporary(error))
                    if starts >= MAX_STARTS || Instant::now() + pause >= self.progress.until =>
                {
                    break Err(error);
                }
                Err(ToolFailure::Temporary(error)) => {
                    tracing::warn!(%error, "a tool failed and is started again");
                    if let Some(metrics) = &self.toolbox.metrics {
                        metrics.count_tool_retry();
                    }
                    sleep(pause);
                    pause *= 2;
                }
                Err(ToolFailure::Permanent(error)) => break Err(error),
                Ok(output) => break Ok(output),
            }
        };
        if let Some(metrics) = &self.toolbox.metrics {
            metrics.observe_seconds("tool", start.elapsed());
        }
        // After a timeout the phase stays: the error names it.
        if !self.progress.should_stop() {
            self.progress.enter(Phase::Rendering);
        }
        output
    }

    /// Waits for permission to start a process.
    fn acquire(&self, program: &Path) -> Result<Permit, ToolFailure> {
        self.progress.enter(Phase::Queued);
        let start = Instant::now();
        let permit = self.toolbox.processes.acquire_blocking(self.owner, self.progress);
        if let Some(metrics) = &self.toolbox.metrics {
            metrics.observe_seconds("tool_queue", start.elapsed());
        }
        self.progress.enter(if permit.is_some() { Phase::Tool } else { Phase::Queued });
        permit.ok_or_else(|| {
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            let message = format!("`{name}` was not started in time: the maximum number of tools was running");
            ToolFailure::Permanent(tool_error(message, "give the sidecar more CPU and memory, and raise --tools"))
        })
    }

    /// Starts a tool once, in a new home.
    fn run_once<T>(
        &self,
        program: &Path,
        mode: SandboxMode,
        arguments: &[String],
        lay_out: &impl Fn(&ToolHome) -> std::io::Result<()>,
        read: &impl Fn(&ToolHome) -> Result<T, ToolError>,
    ) -> Result<(String, T), ToolFailure> {
        // The permit is held longer than the home, so it also limits the homes in memory.
        let _permit = self.acquire(program)?;
        let home = self.toolbox.scratch().home().and_then(|home| lay_out(&home).map(|()| home)).map_err(|error| {
            let base = self.toolbox.scratch().base().display();
            let message = format!("cannot write the tool's files to `{base}`: {error}");
            // A full tmpfs has room again when other renders end.
            ToolFailure::Temporary(tool_error(message, "raise the size limit of the sidecar's tmpfs"))
        })?;
        let mut command = self.toolbox.launcher_command(mode, home.path(), program.as_os_str());
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let finished = match run(command.args(arguments).current_dir(home.path()), self.progress, OUTPUT_LIMITS) {
            Ok(finished) => finished,
            Err(error) => {
                let is_temporary = error.is_temporary();
                let error = run_error(&name, &error);
                return Err(if is_temporary { ToolFailure::Temporary(error) } else { ToolFailure::Permanent(error) });
            }
        };
        if finished.status.success() {
            let output = String::from_utf8(finished.stdout).map_err(|_| {
                ToolFailure::Permanent(tool_error(format!("`{name}`: output is not UTF-8"), "correct the templates"))
            })?;
            return Ok((output, read(&home).map_err(ToolFailure::Permanent)?));
        }
        let error = exit_error(&name, home.path(), &finished);
        Err(match finished.memory_loss() {
            Some(MemoryLoss::Container) => ToolFailure::Temporary(error),
            Some(MemoryLoss::OwnLimit) => {
                let message = format!("{}; its limit is {} MiB of memory", error.message, DATA_LIMIT >> 20);
                ToolFailure::Permanent(tool_error(message, "make the chart or kustomization smaller"))
            }
            None => ToolFailure::Permanent(error),
        })
    }
}

/// Failure of one start of a tool.
enum ToolFailure {
    /// Another start may succeed.
    Temporary(ToolError),
    /// Another start would fail, too.
    Permanent(ToolError),
}

impl MachineToolbox {
    fn scratch(&self) -> &ScratchDir {
        self.scratch.get_or_init(|| {
            let scratch = ScratchDir::find(self.scratch_option.as_deref());
            scratch.remove_stale_homes(false);
            scratch
        })
    }

    /// Removes the homes left by an earlier process with the same id. Only valid before the first use of a tool.
    pub(crate) fn remove_stale_homes(&self) {
        self.scratch().remove_stale_homes(true);
    }

    /// Finds the tool and chooses the mode of its sandbox.
    fn find_tool(&self, rule: &ToolRule) -> Result<(PathBuf, SandboxMode), ToolError> {
        let program = find(&rule.binary, &self.search_path).ok_or_else(|| {
            tool_error(
                format!("`{}` is required, but it is not in PATH", rule.binary),
                "install it in PATH (Argo CD: in the image of the sidecar), or write plain manifests or a simple kustomization",
            )
        })?;
        let missing = self.missing_support.get_or_init(|| {
            let missing = self.probe();
            if let Some(missing) = &missing {
                tracing::warn!(missing, "this machine does not support the whole sandbox of tools");
            }
            missing
        });
        match (rule.sandbox, missing) {
            (_, None) => Ok((program, SandboxMode::Required)),
            (Sandbox::BestEffort, Some(_)) => Ok((program, SandboxMode::BestEffort)),
            (Sandbox::Required, Some(missing)) => Err(tool_error(
                format!(
                    "the policy requires a sandbox for `{}`, which this machine does not support: {missing}",
                    rule.binary
                ),
                "use a Linux with Landlock and a tmpfs (--scratch), write plain manifests, or set `sandbox: best-effort` \
                 in the policy",
            )),
        }
    }

    /// Reason for an incomplete sandbox on this machine; none if all of it is supported.
    fn probe(&self) -> Option<String> {
        let scratch = self.scratch();
        if !scratch.is_in_memory {
            return Some(format!("`{}` is not a tmpfs", scratch.base().display()));
        }
        let progress = RenderProgress::until(Instant::now() + Duration::from_secs(10));
        let mut command = self.launcher_command(SandboxMode::Probe, scratch.base(), OsStr::new(SELF));
        match run(&mut command, &progress, OUTPUT_LIMITS) {
            Ok(finished) if finished.status.success() => None,
            Ok(finished) => Some(String::from_utf8_lossy(&finished.stderr).trim().to_owned()),
            Err(error) => Some(run_error("eod-cmp sandbox", &error).message),
        }
    }

    /// Command that starts the launcher of the sandbox.
    fn launcher_command(&self, mode: SandboxMode, home: &Path, program: &OsStr) -> Command {
        let mut command = Command::new(&self.launcher);
        command.env_clear().arg(COMMAND).arg(mode.as_str()).arg(std::process::id().to_string()).arg(home).arg(program);
        command
    }
}

/// File of a tool. `binary` is a path, or a name in `search_path`.
fn find(binary: &str, search_path: &OsStr) -> Option<PathBuf> {
    let is_executable =
        |path: &PathBuf| path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if binary.contains('/') {
        return Some(PathBuf::from(binary)).filter(is_executable);
    }
    std::env::split_paths(search_path)
        .filter(|path| path.is_absolute())
        .map(|path| path.join(binary))
        .find(is_executable)
}

fn tool_error(message: String, remedy: &str) -> ToolError {
    ToolError { message, remedy: remedy.to_owned() }
}

fn run_error(name: &str, error: &RunError) -> ToolError {
    match error {
        RunError::Start(source) | RunError::Io(source) => tool_error(
            format!("`{name}` could not be run: {source}"),
            "check the sidecar's limits of memory and processes",
        ),
        RunError::TimedOut => tool_error(
            format!("`{name}` timed out"),
            "make the chart or kustomization smaller, give the sidecar more CPU, or raise repo-server's timeout",
        ),
        RunError::TooMuchOutput => tool_error(
            format!("`{name}` printed more than {} MiB", OUTPUT_LIMITS.stdout >> 20),
            "render less in one Application",
        ),
    }
}

/// Error of a tool that exited with a failure. Its stderr is quoted without the path of its home.
fn exit_error(name: &str, home: &Path, finished: &FinishedChild) -> ToolError {
    let stderr = String::from_utf8_lossy(&finished.stderr).replace(&format!("{}/", home.display()), "");
    // A program in Go that crashes prints its reason first and then the stack of every goroutine.
    let reason = |line: &&str| ["fatal error: ", "panic: "].iter().any(|start| line.starts_with(start));
    let stderr = stderr.lines().find(reason).map_or(stderr.as_str(), |line| line);
    let stderr = ADVICE.iter().fold(stderr.to_owned(), |text, advice| text.replace(advice, ""));
    // One line, because a refusal is a block of lines.
    let stderr = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    if finished.status.code() == Some(NOT_LAUNCHED) {
        return tool_error(
            format!("`{name}` could not be started in its sandbox: {stderr}"),
            "check the sidecar's log",
        );
    }
    let skipped = stderr.chars().count().saturating_sub(MAX_QUOTED);
    let stderr: String = stderr.chars().skip(skipped).collect();
    let dots = if skipped > 0 { "... " } else { "" };
    let is_dependency = DEPENDENCY_ERRORS.iter().any(|error| stderr.contains(error));
    let remedy =
        if is_dependency { DEPENDENCY_REMEDY } else { "correct the reported problem in the chart or kustomization" };
    tool_error(format!("`{name}` failed ({}): {dots}{stderr}", finished.status), remedy)
}

#[cfg(test)]
pub(crate) mod tests;
