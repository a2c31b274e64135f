//! Calls and cost of a refresh of many environments in one state.

use std::collections::BTreeMap;

use eod_testkit::{cluster::Cluster, fault::FaultProxy};

use crate::bench::{
    contestant::Contestant,
    environments::{COMMIT, Environments},
    measured::{Pair, Unit, megabytes},
    scale::Scale,
    table::Table,
    terraform::{Cost, Job},
};

/// Number of calls to the API server, by kind.
type Calls = BTreeMap<String, u32>;

/// Creates the environments and plans them twice: directly, to measure, and through a proxy, to count.
///
/// # Errors
/// If a step fails.
pub(crate) fn measure(
    contestants: &Pair<Contestant>,
    cluster: &Cluster,
    scale: &Scale,
    table: &mut Table,
) -> anyhow::Result<()> {
    let run = cluster.installation("refresh");
    let measured = contestants.try_map(|contestant| {
        let folder = Environments::new(contestant, &run, scale.refreshed)?;
        // Their deletion is not a part of this: it would take minutes, and the cluster would be busy
        // with it while the other contestant is measured.
        one(&folder, cluster)
    })?;
    for (contestant, (_, calls)) in contestants.iter().zip(measured.iter()) {
        println!("calls of a refresh, {}:", contestant.name);
        for (call, count) in calls {
            println!("  {count:6} {call}");
        }
    }
    let of = |what: &str| format!("refresh of {}, {what}", scale.refreshed);
    let counted = measured.map(|(_, calls)| f64::from(calls.values().sum::<u32>()));
    table.add(&of("calls"), Unit::Count, "", counted);
    let cpu = measured.map(|(cost, _)| cost.provider.cpu.as_secs_f64());
    table.add(&of("CPU of the provider"), Unit::Seconds, "", cpu);
    table.add(&of("CPU in all"), Unit::Seconds, "", measured.map(|(cost, _)| cost.cpu.as_secs_f64()));
    table.add(&of("wall"), Unit::Seconds, "", measured.map(|(cost, _)| cost.wall.as_secs_f64()));
    let peak = measured.map(|(cost, _)| megabytes(cost.provider.peak_kib));
    table.add(&of("provider's peak memory"), Unit::Megabytes, "", peak);
    Ok(())
}

fn one(folder: &Environments, cluster: &Cluster) -> anyhow::Result<(Cost, Calls)> {
    let variables = &folder.at(COMMIT, cluster.kubeconfig());
    folder.run(&Job { command: "apply", parallelism: 10, variables, code: 0 })?;
    let plan = Job { command: "plan", parallelism: 10, variables, code: 0 };
    let cost = folder.run(&plan)?;
    let proxy = FaultProxy::start(cluster);
    folder.run(&Job { variables: &folder.at(COMMIT, proxy.kubeconfig()), ..plan })?;
    let mut calls = Calls::new();
    for call in proxy.log() {
        *calls.entry(format!("{} {}", call.method, kind(&call.path))).or_default() += 1;
    }
    Ok((cost, calls))
}

/// A path without the names of objects.
fn kind(path: &str) -> String {
    let mut words: Vec<_> = path.trim_matches('/').split('/').collect();
    // /api/v1/... or /apis/GROUP/VERSION/...
    let version = if words.first() == Some(&"api") { 2 } else { 3 };
    let named = if words.get(version) == Some(&"namespaces") { [1, 3] } else { [1, usize::MAX] };
    for at in named {
        if let Some(word) = at.checked_add(version).and_then(|at| words.get_mut(at)) {
            *word = "*";
        }
    }
    format!("/{}", words.join("/"))
}
