//! `render`: what a preview of a directory would be, for a person.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eod_domain::{EnvironmentSpec, environment_name};
use eod_render::{Application, Location, Parameters, Policy, RawParameter, RawValue, Refusal, RefusalRule, Refusals};
use similar::{ChangeTag, TextDiff};

use super::{Ended, complain, print, refuse};
use crate::archive::{Limits, Wanted};
use crate::arguments::Render;
use crate::call::Call;
use crate::policy::load;
use crate::renderer::{Toolbox as _, render_once};
use crate::toolbox;
use crate::tree::{Scope, read_tree};
use crate::watch::Watch;

/// A person has patience, and a chart may be large.
const LONGEST: Duration = Duration::from_secs(300);
/// The project where none is named.
const PROJECT: &str = "default";
/// Lines around a change.
const CONTEXT: usize = 3;

pub(super) fn run(options: Render) -> Ended {
    // The earlier output is read first: it may be the file that stdout is about to overwrite.
    let before = match options.diff.as_deref().map(earlier).transpose() {
        Ok(before) => before,
        Err(error) => return complain(error, Ended::Failed),
    };
    match render(options) {
        Ok(manifests) => {
            if let Some(before) = before {
                show(&before, &manifests);
            }
            print(&manifests)
        }
        Err(refusals) => refuse(&refusals),
    }
}

fn render(options: Render) -> Result<String, Refusals> {
    let watch = Watch::until(Instant::now() + LONGEST);
    let (root, directory) = place(&options.path, options.root.as_deref())?;
    let policy = match &options.policy {
        Some(path) => load(path)?.policy,
        None => Policy::built_in(),
    };
    let namespace = match options.namespace {
        Some(namespace) => namespace,
        None => environment(&options.parameters)?,
    };
    let application = Application {
        name: options.app.unwrap_or_else(|| namespace.clone()),
        namespace,
        project: options.project.unwrap_or_else(|| PROJECT.to_owned()),
        ..Application::default()
    };
    let call =
        Call { application, repository: String::new(), parameters: String::new(), directory, above: String::new() };
    let wanted = Wanted { directory: &call.directory };
    let read = read_tree(&root, Scope::Own, &Limits::default(), wanted).map_err(|error| error.refusal())?;
    let toolbox = toolbox::open(options.scratch.as_deref(), None, 1);
    let tools = toolbox.open(&watch, "");
    let rendered = render_once(&policy, &call, &options.parameters, &read.files, &read.left_out, &*tools)?;
    Ok(rendered.yaml())
}

/// The root and the directory's place in it.
fn place(path: &Path, root: Option<&Path>) -> Result<(PathBuf, String), Refusals> {
    let real = |path: &Path| {
        path.canonicalize().map_err(|error| {
            let location = Location::file(path.display().to_string());
            Refusals::from(Refusal::new(location, RefusalRule::File, error, "name a directory that exists"))
        })
    };
    let path = real(path)?;
    let root = match root {
        Some(root) => real(root)?,
        None => path.ancestors().find(|above| above.join(".git").exists()).unwrap_or(&path).to_owned(),
    };
    let outside = || {
        let location = Location::file(path.display().to_string());
        let message = format!("the directory does not lie in the root `{}`", root.display());
        Refusals::from(Refusal::new(location, RefusalRule::File, message, "name a root above it"))
    };
    let below = path.strip_prefix(&root).ok().and_then(Path::to_str).ok_or_else(outside)?;
    let below = if below.is_empty() { "." } else { below };
    Ok((root.clone(), below.to_owned()))
}

/// The environment's name: the parameter, else what repository and pull request give.
fn environment(raw: &[RawParameter]) -> Result<String, Refusals> {
    let named = raw.iter().find(|parameter| parameter.name == "environment");
    if let Some(RawParameter { value: RawValue::Text(name), .. }) = named {
        return Ok(name.clone());
    }
    let Parameters { repository, pull_request, .. } = Parameters::parse(raw)?;
    let spec = EnvironmentSpec { repository, pull_request, ..EnvironmentSpec::default() };
    environment_name(&spec.identity(), None).map(|name| name.to_string()).map_err(|_| {
        let message = "nothing says which environment this is for";
        let remedy = "add --parameter environment=NAME, or repository and pull-request, or --namespace NAME";
        Refusal::new(Location::parameter("environment"), RefusalRule::Identity, message, remedy).into()
    })
}

/// An earlier output. None is an empty one: then everything is new.
fn earlier(path: &Path) -> Result<String, String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(|error| format!("cannot read `{}`: {error}", path.display())),
    }
}

/// Shows the changes on stderr; stdout is the manifests' alone.
fn show(before: &str, after: &str) {
    let has_colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let _ = io::stderr().write_all(difference(before, after, has_colours).as_bytes());
}

fn difference(before: &str, after: &str, has_colours: bool) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
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

fn coloured(colour: &str, line: &str, has_colours: bool) -> String {
    if has_colours && !colour.is_empty() {
        format!("\u{1b}[{colour}m{}\u{1b}[0m\n", line.trim_end_matches('\n'))
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests;
