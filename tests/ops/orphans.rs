//! Things that an end has left, and the breaker for ends that nobody was warned of.

use eod_testkit::forge::ForgeDialect;
use serde_json::{Value, json};

use super::Ops;
use super::forge::{FIRST, ForgeStory};
use super::vault::Copies;

/// Lets time pass for the summary of the reaper: every time in it is two hours earlier.
fn two_hours_later(ops: &Ops) {
    let path = format!("/api/v1/namespaces/{0}/configmaps/{0}.reaper", ops.installation);
    let object = ops.cluster.read(&path).unwrap();
    let mut summary: Value = serde_json::from_str(object["data"]["text"].as_str().unwrap()).unwrap();
    let earlier = ops.minutes(-120);
    summary["swept_at"] = earlier.as_str().into();
    for sighting in summary["sightings"].as_object_mut().unwrap().values_mut() {
        sighting["first"] = earlier.as_str().into();
    }
    let patch = json!({ "data": { "text": summary.to_string() } });
    assert_eq!(ops.cluster.call("PATCH", &path, Some(&patch)).0, 200);
}

#[test]
fn orphan_is_removed_after_two_sightings_an_hour_apart() {
    let (ops, copies) = (Ops::new("opsorphan"), Copies::new("opsorphan"));
    let ended = ops.environment("pr-1", "lightweight", "4h", &json!({}));
    let alike = ops.environment("pr-12", "lightweight", "4h", &json!({}));
    // Ended without Vault in the configuration, so the end knows of no copy.
    ops.eod(&["end", &ended, "--yes"]).expect_ok();
    let path = |name: &str| format!("preview/{name}/app");
    copies.add(&path(&ended), &ended, &ops.installation);
    copies.add(&path(&alike), &alike, &ops.installation);
    copies.add("preview/foreign/app", &ended, "another-installation");
    let config = copies.config();
    let reap = |code: i32| ops.json(code, &["reap", "--config", &config]);
    let first = reap(0);
    assert_eq!(first["orphans"], json!({ "vault": 1 }), "{first:#}");
    assert!(!first["actions"].to_string().contains("remove-orphan"), "{first:#}");
    // Within the hour nothing is searched again.
    assert_eq!(reap(0)["orphans"], json!({}));
    assert!(copies.exists(&path(&ended)));
    two_hours_later(&ops);
    let run = reap(0);
    assert_eq!(run["actions"][0]["action"], "remove-orphan", "{run:#}");
    assert!(!copies.exists(&path(&ended)), "{run:#}");
    assert!(copies.exists(&path(&alike)) && copies.exists("preview/foreign/app"));
}

#[test]
fn breaker_stops_ends_without_a_warning_until_a_person_accepts_them() {
    let story = ForgeStory::new("opsbreaker", ForgeDialect::GitHub);
    let auth = json!({ "token_file": story.path("token") });
    let breakers = json!({ "count": 1, "percent": 20, "minimum": 1 });
    story.write_config(&auth, &json!({ "reap": { "handover": "1s", "breakers": breakers } }));
    let mark = json!({ "reap-after": story.ops.minutes(-5), "reap-reason": "closed" });
    let names: Vec<String> = (1..=2)
        .map(|number| {
            story.forge.open(number, FIRST);
            story.forge.set_open(number, false);
            story.environment(&format!("e{number}"), &format!("#{number}"), &mark)
        })
        .collect();
    let stopped = story.eod(&["reap"]);
    assert_eq!(stopped.code, Some(4), "{}", stopped.report());
    assert!(stopped.stderr.contains("eod reap --accept 2"), "{}", stopped.report());
    assert!(names.iter().all(|name| story.ops.cluster.namespace_exists(name)));
    let accepted = story.eod(&["reap", "--accept", "2"]);
    assert_eq!(accepted.code, Some(0), "{}", accepted.report());
    assert!(names.iter().all(|name| !story.ops.cluster.namespace_exists(name)), "{}", accepted.report());
}
