//! `generate`: the manifests of the working directory, under the stock `argocd-cmp-server`.
//!
//! That server has unpacked the repository into a directory of its own and started us in the Application's. Identity
//! and parameters come in the environment, the same words that the native server gets in the metadata.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use eod_render::{Location, Refusal, RefusalRule, Refusals, parse_raw_parameters};

use super::{Ended, print, refuse};
use crate::archive::{Limits, Wanted};
use crate::arguments::Sidecar;
use crate::call::Call;
use crate::policy::{Loaded, load};
use crate::renderer::{Toolbox as _, render_once};
use crate::toolbox;
use crate::tree::{Scope, read_tree};
use crate::watch::Watch;

/// The stock server kills us a little before repo-server's minute is over.
const LONGEST: Duration = Duration::from_secs(58);
/// How often a policy that cannot be read is looked at: it may be in the middle of being replaced.
const LOOKS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

pub(super) fn run(options: &Sidecar) -> Ended {
    // What is no text cannot be a word of Argo CD's.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let made = std::env::current_dir()
        .map_err(|error| Refusal::new(Location::file("."), RefusalRule::File, error, "start it in a directory").into())
        .and_then(|directory| generate(options, &directory, variables.collect()));
    match made {
        Ok(lines) => print(&lines),
        Err(refusals) => refuse(&refusals),
    }
}

fn generate(options: &Sidecar, directory: &Path, variables: BTreeMap<String, String>) -> Result<String, Refusals> {
    let watch = Watch::until(Instant::now() + LONGEST);
    let source_path = variables.get("ARGOCD_APP_SOURCE_PATH").map_or(".", String::as_str);
    let (root, below) = root_of(directory, source_path);
    let call = Call::of(variables, below);
    let loaded = policy(&options.policy)?;
    let parameters = if call.parameters.is_empty() { Vec::new() } else { parse_raw_parameters(&call.parameters)? };
    let wanted = Wanted { directory: &call.directory };
    let read = read_tree(&root, Scope::All, &Limits::default(), wanted).map_err(|error| error.refusal())?;
    let toolbox = toolbox::open(options.scratch.as_deref(), None, 1);
    let tools = toolbox.open(&watch, "");
    let rendered = render_once(&loaded.policy, &call, &parameters, &read.files, &read.left_out, &*tools)?;
    // One object per line: Argo CD reads what begins with a brace as a stream of JSON.
    Ok(rendered.json_lines().iter().flat_map(|line| [line, "\n"]).collect())
}

fn policy(path: &Path) -> Result<Loaded, Refusals> {
    let mut loaded = load(path);
    for _ in 1..LOOKS {
        if loaded.is_ok() {
            break;
        }
        sleep(PAUSE);
        loaded = load(path);
    }
    loaded
}

/// The directory that was received and the Application's place in it: as much of the Application's path in the
/// repository as the end of the working directory's path has.
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
