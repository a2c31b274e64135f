//! Secrets of a command are in none of its outputs, in no record and in no argument of a process.

use std::fs;

use eod_testkit::{
    cluster::PATIENCE,
    forge::{APP_TOKEN, FakeForge, ForgeDialect, InjectedAnswer},
    wait::wait_until,
};
use serde_json::json;

use super::{forge::ForgeStory, vault::Copies};

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
    check("the records", &records);
    let events = story.ops.cluster.kubectl(&["-n", "default", "get", "events", "-o", "json"]);
    check("the events of the cluster", &events);
    // A configuration with a mistake is refused without its values.
    let canary = json!({ "vault": { "auth": { "token": "canary-value", "approle": 7 } } });
    story.write_config(&app, &canary);
    let refused = story.eod(&["list"]);
    assert_eq!(refused.code, Some(2), "{}", refused.report());
    check("the refused configuration", &refused.report());
}
