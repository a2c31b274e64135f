//! The Argo CD plugin: renders at its socket, whole renders through the real repo-server, generated sources in the shapes of
//! real repositories, and ten thousand renders in one process.
//!
//! The peer is Argo CD's own plugin server with its usual commands (`kustomize build`, `helm template`), behind the same
//! repo-server, called in turn. The plugin's caches are off unless a number says otherwise. Each answer is checked.

mod archive;
mod caller;
mod corpus;
mod end_to_end;
mod repository;
mod soak;
mod socket;
mod usage;

use std::path::Path;

use anyhow::{Context, ensure};
use eod_testkit::argocd::{ArgoCd, Launch, Plugin, Tool};

use crate::bench::{scale::Scale, table::Table};

/// Measures the plugin. `binary` is the release build of `eod-cmp`.
///
/// # Errors
/// If a server does not start, or an answer is wrong.
pub(crate) fn measure(binary: &Path, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    ensure!(binary.is_file(), "expected eod-cmp at {}, and there is no file", binary.display());
    socket::measure(binary, scale, table)?;
    end_to_end::measure(binary, scale, table)?;
    corpus::measure(binary, scale.sources, table);
    soak::measure(binary, scale, table)
}

/// Percentile of the values.
fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "few values"
    )]
    let at = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(at).copied()
}

/// `plugin.yaml` of the peer.
const KUSTOMIZE: &str = include_str!("plugin/sample/kustomize.yaml");
const HELM: &str = include_str!("plugin/sample/helm.yaml");

/// The platform's policy.
const POLICY: &str = include_str!("plugin/sample/policy.yaml");

/// A plugin with the socket in the folder of a repo-server, and with the tests' tools.
fn start(binary: &Path, argocd: &ArgoCd, arguments: &[&str]) -> anyhow::Result<Plugin> {
    let binary = binary.to_str().context("the path of eod-cmp is not UTF-8")?;
    let folder = |tool: Tool| tool.path().parent().map(Path::to_owned).context("a tool is in a folder");
    let tools = vec![folder(Tool::Helm)?, folder(Tool::Kustomize)?];
    Ok(Plugin::start(argocd, &Launch { binary, name: "eod@v1", policy: POLICY, tools, arguments }))
}

/// The parameters of an Application, by name.
fn parameters(environment: &str, sha: &str) -> [(&'static str, String); 5] {
    [
        ("environment", environment.to_owned()),
        ("repository", "acme/shop".to_owned()),
        ("pull-request", "7".to_owned()),
        ("head-sha", sha.to_owned()),
        ("owner", "dev@acme.example".to_owned()),
    ]
}
