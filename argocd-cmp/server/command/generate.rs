//! `generate`: the manifests of the working directory, under the stock `argocd-cmp-server`.
//!
//! That server has unpacked the repository into a directory of its own and started us in the Application's. Identity
//! and parameters come in the environment, the same words that the native server gets in the metadata.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use eod_render::{Place, Refusal, Refusals, Rule, parse_raw_parameters};

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
        .map_err(|error| Refusal::new(Place::file("."), Rule::File, error, "start it in a directory").into())
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
mod tests {
    use super::*;

    #[test]
    fn the_received_tree_may_be_a_part_of_the_repository() {
        for (directory, source, expected) in [
            ("/w/_cmp_server/1-2/apps/shop/pr", "apps/shop/pr", ("/w/_cmp_server/1-2", "apps/shop/pr")),
            ("/w/_cmp_server/1-2/shop/pr", "apps/shop/pr", ("/w/_cmp_server/1-2", "shop/pr")),
            ("/w/_cmp_server/1-2", "apps/shop/pr", ("/w/_cmp_server/1-2", ".")),
            ("/w/_cmp_server/1-2", ".", ("/w/_cmp_server/1-2", ".")),
            ("/w/_cmp_server/1-2/shop", "./shop/", ("/w/_cmp_server/1-2", "shop")),
        ] {
            let (root, below) = root_of(Path::new(directory), source);
            assert_eq!((root.to_str().unwrap(), below.as_str()), expected, "{directory} {source}");
        }
    }

    #[test]
    fn the_same_bytes_as_from_an_archive() {
        let root = tempfile::tempdir().unwrap();
        let app = root.path().join("deploy/app");
        std::fs::create_dir_all(&app).unwrap();
        std::fs::write(app.join("a.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").unwrap();
        let policy = root.path().join("policy.yaml");
        std::fs::write(&policy, "{version: 1, projects: {p: {namespaces: ['*-pr-*'], registries: []}}}").unwrap();
        let variables: BTreeMap<String, String> = [
            ("ARGOCD_APP_NAME", "shop"),
            ("ARGOCD_APP_NAMESPACE", "shop-pr-7"),
            ("ARGOCD_APP_PROJECT_NAME", "p"),
            ("ARGOCD_APP_SOURCE_PATH", "deploy/app"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let options = Sidecar { policy, scratch: None };
        let lines = generate(&options, &app, variables.clone()).unwrap();
        assert!(lines.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{lines}");
        assert!(lines.contains(r#""kind":"Namespace""#) && lines.contains(r#""kind":"ConfigMap""#), "{lines}");

        let other = BTreeMap::from_iter([("ARGOCD_APP_PROJECT_NAME".to_owned(), "other".to_owned())]);
        let refusals = generate(&options, &app, variables.into_iter().chain(other).collect()).unwrap_err();
        assert!(refusals.to_string().contains("rule:   policy"), "{refusals}");
        let missing = Sidecar { policy: root.path().join("none"), scratch: None };
        let refusals = generate(&missing, &app, BTreeMap::new()).unwrap_err();
        assert!(refusals.to_string().contains("--policy"), "{refusals}");
    }
}
