//! Whole renders, from the controller's call to the manifests, through the real repo-server.
//!
//! Most of the time is the repo-server's packing, which the settings of `eod-cmp init` reduce. The benchmark compares an
//! installation with these settings to the stock plugin server without settings, and measures the plugin without settings.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;
use eod_testkit::{
    argocd::{ArgoCd, Repository, Request, Settings, Tool},
    command,
};

use super::{
    parameters, quantile,
    repository::{self, CHART, OVERLAY, PLAIN},
    start,
};
use crate::bench::{
    measured::{Pair, Unit},
    scale::Scale,
    table::Table,
};

/// Parameters of the overlay, as in an Application.
const PATHS: &str = ".;../base";
/// Deadline, longer than the slowest of 64 answers.
const PATIENCE: Duration = Duration::from_secs(1800);

/// The settings of `eod-cmp init` as arguments of repo-server.
const SETTINGS: [&str; 2] = ["--plugin-tar-exclude=.git", "--plugin-use-manifest-generate-paths"];

/// Also without repo-server's walk over the checkout for symbolic links, for a repo-server that serves only this plugin.
const WITHOUT_WALK: &str = "--allow-oob-symlinks";

/// Measures a small and a large repository.
///
/// # Errors
/// If a render fails or has too few manifests.
pub(super) fn measure(binary: &Path, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    let tools = vec![Tool::StockHelm, Tool::Kustomize];
    let stock = Settings { tools: tools.clone(), ..Settings::default() };
    let set_up = Settings { tools, repo_server: SETTINGS.map(str::to_owned).into(), ..Settings::default() };
    let (stock, set_up) = (ArgoCd::with(&stock), ArgoCd::with(&set_up));
    stock.stock_plugin("kustomize", super::KUSTOMIZE);
    stock.stock_plugin("helm", super::HELM);
    let beside_stock = start(binary, &stock, &["--cache", "0"])?;
    let plugin = start(binary, &set_up, &["--cache", "0"])?;

    let plain = plain()?;
    let small = repository::small(&plain);
    eprintln!("bench: {} renders of each kind through the repo-server", scale.rounds);
    let of_small = |argocd, path: &str| Side { argocd, request: ours(&small, path, 7) };
    let theirs = |path: &str, plugin: &str| Side { argocd: &stock, request: request(&small, path, 7).plugin(plugin) };
    let here = || {
        let Side { argocd, request } = of_small(&set_up, OVERLAY);
        Side { argocd, request: request.generate_paths(PATHS) }
    };
    let directory = Side { argocd: &set_up, request: request(&small, PLAIN, 7) };
    let build = || theirs(OVERLAY, "stock-kustomize");
    let rows = [
        ("overlay, as set up by us (peer: Argo CD, the same as a directory)", "within 1.15x", here(), directory),
        ("overlay, as set up by us (peer: stock as it comes, kustomize build)", "3x less", here(), build()),
        ("overlay, both as it comes (peer: stock, kustomize build)", "", of_small(&stock, OVERLAY), build()),
        (
            "chart, both as it comes (peer: stock, helm template)",
            "not more",
            of_small(&stock, CHART),
            theirs(CHART, "stock-helm"),
        ),
    ];
    for (what, wanted, ours, peer) in rows {
        alternate(&format!("through repo-server, small {what}"), wanted, scale.rounds, &ours, &peer, table)?;
    }

    let large = repository::large(&plain);
    eprintln!("bench: renders of a large repository");
    let here = |number| Side { argocd: &set_up, request: ours_of_large(&large, number) };
    let there = |number| {
        let request = request(&large, OVERLAY, number).plugin("stock-kustomize");
        Side { argocd: &stock, request }
    };
    let what = "through repo-server, 3,000 files, as set up by us (peer: stock, as it comes)";
    alternate(what, "50x less", scale.rounds.div_ceil(4), &here(7), &there(7), table)?;
    let same = Side { argocd: &stock, request: ours(&large, OVERLAY, 7) };
    let what = "through repo-server, 3,000 files, both as it comes";
    alternate(what, "", scale.rounds.div_ceil(4), &same, &there(7), table)?;
    let peer = storm(scale.applications, &there)?;
    let mut row = |what: &str, wanted, ours| {
        let what = format!("hard refresh of {} applications of 3,000 files, {what}", scale.applications);
        table.add(&what, Unit::Seconds, wanted, Pair { ours: Some(ours), peer: Some(peer) });
    };
    row("as set up by us (peer: stock, as it comes)", "150x less", storm(scale.applications, &here)?);
    plugin.stop();
    beside_stock.stop();

    let arguments = SETTINGS.into_iter().chain([WITHOUT_WALK]).map(str::to_owned).collect();
    let argocd = ArgoCd::with(&Settings { repo_server: arguments, ..Settings::default() });
    let plugin = start(binary, &argocd, &["--cache", "0"])?;
    let here = |number| Side { argocd: &argocd, request: ours_of_large(&large, number) };
    here(1).once()?;
    row("also without the check of symbolic links", "", storm(scale.applications, &here)?);
    plugin.stop();
    Ok(())
}

/// A server, a plugin and a source.
struct Side<'a> {
    argocd: &'a ArgoCd,
    request: Request,
}

impl Side<'_> {
    fn once(&self) -> anyhow::Result<f64> {
        let answer = self.argocd.generate(&self.request);
        let took = answer.time.as_secs_f64() * 1e3;
        whole(&answer.expect_manifests())?;
        Ok(took)
    }
}

/// Calls the servers in turn, so that load affects both.
fn alternate(
    what: &str,
    wanted: &'static str,
    rounds: usize,
    ours: &Side<'_>,
    peer: &Side<'_>,
    table: &mut Table,
) -> anyhow::Result<()> {
    // The first of each fetches the repository.
    ours.once()?;
    peer.once()?;
    let (mut own, mut other) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for _ in 0..rounds {
        own.push(ours.once()?);
        other.push(peer.once()?);
    }
    let pair = |share| Pair { ours: quantile(&own, share), peer: quantile(&other, share) };
    table.add(&format!("{what}, p50"), Unit::Milliseconds, wanted, pair(0.5));
    table.add(&format!("{what}, p95"), Unit::Milliseconds, "", pair(0.95));
    Ok(())
}

/// Seconds of a hard refresh of many Applications in parallel, each with its own environment.
fn storm<'a>(applications: usize, side: &dyn Fn(usize) -> Side<'a>) -> anyhow::Result<f64> {
    eprintln!("bench: {applications} applications of it refreshed at once");
    let argocd = side(1).argocd;
    let requests: Vec<_> = (1..=applications).map(|number| side(number).request.hard()).collect();
    let begun = Instant::now();
    let answers = argocd.generate_all(&requests, applications);
    let took = begun.elapsed().as_secs_f64();
    answers.into_iter().try_for_each(|answer| whole(&answer.expect_manifests()))?;
    Ok(took)
}

fn request(repository: &Repository, path: &str, number: usize) -> Request {
    let name = format!("shop-pr-{number}");
    let request = Request::new(repository, path).application(&name).namespace(&name);
    request.cluster("1.36.1", &["v1", "apps/v1"]).no_cache().deadline(PATIENCE)
}

fn ours(repository: &Repository, path: &str, number: usize) -> Request {
    let name = format!("shop-pr-{number}");
    // With the environment's guards, which the peer does not make.
    parameters(&name, "3f0a1c2d4e5f60718293a4b5c6d7e8f901234567")
        .into_iter()
        .fold(request(repository, path, number).plugin("eod@v1"), |request, (name, value)| {
            request.parameter(name, value)
        })
}

fn ours_of_large(repository: &Repository, number: usize) -> Request {
    ours(repository, OVERLAY, number).generate_paths(PATHS)
}

/// The overlay, rendered by the stock plugin server.
fn plain() -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    for (name, text) in repository::application() {
        let file = folder.path().join(name);
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(file, text)?;
    }
    let mut kustomize = std::process::Command::new(Tool::Kustomize.path());
    Ok(command::run(kustomize.arg("build").arg(folder.path().join(OVERLAY)), "").expect_ok())
}

/// Checks an answer.
fn whole(manifests: &[serde_json::Value]) -> anyhow::Result<()> {
    let deployments = manifests.iter().filter(|manifest| manifest["kind"] == "Deployment").count();
    ensure!(deployments == 1, "expected one Deployment among {} manifests", manifests.len());
    Ok(())
}
