//! `eod` with ten thousand environments: time, memory and calls of a list, of a dry run of the reaper and of a run that ends
//! some of them, beside `kubectl get namespaces` on the same cluster; and its calls to a forge with the limits of GitHub.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use eod_domain::labels;
use eod_testkit::{
    cluster::Cluster,
    command::on_path,
    fault::FaultProxy,
    forge::{FakeForge, ForgeDialect},
    testbed,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{
    contestant::PREFIX,
    measured::{Pair, Unit, megabytes},
    stand_in::{Notes, Order},
    table::Table,
};

/// Number of parallel calls while the environments are created.
const AT_ONCE: usize = 16;
/// Number of objects in a page of a list.
const PAGE: usize = 250;
/// Number of runs of each program; the least CPU time counts.
const RUNS: usize = 3;
/// Numbers of open pull requests at the runs of the reaper within ten minutes.
const OPENED: [u64; 3] = [100, 300, 500];
/// Number of environments that expire.
const EXPIRED: u64 = 5;
const TRIGGER_LABEL: &str = "preview";
const COMMIT: &str = "1111111111111111111111111111111111111111";
/// Number of environments that end in one run among all others.
const ENDED: usize = 30;
/// Maximum number of calls for one end: looks, ledger, namespace, history and Events.
const CALLS_PER_END: usize = 40;
/// Maximum number of other calls of a run: lease, summary and sealing.
const RUN_CALLS: usize = 200;

/// Usage of one process.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_kib: u64,
}

/// Measures `eod` with `count` environments.
///
/// # Errors
/// If a program fails, or does not show all environments.
pub(crate) fn measure(eod: &Path, count: usize, table: &mut Table) -> anyhow::Result<()> {
    let cluster = Cluster::shared();
    forge_calls(eod, cluster, table)?;
    let installation = cluster.installation("fleet");
    eprintln!("bench: {count} environments with their ledgers are created");
    create(eod, cluster, &installation, count)?;
    let ours = |arguments: &[&str]| eod_command(eod, cluster.kubeconfig(), &installation, arguments);
    let (kubectl, part) = kubectl()?;
    let mut get = Command::new(kubectl);
    get.args(part).args(["get", "namespaces", "-o", "json", "--chunk-size", &PAGE.to_string()]);
    get.env("KUBECONFIG", cluster.kubeconfig());
    let peer = least(&mut get)?;
    for (what, arguments) in [
        ("eod list", &["list"][..]),
        ("eod list -o json", &["list", "-o", "json"]),
        ("eod reap --dry-run", &["reap", "--dry-run", "--no-sweep"]),
    ] {
        let cost = least(&mut ours(arguments))?;
        let of = |number: &str| format!("{what}, {count} environments, {number} (peer: kubectl get namespaces)");
        let cpu = |cost: Cost| Some(cost.cpu.as_secs_f64());
        table.add(&of("CPU"), Unit::Seconds, "under 1 s", Pair { ours: cpu(cost), peer: cpu(peer) });
        let wall = |cost: Cost| Some(cost.wall.as_secs_f64());
        table.add(&of("wall"), Unit::Seconds, "", Pair { ours: wall(cost), peer: wall(peer) });
        let memory = |cost: Cost| Some(megabytes(cost.peak_kib));
        table.add(&of("peak memory"), Unit::Megabytes, "under 100 MB", Pair { ours: memory(cost), peer: memory(peer) });
        let proxy = FaultProxy::start(cluster);
        finish(&mut eod_command(eod, proxy.kubeconfig(), &installation, arguments))?;
        let calls = proxy.calls(|_| true);
        let pages = 2 * count.div_ceil(PAGE);
        ensure!(calls >= pages, "{what} made {calls} calls, and the lists have {pages} pages");
        table.add(
            &of("calls (peer: pages of both lists)"),
            Unit::Count,
            "pages",
            Pair { ours: number(calls), peer: number(pages) },
        );
    }
    real_run(eod, cluster, &installation, count, peer, table)
}

/// Measures one run of the reaper that ends [`ENDED`] of all environments.
fn real_run(
    eod: &Path,
    cluster: &'static Cluster,
    installation: &str,
    count: usize,
    peer: Cost,
    table: &mut Table,
) -> anyhow::Result<()> {
    let folder = TempDir::with_prefix("eod-bench-")?;
    let config = folder.path().join("eod.yaml");
    let limits = json!({ "ends_per_run": ENDED, "in_deletion": ENDED });
    std::fs::write(&config, json!({ "version": 1, "reap": limits }).to_string())?;
    let config = config.to_str().context("the path is not UTF-8")?;
    for number in 1..=ENDED {
        expire(cluster, &format!("{PREFIX}{installation}-{number:05}"))?;
    }
    eprintln!("bench: the reaper ends {ENDED} of {count} environments");
    let proxy = FaultProxy::start(cluster);
    let arguments = ["reap", "--no-sweep", "--timeout", "10m", "--config", config];
    let cost = cost(&eod_command(eod, proxy.kubeconfig(), installation, &arguments))?;
    for number in 1..=ENDED {
        let name = format!("{PREFIX}{installation}-{number:05}");
        ensure!(!cluster.namespace_exists(&name), "environment {name} has not ended");
    }
    let what = |number: &str| format!("eod reap, {ENDED} of {count} environments end, {number}");
    let of = |number: &str| what(&format!("{number} (peer: kubectl get namespaces)"));
    let cpu = |cost: Cost| Some(cost.cpu.as_secs_f64());
    table.add(&of("CPU"), Unit::Seconds, "under 2 s", Pair { ours: cpu(cost), peer: cpu(peer) });
    let wall = |cost: Cost| Some(cost.wall.as_secs_f64());
    table.add(&of("wall, with the deletions"), Unit::Seconds, "", Pair { ours: wall(cost), peer: wall(peer) });
    let memory = |cost: Cost| Some(megabytes(cost.peak_kib));
    table.add(&of("peak memory"), Unit::Megabytes, "under 100 MB", Pair { ours: memory(cost), peer: memory(peer) });
    let (calls, pages) = (proxy.calls(|_| true), 2 * count.div_ceil(PAGE));
    ensure!(calls <= pages + ENDED * CALLS_PER_END + RUN_CALLS, "{calls} calls:\n{}", proxy.story());
    let calls = Pair { ours: number(calls), peer: number(pages) };
    table.add(&what("calls (peer: pages of both lists)"), Unit::Count, "pages, and 40 for each end", calls);
    Ok(())
}

fn number(number: usize) -> Option<f64> {
    Some(f64::from(u32::try_from(number).unwrap_or(u32::MAX)))
}

/// Lets an environment be past its end, with a warning that is due.
fn expire(cluster: &Cluster, name: &str) -> anyhow::Result<()> {
    let times = json!({
        labels::LAST_ACTIVITY_AT: ago(300), labels::CREATED_AT: ago(300), labels::EXPIRES_AT: ago(60),
        labels::REAP_AFTER: ago(30), labels::REAP_REASON: "expired",
    });
    let patch = json!({ "metadata": { "annotations": times } });
    let (status, answer) = cluster.call("PATCH", &format!("/api/v1/namespaces/{name}"), Some(&patch));
    ensure!(status == 200, "{answer}");
    Ok(())
}

/// Counts the calls to a forge while 500 pull requests are opened in ten minutes, and while some of them expire.
fn forge_calls(eod: &Path, cluster: &'static Cluster, table: &mut Table) -> anyhow::Result<()> {
    let installation = cluster.installation("bench-forge");
    let forge = FakeForge::start(ForgeDialect::GitHub);
    forge.enforce_limits();
    let folder = TempDir::with_prefix("eod-bench-")?;
    let config = folder.path().join("eod.yaml");
    let block = json!({
        "host": "github.com", "kind": "github", "api": forge.api(), "auth": { "token_env": "FORGE_TOKEN" },
        "trigger_label": TRIGGER_LABEL,
    });
    std::fs::write(&config, json!({ "version": 1, "forges": [block], "reap": { "handover": "1s" } }).to_string())?;
    let config = config.to_str().context("the path is not UTF-8")?;
    let reap = || {
        let mut command = eod_command(eod, cluster.kubeconfig(), &installation, &["reap", "--config", config]);
        command.env("FORGE_TOKEN", "test");
        finish(&mut command)
    };
    let name = |number: u64| format!("{PREFIX}{installation}-{number}");
    let mut opened = 0;
    for until in OPENED {
        eprintln!("bench: the reaper runs with {until} open pull requests");
        for number in opened + 1..=until {
            forge.open(number, COMMIT);
            forge.label(number, TRIGGER_LABEL);
        }
        parallel(usize::try_from(until - opened)?, |index| {
            let number = opened + 1 + index as u64;
            let identity = format!("github.com/acme/shop#{number}");
            post(cluster, "/api/v1/namespaces", &namespace(&name(number), &identity, &installation, 0)).map(drop)
        })?;
        opened = until;
        reap()?;
    }
    let pages: u64 = OPENED.iter().map(|open| open.div_ceil(100)).sum();
    let (calls, writes) = (forge.calls().len(), forge.writes().len());
    let refused = |forge: &FakeForge| forge.calls().iter().filter(|call| call.status >= 400).count();
    ensure!(writes == 0 && refused(&forge) == 0, "{writes} writes and {} refusals without a change", refused(&forge));
    let wanted = Some(f64::from(u32::try_from(pages)?));
    let what = "forge calls, 500 pull requests in ten minutes, 3 runs (peer: pages of the open ones)";
    table.add(what, Unit::Count, "pages", Pair { ours: number(calls), peer: wanted });

    forge.clear_calls();
    for number in 1..=EXPIRED {
        expire(cluster, &name(number))?;
    }
    reap()?;
    let writes = forge.writes().len();
    ensure!(refused(&forge) == 0, "the forge has refused {} calls", refused(&forge));
    let wanted = Some(f64::from(u32::try_from(EXPIRED)?));
    let what = "forge writes, 5 of 500 environments expire (peer: changes)";
    table.add(what, Unit::Count, "one each", Pair { ours: number(writes), peer: wanted });
    Ok(())
}

/// Creates namespaces and ledgers. The first ledger is one of `eod`, the others are copies of it.
fn create(eod: &Path, cluster: &'static Cluster, installation: &str, count: usize) -> anyhow::Result<()> {
    let name = |number: usize| format!("{PREFIX}{installation}-{number:05}");
    let first = name(0);
    let identity = |name: &str| format!("github.com/acme/{name}#7");
    let all = |name: &str| namespace(name, &identity(name), installation, 30);
    let first_uid = post(cluster, "/api/v1/namespaces", &all(&first))?;
    finish(&mut eod_command(eod, cluster.kubeconfig(), installation, &["touch", &first]))?;
    let path = format!("/api/v1/namespaces/{installation}/configmaps");
    let mut ledger = cluster.read(&format!("{path}/{installation}.{first}")).context("there is no ledger")?;
    for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
        let metadata = ledger.get_mut("metadata").and_then(Value::as_object_mut);
        metadata.context("the ledger has no metadata")?.remove(field);
    }
    let ledger = ledger.to_string();
    parallel(count - 1, |index| {
        let name = name(index + 1);
        let uid = post(cluster, "/api/v1/namespaces", &all(&name))?;
        let ledger = ledger.replace(&first, &name).replace(&first_uid, &uid);
        post(cluster, &path, &serde_json::from_str(&ledger)?).map(drop)
    })
}

/// Namespace of an environment that was created and deployed some minutes ago.
fn namespace(name: &str, identity: &str, installation: &str, minutes: i64) -> Value {
    let spec = json!({ "services": ["api", "web"], "owner": "alice", "tier": "lightweight", "ttl": "4h" });
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": name,
        "labels": {
            labels::NAME: labels::NAME_VALUE, labels::INSTANCE: name, labels::MANAGED_BY: labels::MANAGED_BY_VALUE,
            labels::ENV: name, labels::INSTALLATION: installation, labels::TIER: "lightweight", labels::TTL: "4h",
        },
        "annotations": {
            labels::IDENTITY: identity, labels::OWNER: "alice", labels::MADE_BY: "terraform",
            labels::CREATED_AT: ago(minutes), labels::PROVISIONED_AT: ago(minutes),
            labels::LAST_ACTIVITY_AT: ago(minutes), labels::EXPIRES_AT: ago(minutes - 240),
            labels::HEAD_SHA: COMMIT, labels::SPEC: spec.to_string(),
            labels::DEPLOYED_AT: ago(minutes), labels::DEPLOYED_SHA: COMMIT,
        },
    } })
}

#[allow(clippy::disallowed_methods, reason = "the time of a measurement is the machine's")]
fn ago(minutes: i64) -> String {
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_default();
    (now - jiff::SignedDuration::from_mins(minutes)).to_string()
}

/// Creates an object; returns its uid.
fn post(cluster: &Cluster, path: &str, body: &Value) -> anyhow::Result<String> {
    let (status, answer) = cluster.call("POST", path, Some(body));
    ensure!(status == 201, "POST {path}: {status} {answer}");
    let uid = answer.pointer("/metadata/uid").and_then(Value::as_str);
    uid.map(ToOwned::to_owned).with_context(|| format!("POST {path}: the answer has no uid: {answer}"))
}

/// Runs `work` with every number below `count` on some threads.
fn parallel(count: usize, work: impl Fn(usize) -> anyhow::Result<()> + Sync) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let (next, work) = (&next, &work);
    thread::scope(|scope| {
        let worker = || {
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return Ok(());
                    }
                    work(number)?;
                }
            })
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| worker()).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a thread has panicked")))
    })
}

fn eod_command(eod: &Path, kubeconfig: &Path, installation: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(eod);
    command.args(arguments).args(["--installation", installation, "--control-namespace", installation]);
    command.env("KUBECONFIG", kubeconfig);
    command
}

/// Runs a program that has to end with success.
fn finish(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().context("the program cannot be started")?;
    let shown = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {shown}");
    Ok(())
}

/// Runs a program some times. The least of each value counts.
fn least(command: &mut Command) -> anyhow::Result<Cost> {
    let mut least = cost(command)?;
    for _ in 1..RUNS {
        let Cost { wall, cpu, peak_kib } = cost(command)?;
        least = Cost { wall: least.wall.min(wall), cpu: least.cpu.min(cpu), peak_kib: least.peak_kib.min(peak_kib) };
    }
    Ok(least)
}

/// Runs a program below this program, which records what the program has used.
fn cost(command: &Command) -> anyhow::Result<Cost> {
    let notes = TempDir::with_prefix("eod-bench-")?;
    let mut recorded = Command::new(std::env::current_exe()?);
    recorded.args(command.get_args());
    recorded.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    recorded.envs(Order::variables(Path::new(command.get_program()), notes.path()));
    let begun = Instant::now();
    finish(&mut recorded)?;
    let wall = begun.elapsed();
    let Notes { cpu, peak_kib, .. } = Notes::read(notes.path())?;
    Ok(Cost { wall, cpu, peak_kib })
}

/// kubectl, or the binary of the testbed with its part.
fn kubectl() -> anyhow::Result<(PathBuf, Option<&'static str>)> {
    match on_path("kubectl") {
        Some(program) => Ok((program, None)),
        None => Ok((testbed::binary().map_err(anyhow::Error::msg)?.to_owned(), Some("kubectl"))),
    }
}
