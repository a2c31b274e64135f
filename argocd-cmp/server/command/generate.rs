//! `generate`: prints the manifests of the working directory, under `argocd-cmp-server`.
//!
//! That server unpacks the repository and starts this command in the Application's directory. Identity and parameters
//! are environment variables with the same names as in the metadata of the plugin service.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use eod_render::{Location, Refusal, RefusalRule, Refusals, parse_raw_parameters};

use super::{CommandResult, print, print_refusals};
use crate::archive::{AppDirectory, ArchiveLimits};
use crate::arguments::SidecarArguments;
use crate::policy::{LoadedPolicy, load};
use crate::progress::RenderProgress;
use crate::render_request::RenderRequest;
use crate::renderer::{Toolbox as _, render_request};
use crate::toolbox;
use crate::tree::{TreeScope, read_tree};

/// Timeout of the command. `argocd-cmp-server` kills the command shortly before repo-server's timeout of one minute.
const TIMEOUT: Duration = Duration::from_secs(58);
/// Maximum number of attempts to read an invalid policy; the file may be in the middle of a replacement.
const POLICY_ATTEMPTS: u32 = 4;
/// Pause between two attempts.
const POLICY_PAUSE: Duration = Duration::from_millis(250);

pub(super) fn run(options: &SidecarArguments) -> CommandResult {
    // Argo CD sets no variable that is not UTF-8.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let rendered = std::env::current_dir()
        .map_err(|error| {
            Refusal::new(Location::file("."), RefusalRule::File, error, "start the command in a directory that exists")
                .into()
        })
        .and_then(|directory| generate(options, &directory, variables.collect()));
    match rendered {
        Ok(lines) => print(&lines),
        Err(refusals) => print_refusals(&refusals),
    }
}

fn generate(
    options: &SidecarArguments,
    directory: &Path,
    variables: BTreeMap<String, String>,
) -> Result<String, Refusals> {
    let progress = RenderProgress::until(Instant::now() + TIMEOUT);
    let source_path = variables.get("ARGOCD_APP_SOURCE_PATH").map_or(".", String::as_str);
    let (root, below) = root_of(directory, source_path);
    let request = RenderRequest::from_variables(variables, below);
    let loaded = load_with_retry(&options.policy)?;
    let parameters =
        if request.parameters.is_empty() { Vec::new() } else { parse_raw_parameters(&request.parameters)? };
    let app = AppDirectory { path: &request.directory };
    let tree = read_tree(&root, TreeScope::All, &ArchiveLimits::default(), app).map_err(|error| error.refusal())?;
    let toolbox = toolbox::open(options.scratch.as_deref(), &options.seed_file, &options.registry_config, None, 1);
    let tools = toolbox.open(&progress, "");
    let rendered = render_request(&loaded.policy, &request, &parameters, &tree.files, &tree.left_out, &*tools)?;
    let narrowed = rendered.narrowed().len();
    if narrowed > 0 {
        // Argo CD logs stderr. The ConfigMap of the render has the list.
        let _ = writeln!(io::stderr(), "{narrowed} requests of the source were removed");
    }
    // One object per line: Argo CD reads output that begins with a brace as a stream of JSON objects.
    Ok(rendered.json_lines().iter().flat_map(|line| [line, "\n"]).collect())
}

/// Reads the policy, and again if it is invalid.
fn load_with_retry(path: &Path) -> Result<LoadedPolicy, Refusals> {
    let mut loaded = load(path);
    for _ in 1..POLICY_ATTEMPTS {
        if loaded.is_ok() {
            break;
        }
        sleep(POLICY_PAUSE);
        loaded = load(path);
    }
    loaded
}

/// Root of the unpacked tree and the Application's directory in it. The working directory ends with the Application's
/// path in the repository, or with the last components of it if only a part of the repository was sent.
fn root_of(directory: &Path, source_path: &str) -> (PathBuf, String) {
    let mut root = directory.to_owned();
    let mut below = Vec::new();
    for part in source_path.split('/').rev().filter(|part| !matches!(*part, "" | ".")) {
        if root.file_name().is_none_or(|name| name != part) || !root.pop() {
            break;
        }
        below.push(part);
    }
    below.reverse();
    let below = if below.is_empty() { ".".to_owned() } else { below.join("/") };
    (root, below)
}

#[cfg(test)]
mod tests;
