//! `make bench`: measures EoD and a peer in the same run.
//!
//! The provider's peer is the Kubernetes provider, with the same objects. The peer for copies of secrets is a shell script
//! with `curl`, as in many pipelines. The plugin's peer is Argo CD's own plugin server. The peer of `eod` is kubectl. Both
//! use the same servers on the same machine, one step each in turn, so that load affects both. The benchmark asserts no
//! limits. It checks that both have done the work.
//!
//! Variables: `EOD_BENCH_OURS` and `EOD_BENCH_PEER` are the paths of the two providers, `EOD_BENCH_CMP` is the path of
//! `eod-cmp`, `EOD_BENCH_OPS` that of `eod`. `tests/bench/run` sets them and lists the variables for the sizes. Without a
//! variable, its program is not measured.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "this is a program for a terminal, and its results go to stdout"
)]

use std::process::ExitCode;

use anyhow::ensure;

/// Measurements and their tools.
mod bench {
    pub(crate) mod contestant;
    pub(crate) mod copies;
    pub(crate) mod environments;
    pub(crate) mod fleet;
    pub(crate) mod handshake;
    pub(crate) mod lifecycle;
    pub(crate) mod measured;
    pub(crate) mod plugin;
    pub(crate) mod refresh;
    pub(crate) mod scale;
    pub(crate) mod stand_in;
    pub(crate) mod table;
    pub(crate) mod terraform;
    pub(crate) mod traces;
    pub(crate) mod usage;
}

use bench::{
    contestant::{self, Contestant},
    copies, fleet, handshake, lifecycle,
    measured::Pair,
    plugin, refresh,
    scale::Scale,
    stand_in,
    table::Table,
    traces::Traces,
};

fn main() -> ExitCode {
    if let Some(order) = stand_in::Order::given() {
        return order.carry_out();
    }
    match measure_all() {
        Ok(table) => {
            println!("\n{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure_all() -> anyhow::Result<Table> {
    let scale = Scale::from_environment()?;
    let contestants = contestant::both()?;
    let (plugin, ops) = (contestant::plugin(), contestant::ops());
    ensure!(
        contestants.iter().next().is_some() || plugin.is_some() || ops.is_some(),
        "none of EOD_BENCH_OURS, EOD_BENCH_PEER, EOD_BENCH_CMP and EOD_BENCH_OPS names a binary; `make bench` sets them"
    );
    let mut table = Table::default();
    if let Some(plugin) = plugin {
        plugin::measure(&plugin, &scale, &mut table)?;
    }
    if contestants.iter().next().is_some() {
        measure_provider(&contestants, &scale, &mut table)?;
    }
    // Last, because it leaves thousands of namespaces.
    if let Some(eod) = ops {
        fleet::measure(&eod, scale.fleet, &mut table)?;
    }
    Ok(table)
}

fn measure_provider(contestants: &Pair<Contestant>, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    handshake::measure(contestants, scale.starts, table)?;
    copies::measure(contestants, scale, table)?;
    let cluster = eod_testkit::cluster::Cluster::shared();
    // A cluster with other users is always left unchanged.
    let _traces = Traces::of(cluster, contestant::PREFIX);
    lifecycle::measure(contestants, cluster, scale, table)?;
    refresh::measure(contestants, cluster, scale, table)
}
