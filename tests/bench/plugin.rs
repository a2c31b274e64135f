//! The Argo CD plugin: its share of a render at the socket, whole renders through the real
//! repo-server, and whether it stays the same in ten thousand of them.
//!
//! The peer is Argo CD's own plugin server with the command that people write for it
//! (`kustomize build`, `helm template`), behind the same repo-server, asked in turn. All
//! caches of ours are off unless a number says otherwise, and each answer is looked at, so
//! that nobody is fast by doing nothing.

mod archive;
mod caller;
mod end_to_end;
mod repository;
mod soak;
mod socket;
mod usage;

use std::path::Path;

use anyhow::{Context, ensure};
use eod_testkit::argocd::{ArgoCd, Launch, Plugin, Tool};

use crate::bench::{scale::Scale, table::Table};

/// Measures everything of the plugin; the binary is `eod-cmp` as it is released.
///
/// # Errors
/// When a server does not start, or an answer is not what it should be.
pub(crate) fn measure(binary: &Path, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    ensure!(binary.is_file(), "expected eod-cmp at {}, and there is no file", binary.display());
    socket::measure(binary, scale, table)?;
    end_to_end::measure(binary, scale, table)?;
    soak::measure(binary, scale, table)
}

/// The value below which this share of the values lies.
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

/// What teams run in Argo CD's own plugin server.
const KUSTOMIZE: &str = include_str!("plugin/sample/kustomize.yaml");
const HELM: &str = include_str!("plugin/sample/helm.yaml");

/// The platform's policy.
const POLICY: &str = include_str!("plugin/sample/policy.yaml");

/// A plugin beside a repo-server, with the tools that the tests have.
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
