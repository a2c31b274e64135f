//! Plan, apply, push and destroy of many environments.

use std::time::Duration;

use eod_testkit::cluster::Cluster;

use crate::bench::{
    contestant::Contestant,
    environments::{COMMIT, Environments, NEXT_COMMIT},
    measured::{Pair, Unit, megabytes},
    scale::Scale,
    table::Table,
    terraform::{Cost, Job},
    traces,
};

/// Target of a step; empty if there is none.
struct Wanted {
    wall: &'static str,
    cpu: &'static str,
    provider: &'static str,
}

/// A Terraform run in both folders.
struct Step<'a> {
    command: &'a str,
    head_sha: &'a str,
    parallelism: usize,
    code: i32,
}

const NOTHING: Wanted = Wanted { wall: "", cpu: "", provider: "" };
const CHEAP: Wanted = Wanted { cpu: "10x less", provider: "20x less", ..NOTHING };

/// Terraform's default parallelism.
const USUAL: usize = 10;

/// Measures plan, apply, a plan without changes, a push and destroy.
///
/// # Errors
/// If a step fails, or the two contestants did not create the same number of environments.
pub(crate) fn measure(
    contestants: &Pair<Contestant>,
    cluster: &Cluster,
    scale: &Scale,
    table: &mut Table,
) -> anyhow::Result<()> {
    let run = cluster.installation("life");
    let folders = contestants.try_map(|contestant| Environments::new(contestant, &run, scale.environments))?;
    let run = |step: &Step<'_>| {
        folders.try_map(|folder| {
            let Step { command, head_sha, parallelism, code } = *step;
            let variables = &folder.at(head_sha, cluster.kubeconfig());
            folder.run(&Job { command, parallelism, variables, code })
        })
    };
    let job = |command, head_sha, code| Step { command, head_sha, parallelism: USUAL, code };
    let mut peaks: Pair<u64> = Pair { ours: Some(0), peer: Some(0) };
    let mut step = |what: &str, wanted: &Wanted, job: &Step<'_>, table: &mut Table| -> anyhow::Result<()> {
        let costs = run(job)?;
        peaks = Pair { ours: higher(peaks.ours, costs.ours), peer: higher(peaks.peer, costs.peer) };
        report(what, wanted, &costs, table);
        Ok(())
    };

    step("plan", &CHEAP, &job("plan", COMMIT, 2), table)?;
    step("apply", &Wanted { provider: "10x less", ..NOTHING }, &job("apply", COMMIT, 0), table)?;
    objects(&folders, cluster, table)?;
    step("plan without changes", &CHEAP, &job("plan", COMMIT, 0), table)?;
    step("push", &CHEAP, &job("apply", NEXT_COMMIT, 0), table)?;
    step("destroy", &Wanted { wall: "under 90 s", ..NOTHING }, &job("destroy", NEXT_COMMIT, 0), table)?;

    let wide = |command| Step { parallelism: 30, ..job(command, COMMIT, 0) };
    run(&wide("apply"))?;
    step("destroy at 30", &Wanted { wall: "under 45 s", ..NOTHING }, &wide("destroy"), table)?;
    table.add("provider's peak memory", Unit::Megabytes, "under 20 MB", peaks.map(|&kib| megabytes(kib)));
    Ok(())
}

/// Adds the three costs of one step.
fn report(what: &str, wanted: &Wanted, costs: &Pair<Cost>, table: &mut Table) {
    let seconds = |of: fn(&Cost) -> Duration| costs.map(|cost| of(cost).as_secs_f64());
    table.add(&format!("{what}, wall"), Unit::Seconds, wanted.wall, seconds(|cost| cost.wall));
    table.add(&format!("{what}, CPU in all"), Unit::Seconds, wanted.cpu, seconds(|cost| cost.cpu));
    table.add(
        &format!("{what}, CPU of the provider"),
        Unit::Seconds,
        wanted.provider,
        seconds(|cost| cost.provider.cpu),
    );
}

/// Number of objects of one environment, to compare both contestants.
fn objects(folders: &Pair<Environments>, cluster: &Cluster, table: &mut Table) -> anyhow::Result<()> {
    let counts = folders.try_map(|folder| traces::objects(cluster, &folder.namespaces(), folder.count))?;
    table.add("objects per environment", Unit::Count, "", counts);
    Ok(())
}

fn higher(so_far: Option<u64>, cost: Option<Cost>) -> Option<u64> {
    so_far.zip(cost).map(|(so_far, cost)| so_far.max(cost.provider.peak_kib))
}
