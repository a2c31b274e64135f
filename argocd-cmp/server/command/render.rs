//! `render`: prints the manifests of a preview of a local directory.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eod_domain::{EnvironmentSpec, environment_name};
use eod_render::{
    Application, Files, Location, Narrowed, Parameters, Policy, RawParameter, RawValue, Refusal, RefusalRule, Refusals,
    RenderedManifests,
};
use similar::{ChangeTag, TextDiff};

use super::{CommandResult, print, print_error, print_refusals};
use crate::archive::{AppDirectory, ArchiveLimits};
use crate::arguments::RenderArguments;
use crate::policy::load;
use crate::progress::RenderProgress;
use crate::render_request::RenderRequest;
use crate::renderer::{Toolbox as _, render_request};
use crate::toolbox;
use crate::tree::{TreeScope, read_tree};

/// Timeout of the command.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Number of unchanged lines around a change.
const CONTEXT_LINES: usize = 3;

pub(super) fn run(options: RenderArguments) -> CommandResult {
    // The earlier output is read first, because stdout may overwrite the file.
    let before = match options.diff.as_deref().map(read_earlier).transpose() {
        Ok(before) => before,
        Err(error) => return print_error(error, CommandResult::Failed),
    };
    match render_directory(options) {
        Ok(rendered) => {
            let manifests = rendered.yaml();
            if let Some(before) = before {
                print_difference(&before, &manifests);
            }
            let result = print(&manifests);
            print_narrowed(rendered.narrowed());
            result
        }
        Err(refusals) => print_refusals(&refusals),
    }
}

fn render_directory(options: RenderArguments) -> Result<RenderedManifests, Refusals> {
    let progress = RenderProgress::until(Instant::now() + TIMEOUT);
    let (root, directory) = locate(&options.path, options.root.as_deref())?;
    let policy = match &options.policy {
        Some(path) => load(path)?.policy,
        None => Policy::built_in(),
    };
    let namespace = match options.namespace {
        Some(namespace) => namespace,
        None => environment_of(&options.parameters.0)?,
    };
    let application = Application {
        name: options.app.unwrap_or_else(|| namespace.clone()),
        namespace,
        project: options.project,
        ..Application::default()
    };
    let request = RenderRequest { application, parameters: String::new(), directory, above: String::new() };
    let app = AppDirectory { path: &request.directory };
    let tree =
        read_tree(&root, TreeScope::Checkout, &ArchiveLimits::default(), app).map_err(|error| error.refusal())?;
    refuse_empty_directory(&tree.files, &request.directory)?;
    let toolbox = toolbox::open(options.scratch.as_deref(), &options.seed_file, &options.registry_config, None, 1);
    let tools = toolbox.open(&progress, "");
    render_request(&policy, &request, &options.parameters.0, &tree.files, &tree.left_out, &*tools)
}

/// Prints the requests that were removed from the source to stderr, one line each.
fn print_narrowed(narrowed: &[Narrowed]) {
    let lines: String = narrowed.iter().map(|one| format!("{one}\n")).collect();
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// Refuses a directory without files. An archive of Argo CD has no such directory, so there it counts as a missing one.
fn refuse_empty_directory(files: &Files, directory: &str) -> Result<(), Refusals> {
    if !files.names(if directory == "." { "" } else { directory }).is_empty() {
        return Ok(());
    }
    let message = "the directory has no files that can be rendered";
    let remedy = "set --path to a directory with a chart, a kustomization or manifests";
    Err(Refusal::new(Location::file(directory), RefusalRule::Empty, message, remedy).into())
}

/// Root and the directory's path relative to it.
fn locate(path: &Path, root: Option<&Path>) -> Result<(PathBuf, String), Refusals> {
    let real = |path: &Path| {
        path.canonicalize().map_err(|error| {
            let location = Location::file(path.display().to_string());
            Refusals::from(Refusal::new(location, RefusalRule::File, error, "use a directory that exists"))
        })
    };
    let path = real(path)?;
    let root = match root {
        Some(root) => real(root)?,
        None => path.ancestors().find(|above| above.join(".git").exists()).unwrap_or(&path).to_owned(),
    };
    let outside = || {
        let location = Location::file(path.display().to_string());
        let message = format!("directory must be below the root `{}`", root.display());
        Refusals::from(Refusal::new(location, RefusalRule::File, message, "set --root to a directory above it"))
    };
    let below = path.strip_prefix(&root).ok().and_then(Path::to_str).ok_or_else(outside)?;
    let below = if below.is_empty() { "." } else { below };
    Ok((root.clone(), below.to_owned()))
}

/// Name of the environment: the parameter `environment`, else derived from repository and pull request.
fn environment_of(raw: &[RawParameter]) -> Result<String, Refusals> {
    let named = raw.iter().find(|parameter| parameter.name == "environment");
    if let Some(RawParameter { value: RawValue::Text(name), .. }) = named {
        return Ok(name.clone());
    }
    let Parameters { repository, pull_request, .. } = Parameters::parse(raw)?;
    let spec = EnvironmentSpec { repository, pull_request, ..EnvironmentSpec::default() };
    environment_name(&spec.identity(), None).map(|name| name.to_string()).map_err(|_| {
        let message = "name of the environment is not set";
        let remedy =
            "add --parameter environment=NAME, or the parameters repository and pull-request, or --namespace NAME";
        Refusal::new(Location::parameter("environment"), RefusalRule::Identity, message, remedy).into()
    })
}

/// Reads an earlier output. A missing file counts as empty: then every line is new.
fn read_earlier(path: &Path) -> Result<String, String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(|error| format!("cannot read `{}`: {error}", path.display())),
    }
}

/// Prints the changes to stderr; stdout has only the manifests.
fn print_difference(before: &str, after: &str) {
    let has_colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let _ = io::stderr().write_all(difference(before, after, has_colours).as_bytes());
}

/// Changes as a unified diff.
fn difference(before: &str, after: &str, has_colours: bool) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks() {
        text.push_str(&coloured("36", &format!("{}\n", hunk.header()), has_colours));
        for change in hunk.iter_changes() {
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ('-', "31"),
                ChangeTag::Insert => ('+', "32"),
                ChangeTag::Equal => (' ', ""),
            };
            let value = change.value();
            let line = format!("{sign}{value}{}", if value.ends_with('\n') { "" } else { "\n" });
            text.push_str(&coloured(colour, &line, has_colours));
        }
    }
    if text.is_empty() { "no change\n".to_owned() } else { text }
}

/// Line in a colour of ANSI; an empty `colour` is the default one.
fn coloured(colour: &str, line: &str, has_colours: bool) -> String {
    if has_colours && !colour.is_empty() {
        format!("\u{1b}[{colour}m{}\u{1b}[0m\n", line.trim_end_matches('\n'))
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests;
