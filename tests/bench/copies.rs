//! Copies of secrets: created by the provider and by a shell script, and refreshes of many copies.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, ensure};
use eod_testkit::{access::Access, fault::FaultProxy, vault::Vault};

use crate::bench::{
    contestant::Contestant,
    measured::{Pair, Unit, megabytes},
    scale::Scale,
    table::Table,
    terraform::{Folder, Job, Variables},
};

/// The secrets of one subtree.
const SECRETS: usize = 20;

/// Measures one copy of a subtree, and the refresh of many.
///
/// # Errors
/// If a step fails.
pub(crate) fn measure(contestants: &Pair<Contestant>, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    let Some(ours) = &contestants.ours else { return Ok(()) };
    let vault = Vault::shared();
    let mount = vault.mount("bench");
    for number in 0..SECRETS {
        vault.put(
            &mount,
            &format!("stage/shop/key-{number:02}"),
            &[("URL", "https://stage.example"), ("KEY", "value")],
        );
    }
    one(ours, vault, &mount, table)?;
    many(ours, vault, &mount, scale.copies, table)
}

/// Measures one subtree: the requests in a run through a proxy, the time in a run without it.
fn one(ours: &Contestant, vault: &Vault, mount: &str, table: &mut Table) -> anyhow::Result<()> {
    let proxy = vault.proxy();
    script(proxy.access(), mount, "counted")?;
    let (script_calls, script_seconds) = (calls(&proxy), seconds(&proxy));
    let begun = Instant::now();
    script(&Access { server: vault.address().to_owned(), ..proxy.access().clone() }, mount, "timed")?;
    let script_wall = begun.elapsed();

    let folder = Folder::new(ours, include_str!("copies.tf"), format!("a copy of {SECRETS} secrets"))?;
    let job = |command, variables| Job { command, parallelism: 10, variables, code: 0 };
    proxy.clear_log();
    let through = variables(&proxy.access().server, vault, mount, 1);
    folder.run(&job("apply", &through))?;
    let (our_calls, our_seconds) = (calls(&proxy), seconds(&proxy));
    folder.run(&job("destroy", &through))?;
    let cost = folder.run(&job("apply", &variables(vault.address(), vault, mount, 1)))?;

    print_calls("a copy of 20 secrets", &our_calls);
    let sum = |calls: &BTreeMap<String, u32>| Some(f64::from(calls.values().sum::<u32>()));
    let of = |what: &str| format!("copy of {SECRETS} secrets, {what}");
    let requests = Pair { ours: sum(&our_calls), peer: sum(&script_calls) };
    table.add(&of("requests (peer: curl script)"), Unit::Count, "3 each, 4 more", requests);
    let walls = Pair { ours: Some(cost.wall.as_secs_f64()), peer: Some(script_wall.as_secs_f64()) };
    table.add(&of("wall, Terraform included"), Unit::Seconds, "", walls);
    let walls = Pair { ours: Some(our_seconds), peer: Some(script_seconds) };
    table.add(&of("from the first request to the last"), Unit::Seconds, "", walls);
    Ok(())
}

/// Counts the requests of a refresh of many subtrees in one state, by kind.
fn many(ours: &Contestant, vault: &Vault, mount: &str, copies: usize, table: &mut Table) -> anyhow::Result<()> {
    let what = format!("{copies} copies of {SECRETS} secrets");
    let folder = Folder::new(ours, include_str!("copies.tf"), what.clone())?;
    let direct = &variables(vault.address(), vault, mount, copies);
    folder.run(&Job { command: "apply", parallelism: 10, variables: direct, code: 0 })?;
    let plan = Job { command: "plan", parallelism: 10, variables: direct, code: 0 };
    let cost = folder.run(&plan)?;
    let proxy = vault.proxy();
    folder.run(&Job { variables: &variables(&proxy.access().server, vault, mount, copies), ..plan })?;
    let calls = calls(&proxy);
    print_calls(&format!("a refresh of {what}"), &calls);
    let values = calls.keys().filter(|kind| kind.contains("/data/")).count();
    ensure!(values == 0, "a refresh has asked for values: {calls:?}");
    let mut add = |what: &str, unit, value| {
        table.add(
            &format!("refresh of {copies} x {SECRETS} copies, {what}"),
            unit,
            "",
            Pair { ours: Some(value), peer: None },
        );
    };
    add("requests", Unit::Count, f64::from(calls.values().sum::<u32>()));
    add("wall", Unit::Seconds, cost.wall.as_secs_f64());
    add("CPU of the provider", Unit::Seconds, cost.provider.cpu.as_secs_f64());
    add("provider's peak memory", Unit::Megabytes, megabytes(cost.provider.peak_kib));
    folder.run(&Job { command: "destroy", ..plan })?;
    Ok(())
}

fn variables(address: &str, vault: &Vault, mount: &str, copies: usize) -> Variables {
    vec![
        ("VAULT_ADDR", address.into()),
        ("VAULT_TOKEN", vault.token().into()),
        ("TF_VAR_mount", mount.into()),
        ("TF_VAR_copies", copies.to_string().into()),
    ]
}

/// Measures the script.
fn script(access: &Access, mount: &str, target: &str) -> anyhow::Result<()> {
    let output = Command::new("sh")
        .args(["-c", include_str!("copies.sh"), "sh", mount, "stage/shop", &format!("preview/{target}")])
        .env("VAULT_ADDR", &access.server)
        .env("VAULT_TOKEN", &access.token)
        .stdin(Stdio::null())
        .output()
        .context("cannot start a shell")?;
    ensure!(output.status.success(), "the script with curl failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Number of calls by kind, without the names of secrets.
fn calls(proxy: &FaultProxy) -> BTreeMap<String, u32> {
    let mut calls = BTreeMap::new();
    for call in proxy.log() {
        let words: Vec<_> = call.path.trim_start_matches("/v1/").split('/').collect();
        let kind = match words.as_slice() {
            ["sys" | "auth", ..] => words.join("/"),
            [_, interface, folder, ..] => format!("*/{interface}/{folder}/*"),
            _ => words.join("/"),
        };
        *calls.entry(format!("{} {kind}", call.method)).or_default() += 1;
    }
    calls
}

/// Duration from the arrival of the first call to the arrival of the last.
fn seconds(proxy: &FaultProxy) -> f64 {
    let log = proxy.log();
    let times = log.first().zip(log.last());
    times.map_or(0.0, |(first, last)| last.at.duration_since(first.at).as_secs_f64())
}

fn print_calls(what: &str, calls: &BTreeMap<String, u32>) {
    println!("calls of {what}:");
    for (call, count) in calls {
        println!("  {count:6} {call}");
    }
}
