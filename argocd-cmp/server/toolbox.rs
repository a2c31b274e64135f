//! The tools of this machine, in their sandbox: looked up when first used, so that whoever needs none misses none.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use eod_render::{HelmRequest, KustomizeRequest, Sandbox, ToolError, ToolRule, Tools};

use crate::metrics::Metrics;
use crate::process::{Finished, Room, RunError, run};
use crate::renderer::Toolbox;
use crate::sandbox::{COMMAND, Mode, NOT_LAUNCHED};
use crate::scratch::{Home, Scratch};
use crate::turns::{Turn, Turns};
use crate::watch::{Phase, Watch};

/// helm and kustomize as processes.
pub(crate) struct MachineToolbox {
    /// This program, which is the launcher as well.
    launcher: PathBuf,
    search: OsString,
    named: Option<PathBuf>,
    scratch: OnceLock<Scratch>,
    /// What the kernel does not give; none where it gives everything.
    lacking: OnceLock<Option<String>>,
    metrics: Option<Arc<Metrics>>,
    /// Who may start a process. Apart from the turns of renders, because a process costs far more memory than a render.
    turns: Turns,
}

/// The tools of one render.
struct MachineTools<'a> {
    toolbox: &'a MachineToolbox,
    watch: &'a Watch,
    /// Whose turns are taken.
    owner: &'a str,
}

/// This program, even where its file was replaced.
const SELF: &str = "/proc/self/exe";
/// The renderer has a limit of its own; this one is for whoever never stops.
const ROOM: Room = Room { stdout: 32 << 20, stderr: 16 << 10 };
/// How often a tool is started again after a failure that may pass, and the first pause before it.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);
/// Characters of what a tool said that a person reads: the end, where the reason stands.
const QUOTED: usize = 1500;

/// The tools of this machine, so many at once, with homes in `scratch` or where there is memory.
pub(crate) fn open(scratch: Option<&Path>, metrics: Option<Arc<Metrics>>, at_once: usize) -> MachineToolbox {
    let search = std::env::var_os("PATH").unwrap_or_default();
    MachineToolbox {
        launcher: SELF.into(),
        search,
        named: scratch.map(Path::to_owned),
        scratch: OnceLock::new(),
        lacking: OnceLock::new(),
        metrics,
        turns: Turns::new(at_once),
    }
}

impl Toolbox for MachineToolbox {
    fn open<'a>(&'a self, watch: &'a Watch, owner: &'a str) -> Box<dyn Tools + 'a> {
        Box::new(MachineTools { toolbox: self, watch, owner })
    }

    /// The file's identity and time: a replaced binary is another one, whatever it says about itself.
    fn version(&self, rule: &ToolRule) -> String {
        if !rule.enabled {
            return "off".to_owned();
        }
        let found = find(&rule.binary, &self.search).and_then(|path| path.metadata().ok().map(|file| (path, file)));
        found.map_or_else(
            || "none".to_owned(),
            |(path, file)| {
                let (time, nanos) = (file.mtime(), file.mtime_nsec());
                format!("{}:{}:{}:{}:{time}.{nanos}", path.display(), file.dev(), file.ino(), file.size())
            },
        )
    }
}

impl Tools for MachineTools<'_> {
    fn helm(&self, request: &HelmRequest<'_>) -> Result<String, ToolError> {
        let HelmRequest { rule, files, release, namespace, kube_version, api_versions, values } = request;
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
        self.start(rule, &arguments, |home| {
            home.lay_out("chart", files)?;
            home.lay_out("values", names.iter().zip(values))
        })
    }

    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        let KustomizeRequest { rule, files, directory } = request;
        let directory = if directory.is_empty() { "tree".to_owned() } else { format!("tree/{directory}") };
        // Files may lie anywhere in the tree, as they may where no binary is needed. Nothing else is in its home.
        let arguments = ["build", &directory, "--load-restrictor", "LoadRestrictionsNone"].map(ToOwned::to_owned);
        self.start(rule, &arguments, |home| home.lay_out("tree", files))
    }
}

impl MachineTools<'_> {
    /// Starts a tool in a new home, again where the failure may pass while somebody waits.
    fn start(
        &self,
        rule: &ToolRule,
        arguments: &[String],
        lay_out: impl Fn(&Home) -> std::io::Result<()>,
    ) -> Result<String, ToolError> {
        let start = Instant::now();
        let (program, mode) = self.toolbox.prepare(rule)?;
        let (mut pause, mut tries) = (PAUSE, 0);
        let answer = loop {
            tries += 1;
            match self.try_once(&program, mode, arguments, &lay_out) {
                Err(Failed::MayPass(error)) if tries >= TRIES || Instant::now() + pause >= self.watch.until => {
                    break Err(error);
                }
                Err(Failed::MayPass(error)) => {
                    tracing::warn!(%error, "a tool is started again");
                    if let Some(metrics) = &self.toolbox.metrics {
                        metrics.tool_retry();
                    }
                    sleep(pause);
                    pause *= 2;
                }
                Err(Failed::ForGood(error)) => break Err(error),
                Ok(output) => break Ok(output),
            }
        };
        if let Some(metrics) = &self.toolbox.metrics {
            metrics.took("tool", start.elapsed());
        }
        // Whoever is too late says what there was no time for.
        if !self.watch.is_over() {
            self.watch.enter(Phase::Rendering);
        }
        answer
    }

    /// Waits until a process may be started.
    fn turn(&self, program: &Path) -> Result<Turn, Failed> {
        self.watch.enter(Phase::Queued);
        let start = Instant::now();
        let turn = self.toolbox.turns.wait(self.owner, self.watch);
        if let Some(metrics) = &self.toolbox.metrics {
            metrics.took("tool_queue", start.elapsed());
        }
        self.watch.enter(if turn.is_some() { Phase::Tool } else { Phase::Queued });
        turn.ok_or_else(|| {
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            let message = format!("`{name}` was not started in time: as many tools as may run at once did run");
            Failed::ForGood(error(message, "give the sidecar more CPU and memory, and raise --tools"))
        })
    }

    fn try_once(
        &self,
        program: &Path,
        mode: Mode,
        arguments: &[String],
        lay_out: &impl Fn(&Home) -> std::io::Result<()>,
    ) -> Result<String, Failed> {
        // The turn outlives the home, so that only so many homes are in memory at once.
        let _turn = self.turn(program)?;
        let home = self.toolbox.scratch().home().and_then(|home| lay_out(&home).map(|()| home)).map_err(|error| {
            let base = self.toolbox.scratch().base().display();
            let message = format!("there is no room for the tool's files in `{base}`: {error}");
            // A full memory empties itself when other renders end.
            Failed::MayPass(ToolError {
                message,
                remedy: "give the sidecar's directory in memory more room".to_owned(),
            })
        })?;
        let mut command = self.toolbox.launch(mode, home.path(), program.as_os_str());
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let finished = match run(command.args(arguments).current_dir(home.path()), self.watch, ROOM) {
            Ok(finished) => finished,
            Err(error) => {
                let may_pass = error.may_pass();
                let error = not_run(&name, &error);
                return Err(if may_pass { Failed::MayPass(error) } else { Failed::ForGood(error) });
            }
        };
        if finished.status.success() {
            return String::from_utf8(finished.stdout).map_err(|_| {
                Failed::ForGood(error(format!("`{name}` printed what is no text"), "correct the templates"))
            });
        }
        let lost = finished.lost_to_memory();
        let error = failed(&name, home.path(), &finished);
        Err(if lost { Failed::MayPass(error) } else { Failed::ForGood(error) })
    }
}

/// Why one start gave nothing.
enum Failed {
    MayPass(ToolError),
    ForGood(ToolError),
}

impl MachineToolbox {
    fn scratch(&self) -> &Scratch {
        self.scratch.get_or_init(|| {
            let scratch = Scratch::find(self.named.as_deref());
            scratch.clean(false);
            scratch
        })
    }

    /// Removes what an earlier life of this process left. Only for a process that has used no tool yet.
    pub(crate) fn clean_at_start(&self) {
        self.scratch().clean(true);
    }

    /// Finds the tool, and decides how strict its sandbox is.
    fn prepare(&self, rule: &ToolRule) -> Result<(PathBuf, Mode), ToolError> {
        let program = find(&rule.binary, &self.search).ok_or_else(|| {
            error(
                format!("this needs `{}`, and there is none here", rule.binary),
                "put the tool into the sidecar's image, or write plain manifests or a simple kustomization",
            )
        })?;
        let lacking = self.lacking.get_or_init(|| {
            let lacking = self.look();
            if let Some(lacking) = &lacking {
                tracing::warn!(lacking, "tools cannot have their whole sandbox here");
            }
            lacking
        });
        match (rule.sandbox, lacking) {
            (_, None) => Ok((program, Mode::Required)),
            (Sandbox::BestEffort, Some(_)) => Ok((program, Mode::BestEffort)),
            (Sandbox::Required, Some(lacking)) => Err(error(
                format!("the policy wants a sandbox for `{}`, and this machine cannot give it: {lacking}", rule.binary),
                "use a Linux with Landlock and a directory in memory (--scratch), write plain manifests, or have the \
                 platform set `sandbox: best-effort`",
            )),
        }
    }

    /// What is missing for a whole sandbox.
    fn look(&self) -> Option<String> {
        let scratch = self.scratch();
        if !scratch.in_memory {
            return Some(format!("`{}` is no directory in memory", scratch.base().display()));
        }
        let watch = Watch::until(Instant::now() + Duration::from_secs(10));
        let mut command = self.launch(Mode::Probe, scratch.base(), OsStr::new(SELF));
        match run(&mut command, &watch, ROOM) {
            Ok(finished) if finished.status.success() => None,
            Ok(finished) => Some(String::from_utf8_lossy(&finished.stderr).trim().to_owned()),
            Err(error) => Some(not_run("the launcher", &error).message),
        }
    }

    fn launch(&self, mode: Mode, home: &Path, program: &OsStr) -> Command {
        let mut command = Command::new(&self.launcher);
        command.env_clear().arg(COMMAND).arg(mode.as_str()).arg(std::process::id().to_string()).arg(home).arg(program);
        command
    }
}

/// The file of a tool: a path, or a name in the search path.
fn find(binary: &str, search: &OsStr) -> Option<PathBuf> {
    let is_program =
        |path: &PathBuf| path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if binary.contains('/') {
        return Some(PathBuf::from(binary)).filter(is_program);
    }
    std::env::split_paths(search).filter(|path| path.is_absolute()).map(|path| path.join(binary)).find(is_program)
}

fn error(message: String, remedy: &str) -> ToolError {
    ToolError { message, remedy: remedy.to_owned() }
}

fn not_run(name: &str, why: &RunError) -> ToolError {
    match why {
        RunError::Start(source) | RunError::Follow(source) => error(
            format!("`{name}` could not be run: {source}"),
            "look at the sidecar's memory and number of processes",
        ),
        RunError::Over => error(
            format!("`{name}` did not end in time"),
            "make the chart or kustomization smaller, give the sidecar more CPU, or raise repo-server's timeout",
        ),
        RunError::TooMuch => {
            error(format!("`{name}` printed more than {} MiB", ROOM.stdout >> 20), "render less in one Application")
        }
    }
}

/// What a tool said when it failed, without the private path of its home.
fn failed(name: &str, home: &Path, finished: &Finished) -> ToolError {
    let said = String::from_utf8_lossy(&finished.stderr).replace(&format!("{}/", home.display()), "");
    // What a program in Go says last when it breaks down is where each of its threads was; the reason comes first.
    let reason = |line: &&str| ["fatal error: ", "panic: "].iter().any(|start| line.starts_with(start));
    let said = said.lines().find(reason).map_or(said.as_str(), |line| line);
    // One line: a refusal is a block of its own.
    let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    if finished.status.code() == Some(NOT_LAUNCHED) {
        return error(format!("`{name}` could not be started in its sandbox: {said}"), "look at the sidecar's log");
    }
    let skipped = said.chars().count().saturating_sub(QUOTED);
    let said: String = said.chars().skip(skipped).collect();
    let dots = if skipped > 0 { "... " } else { "" };
    error(
        format!("`{name}` failed ({}): {dots}{said}", finished.status),
        "correct what it names, in the chart or kustomization",
    )
}

#[cfg(test)]
pub(crate) mod tests;
