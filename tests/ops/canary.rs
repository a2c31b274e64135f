//! Secrets of a command are in none of its outputs and files, in no record and in no argument of a process.

use std::{
    fs,
    process::{Command, Stdio},
};

use eod_testkit::{
    access::Access,
    cluster::PATIENCE,
    fault::{Fault, FaultProxy},
    forge::{APP_TOKEN, FakeForge, ForgeDialect, InjectedAnswer},
    wait::wait_until,
};
use serde_json::json;

use super::{forge::ForgeStory, vault::Copies};

/// Everything that others can read of a process, except its environment: arguments, name, status and open files.
fn visible_process(pid: u32) -> String {
    let folder = format!("/proc/{pid}");
    let texts = ["cmdline", "comm", "status", "stat"].map(|file| fs::read(format!("{folder}/{file}")).unwrap());
    let texts = texts.iter().map(|text| String::from_utf8_lossy(text).into_owned());
    let files = fs::read_dir(format!("{folder}/fd")).unwrap();
    let files = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok()).map(|path| path.display().to_string());
    texts.chain(files).collect::<Vec<_>>().join("\n")
}

/// Arguments of all processes of the machine.
fn all_arguments() -> String {
    let processes = fs::read_dir("/proc").unwrap();
    let arguments = processes.filter_map(|process| fs::read(process.ok()?.path().join("cmdline")).ok());
    arguments.map(|text| String::from_utf8_lossy(&text).replace('\0', " ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_command_shows_a_secret() {
    let (story, copies) = (ForgeStory::new("opscanary", ForgeDialect::GitHub), Copies::new("opscanary"));
    let key = FakeForge::app_key();
    let key_file = story.path("key.pem");
    fs::write(&key_file, &key).unwrap();
    let app = json!({ "app": { "id": "Iv1.canary", "installation": 7, "private_key_file": key_file } });
    let vault = copies.block(copies.address(), copies.ca_pem());
    story.write_config(&app, &json!({ "vault": vault }));
    for number in 1..=2 {
        story.forge.open(number, "1111111");
        story.forge.label(number, "preview");
    }
    let (name, other) = (story.environment("a", "#1", &json!({})), story.environment("b", "#2", &json!({})));
    copies.add(&format!("preview/{name}"), &name, &story.ops.installation);

    // Two lines of the key itself: the first one is equal for all keys of its kind.
    let lines: Vec<&str> = key.lines().collect();
    let secrets = [lines[2], lines[10], APP_TOKEN, copies.token(), story.ops.cluster.token(), "canary-value"];
    let check = |what: &str, text: &str| {
        for secret in secrets {
            assert!(!text.contains(secret), "a secret is in {what}:\n{text}");
        }
    };
    let commands: [&[&str]; 15] = [
        &["list", "--all", "--wide"],
        &["list", "-o", "json"],
        &["show", &name],
        &["show", &name, "-o", "json"],
        &["touch", &name],
        &["event", &name, "tests-finished"],
        &["extend", &name, "--reason", "test"],
        &["sleep", &name],
        &["wake", &name],
        &["audit", &name],
        &["approve", &name],
        &["doctor", "rights"],
        &["doctor", "namespace", &name],
        &["reap"],
        &["end", &name, "--yes"],
    ];
    for command in commands {
        let finished = story.eod(&[command, &["--log-format", "json"]].concat());
        check(&format!("{command:?}"), &finished.report());
    }
    wait_until("the copy to end with its environment", PATIENCE, || {
        let run = story.eod(&["reap"]);
        check("the reaper", &run.report());
        if copies.exists(&format!("preview/{name}")) { Err(run.report()) } else { Ok(()) }
    });
    // A process that has read all its secrets, and waits for the answer of the forge.
    let forge = Access { server: story.forge.api().to_owned(), ca_pem: None, token: String::new() };
    let proxy = FaultProxy::in_front_of(&forge);
    proxy.rule(|call| call.path.ends_with("/pulls"), usize::MAX, Fault::Hang);
    story.write_config_for(&proxy.access().server, &app, &json!({ "vault": vault }));
    let metrics = story.path("metrics.prom");
    let mut running = Command::new(env!("CARGO_BIN_EXE_eod"));
    running.args(["reap", "--config", &story.config(), "--metrics-file", &metrics, "--yes"]);
    running.args(["--installation", &story.ops.installation, "--control-namespace", &story.ops.installation]);
    running.env_clear().env("KUBECONFIG", story.ops.cluster.kubeconfig());
    let mut running = running.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the process to wait for the forge", PATIENCE, || {
        if proxy.calls(|call| call.spoiled) > 0 { Ok(()) } else { Err(proxy.story()) }
    });
    let process = visible_process(running.id());
    assert!(process.contains("--metrics-file"), "{process}");
    check("the running process", &process);
    check("the arguments of a process", &all_arguments());
    running.kill().unwrap();
    running.wait().unwrap();
    // The lease of the killed process.
    let lease = format!("eod-reaper-{}", story.ops.installation);
    let lease = story.ops.cluster.kubectl(&["-n", &story.ops.installation, "get", "lease", &lease, "-o", "json"]);
    assert!(lease.contains("holderIdentity"), "{lease}");
    check("the lease", &lease);
    story.ops.cluster.kubectl(&["-n", &story.ops.installation, "delete", "leases", "--all"]);
    story.write_config(&app, &json!({ "vault": vault }));
    check("a run with metrics", &story.eod(&["reap", "--metrics-file", &metrics]).report());
    let metrics = fs::read_to_string(&metrics).unwrap();
    assert!(metrics.contains("eod_reaper_"), "{metrics}");
    check("the metrics", &metrics);

    // Every server refuses: errors show the request, but no credential.
    story.forge.inject(|_, _| true, usize::MAX, InjectedAnswer::refusal(401, "Bad credentials"));
    let broken = copies.block("http://127.0.0.1:1", None);
    story.write_config(&app, &json!({ "vault": broken }));
    for command in [&["reap"][..], &["show", &other], &["sleep", &other]] {
        let finished = story.eod(&[command, &["--log-format", "json"]].concat());
        assert!(finished.stderr.contains("Bad credentials"), "{}", finished.report());
        check(&format!("{command:?}"), &finished.report());
    }
    let records = story.ops.cluster.kubectl(&["-n", &story.ops.installation, "get", "configmaps,leases", "-o", "json"]);
    assert!(records.contains(&format!("{}.reaper", story.ops.installation)), "{records}");
    check("the records", &records);
    let events = story.ops.cluster.kubectl(&["-n", "default", "get", "events", "-o", "json"]);
    assert!(events.contains(&name), "{events}");
    check("the events of the cluster", &events);
    // A configuration with a mistake is refused without its values.
    let canary = json!({ "vault": { "auth": { "token": "canary-value", "approle": 7 } } });
    story.write_config(&app, &canary);
    let refused = story.eod(&["list"]);
    assert_eq!(refused.code, Some(2), "{}", refused.report());
    check("the refused configuration", &refused.report());
}
