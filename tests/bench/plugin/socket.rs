//! The plugin's part of a render: from the last part of the archive to the answer.

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::Context;
use eod_testkit::{
    argocd::{ArgoCd, Settings, Tool},
    command::run,
};
use futures::future::try_join_all;

use super::{
    archive::Archive,
    caller::{Caller, Order},
    quantile,
    repository::{CHART, OVERLAY, application, neighbours, random_application},
    start,
    usage::{peak, start_over},
};
use crate::bench::{
    measured::{Pair, Unit},
    scale::Scale,
    table::Table,
};

/// Number of parallel large renders.
const AT_ONCE: usize = 32;

/// Measures small and large applications, a cached answer, and the memory of many.
///
/// # Errors
/// If a render fails.
pub(super) fn measure(binary: &Path, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    eprintln!("bench: {} renders at the socket", scale.renders);
    let settings = Settings { tools: vec![Tool::Kustomize], ..Settings::default() };
    let argocd = ArgoCd::with(&settings);
    // A caller of one thread, so that none of its own wake-ups are taken for ours.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let small = Arc::new(Archive::pack(application().into_iter())?);
    let large = Arc::new(Archive::pack(application().into_iter().chain(neighbours()))?);
    let order = |archive: &Arc<Archive>, push| Order { archive: Arc::clone(archive), directory: OVERLAY, push };
    let times = |caller: &Caller, archive: &Arc<Archive>, times: usize, same: bool| {
        let mut all = Vec::with_capacity(times);
        for push in 0..times {
            let took = runtime.block_on(caller.render(&order(archive, if same { 0 } else { push })))?;
            all.push(took.as_secs_f64() * 1e3);
        }
        anyhow::Ok(all)
    };

    let stock = argocd.stock_plugin("kustomize", super::KUSTOMIZE);
    let peer = Caller::new(stock.socket.as_deref().context("a plugin has a socket")?);
    let plugin = start(binary, &argocd, &["--cache", "0"])?;
    let ours = Caller::new(plugin.socket());
    times(&ours, &small, 20, false)?;
    let own = times(&ours, &small, scale.renders, false)?;
    let theirs = times(&peer, &small, scale.renders.div_ceil(10), false)?;
    let pair = |share| Pair { ours: quantile(&own, share), peer: quantile(&theirs, share) };
    let (ms, uncached) = (Unit::Milliseconds, quantile(&own, 0.5));
    table.add("socket, small overlay, p50 (peer: kustomize build)", ms, "25x less", pair(0.5));
    table.add("socket, small overlay, p99", ms, "under 5 ms", pair(0.99));
    table.add(
        "memory, after small ones, most",
        Unit::Megabytes,
        "",
        Pair { ours: Some(peak(plugin.pid())?), peer: None },
    );

    let own = times(&ours, &large, scale.renders.div_ceil(4), false)?;
    let theirs = times(&peer, &large, scale.renders.div_ceil(50), false)?;
    let pair = |share| Pair { ours: quantile(&own, share), peer: quantile(&theirs, share) };
    let of = |what: &str| format!("socket, 3,000 files ({:.1} MB), {what}", megabytes(large.len()));
    table.add(&of("p50"), ms, "", pair(0.5));
    table.add(&of("p99"), ms, "under 60 ms", pair(0.99));

    start_over(plugin.pid())?;
    let many = (0..AT_ONCE).map(|push| {
        let (ours, order) = (ours.clone(), order(&large, push));
        async move { ours.render(&order).await }
    });
    runtime.block_on(try_join_all(many))?;
    let most = Pair { ours: Some(peak(plugin.pid())?), peer: None };
    table.add(&format!("memory, {AT_ONCE} of 3,000 files at once, most"), Unit::Megabytes, "under 64 MB", most);
    plugin.stop();

    let plugin = start(binary, &argocd, &[])?;
    let ours = Caller::new(plugin.socket());
    let cached = times(&ours, &small, scale.renders, true)?;
    let hit = Pair { ours: quantile(cached.get(1..).unwrap_or_default(), 0.5), peer: uncached };
    table.add("socket, small overlay, from our cache, p50 (peer: not from the cache)", ms, "2x less", hit);
    plugin.stop();
    random_chart(binary, &argocd, scale, table)
}

/// A chart with random values, which is rendered twice, compared with one process of the stock helm.
fn random_chart(binary: &Path, argocd: &ArgoCd, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let seed = folder.path().join("seed");
    std::fs::write(&seed, [7; 32])?;
    let files = random_application();
    for (name, text) in &files {
        let file = folder.path().join(name);
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(file, text)?;
    }
    let archive = Arc::new(Archive::pack(files.into_iter())?);
    let seed = seed.to_str().context("a temporary folder has a name in UTF-8")?;
    let plugin = start(binary, argocd, &["--cache", "0", "--seed-file", seed])?;
    let caller = Caller::new(plugin.socket());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for push in 0..scale.renders.div_ceil(5) {
        let order = Order { archive: Arc::clone(&archive), directory: CHART, push };
        own.push(runtime.block_on(caller.render(&order))?.as_secs_f64() * 1e3);
        let begun = Instant::now();
        let mut helm = std::process::Command::new(Tool::StockHelm.path());
        helm.args(["template", "shop-pr-7"]).arg(folder.path().join(CHART)).env("HOME", folder.path());
        run(&mut helm, "").expect_ok();
        other.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    // The first start reads the binaries from the disk.
    let p50 = |times: &[f64]| quantile(times.get(1..).unwrap_or_default(), 0.5);
    let what = "socket, chart with random values, rendered twice, p50 (peer: one stock `helm template`)";
    let pair = Pair { ours: p50(&own), peer: p50(&other) };
    table.add(what, Unit::Milliseconds, "within 1.2x", pair);
    plugin.stop();
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "no archive is so large")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
