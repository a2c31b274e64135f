//! The plugin's part of a render: from the last part of the archive to the answer.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use eod_testkit::argocd::{ArgoCd, Settings, Tool};
use futures::future::try_join_all;

use super::{
    archive::Archive,
    caller::{Caller, Order},
    quantile,
    repository::{OVERLAY, application, neighbours},
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
    let ms = Unit::Milliseconds;
    table.add("socket, small overlay, p50 (peer: kustomize build)", ms, "under 1 ms", pair(0.5));
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
    let hit = Pair { ours: quantile(cached.get(1..).unwrap_or_default(), 0.5), peer: None };
    table.add("socket, small overlay, from our cache, p50", ms, "under 0.5 ms", hit);
    plugin.stop();
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "no archive is so large")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
