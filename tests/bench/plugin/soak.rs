//! Ten thousand renders in one process: time, memory, files and processes.

use std::{path::Path, sync::Arc};

use eod_testkit::argocd::ArgoCd;

use super::{
    archive::Archive,
    caller::{Caller, Order},
    repository::{CHART, OVERLAY, application},
    start,
    usage::resident,
};
use crate::bench::{
    measured::{Pair, Unit},
    scale::Scale,
    table::Table,
};

/// One in this many renders uses helm, which starts a process with its own home folder.
const HELM: usize = 100;

/// Limit of the manifest cache. The first tenth of the renders fills it, so that later growth would be a leak.
const CACHE: &str = "2Mi";

/// Renders many times, then measures memory, files and processes.
///
/// # Errors
/// If a render fails.
#[allow(clippy::cast_precision_loss, reason = "these are small numbers")]
pub(super) fn measure(binary: &Path, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    eprintln!("bench: a soak of {} renders", scale.soak);
    let argocd = ArgoCd::own();
    let plugin = start(binary, &argocd, &["--cache", CACHE])?;
    let (caller, pid) = (Caller::new(plugin.socket()), plugin.pid());
    let archive = Arc::new(Archive::pack(application().into_iter())?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let render = |push: usize| {
        let directory = if push.is_multiple_of(HELM) { CHART } else { OVERLAY };
        runtime.block_on(caller.render(&Order { archive: Arc::clone(&archive), directory, push }))
    };
    // Everything that stays in memory is there after the first tenth.
    let warm = scale.soak.div_ceil(10);
    (0..warm).try_for_each(|push| render(push).map(drop))?;
    let before = (resident(pid)?, plugin.descriptors().len());
    (warm..scale.soak).try_for_each(|push| render(push).map(drop))?;
    let after = (resident(pid)?, plugin.descriptors().len());

    let of = |what: &str| format!("soak of {} renders, {what} (peer: after the first tenth)", scale.soak);
    let pair = |after, before| Pair { ours: Some(after), peer: Some(before) };
    table.add(&of("memory"), Unit::Megabytes, "the same", pair(after.0, before.0));
    table.add(&of("open files"), Unit::Count, "the same", pair(after.1 as f64, before.1 as f64));
    let left = Pair { ours: Some((plugin.children().len() + plugin.files().len()) as f64), peer: None };
    table.add(&format!("soak of {} renders, files and processes left", scale.soak), Unit::Count, "0", left);
    plugin.stop();
    Ok(())
}
