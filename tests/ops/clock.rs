//! `eod touch`, `eod extend`, `eod event` and `eod audit`.

use eod_domain::labels;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Ops;

/// An environment of four hours whose last activity was three hours ago.
fn old(ops: &Ops, suffix: &str, tier: &str) -> String {
    ops.environment(
        suffix,
        tier,
        "4h",
        &json!({
            "created-at": ops.minutes(-180), "last-activity-at": ops.minutes(-180), "expires-at": ops.minutes(60),
        }),
    )
}

fn minutes_left(ops: &Ops, name: &str) -> i64 {
    let end: Timestamp = ops.annotation(name, labels::EXPIRES_AT).parse().unwrap();
    end.duration_since(ops.now()).as_mins()
}

#[test]
fn touch_restarts_the_clock_and_records_who() {
    let ops = Ops::new("opstouch");
    let name = old(&ops, "a", "lightweight");
    let said = ops.eod(&["touch", &name]).expect_ok();
    assert!(said.contains("expires at"), "{said}");
    assert!((238..=240).contains(&minutes_left(&ops, &name)));
    // A second activity within five minutes is no second event.
    ops.eod(&["touch", &name]).expect_ok();
    assert_eq!(ops.events(&name), ["activity", "adopted"]);
    let audit = ops.json(0, &["audit", &name]);
    let events = audit["events"].as_array().unwrap();
    let event = events.iter().find(|event| event["event"] == "activity").unwrap();
    assert_eq!(event["by"], "cli");
    assert!(!event["who"].as_str().unwrap().is_empty(), "{event}");
    assert_eq!(event["run"], "https://git.acme.internal/jobs/1");
    assert_eq!(audit["chain"]["not_sealed"], 2);
    // The ledger has everything that history and cost need, although the reaper has not run yet.
    let adopted = events.iter().find(|event| event["event"] == "adopted").unwrap();
    assert!(adopted["details"]["price_micros"].as_str().unwrap().parse::<u64>().unwrap() > 0, "{adopted}");
    assert_eq!(adopted["run"], "https://git.acme.internal/jobs/1");
    let path = format!("/api/v1/namespaces/{0}/configmaps/{0}.{name}", ops.installation);
    let head = ops.cluster.read(&path).unwrap()["metadata"]["annotations"][labels::HEAD].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&head).unwrap()["owner"], "alice");
}

#[test]
fn touch_has_no_effect_in_compliance_and_extend_has() {
    let ops = Ops::new("opsextend");
    let name = old(&ops, "a", "compliance");
    let said = ops.eod(&["touch", &name]).expect_ok();
    assert!(said.contains("no effect in tier compliance"), "{said}");
    assert!((58..=60).contains(&minutes_left(&ops, &name)));
    ops.eod(&["extend", &name, "--reason", "audit on Monday"]).expect_ok();
    assert!((238..=240).contains(&minutes_left(&ops, &name)));
    ops.eod(&["extend", &name, "--reason", "audit on Tuesday", "--by", "2d"]).expect_ok();
    let two_days = SignedDuration::from_hours(48).as_mins();
    assert!((two_days - 2..=two_days).contains(&minutes_left(&ops, &name)));
    let refused = ops.eod(&["extend", &name, "--reason", "x", "--by", "8d"]);
    assert_eq!(refused.code, Some(2), "{}", refused.report());
    assert!(refused.stderr.contains("--by must be at most 7d"), "{}", refused.report());
    assert_eq!(ops.events(&name), ["adopted", "extended", "extended"]);
    let timeline = ops.eod(&["show", &name]).expect_ok();
    assert!(timeline.contains("reason=audit on Tuesday"), "{timeline}");
}

#[test]
fn unreadable_clock_is_never_overwritten() {
    let ops = Ops::new("opsclockbad");
    let name = ops.environment("a", "lightweight", "4h", &json!({ "expires-at": "soon" }));
    for arguments in [&["touch", &name][..], &["extend", &name, "--reason", "x"]] {
        let refused = ops.eod(arguments);
        assert_eq!(refused.code, Some(1), "{}", refused.report());
        assert!(refused.stderr.contains("cannot be read"), "{}", refused.report());
    }
    assert_eq!(ops.annotation(&name, labels::EXPIRES_AT), "soon");
}

#[test]
fn tests_are_activity_and_builds_are_not() {
    let ops = Ops::new("opsevent");
    let name = old(&ops, "a", "lightweight");
    ops.eod(&["event", &name, "build-finished", "--sha", "1a2b3c4", "--at", &ops.minutes(-5)]).expect_ok();
    assert!((58..=60).contains(&minutes_left(&ops, &name)));
    let future = ops.eod(&["event", &name, "tests-finished", "--at", &ops.minutes(5)]);
    assert_eq!(future.code, Some(2), "{}", future.report());
    assert!((58..=60).contains(&minutes_left(&ops, &name)), "refused before the clock is restarted");
    ops.eod(&["event", &name, "tests-finished", "--run-url", "https://ci.acme.internal/9"]).expect_ok();
    assert!((238..=240).contains(&minutes_left(&ops, &name)));
    let audit = ops.json(0, &["audit", &name]);
    let events = audit["events"].as_array().unwrap();
    assert_eq!(events[0]["event"], "build-finished", "in the order of their times");
    assert_eq!(events[0]["details"]["sha"], "1a2b3c4");
    let tests = events.iter().find(|event| event["event"] == "tests-finished").unwrap();
    assert_eq!(tests["run"], "https://ci.acme.internal/9");
    assert_eq!(ops.eod(&["event", &name, "requested", "--at", &ops.minutes(5)]).code, Some(2));
}

#[test]
fn changed_ledger_is_found_by_audit() {
    let ops = Ops::new("opsaudit");
    let name = old(&ops, "a", "lightweight");
    ops.eod(&["touch", &name]).expect_ok();
    let path = format!("/api/v1/namespaces/{0}/configmaps/{0}.{name}", ops.installation);
    let patch = json!({ "data": { "events": "{}\n" } });
    assert_eq!(ops.cluster.call("PATCH", &path, Some(&patch)).0, 200);
    let audit = ops.eod(&["audit", &name]);
    assert_eq!(audit.code, Some(3), "{}", audit.report());
    assert!(audit.stderr.contains("is broken"), "{}", audit.report());
}

#[test]
fn ledger_that_fills_is_flagged_then_refuses_events_until_the_reaper_has_sealed_it() {
    let ops = Ops::new("opsfull");
    let name = old(&ops, "a", "lightweight");
    ops.eod(&["touch", &name]).expect_ok();
    let path = format!("/api/v1/namespaces/{0}/configmaps/{0}.{name}", ops.installation);
    let text = "x".repeat(250);
    let details: serde_json::Map<String, Value> =
        (0..7).map(|number| (format!("detail-{number}"), json!(text.as_str()))).collect();
    let event = json!({ "t": ops.minutes(-1), "g": 1, "e": "build-started", "by": "cli", "d": details }).to_string();
    let fill = |numbers: std::ops::Range<u32>| {
        let loose: serde_json::Map<String, Value> =
            numbers.map(|number| (format!("loose.1-{number:016x}"), json!(event.as_str()))).collect();
        assert_eq!(ops.cluster.call("PATCH", &path, Some(&json!({ "data": loose }))).0, 200);
    };
    let flag = || ops.cluster.read(&path).unwrap()["metadata"]["annotations"][labels::UNSEALED].clone();
    let record = || ops.eod(&["event", &name, "build-finished"]);
    fill(0..200);
    record().expect_ok();
    assert!(flag().as_str().is_some_and(|percent| percent.parse::<u32>().unwrap() >= 50), "{}", flag());
    fill(200..300);
    let refused = record();
    assert_eq!(refused.code, Some(1), "{}", refused.report());
    assert!(refused.stderr.contains("is full") && refused.stderr.contains("eod reap"), "{}", refused.report());
    ops.eod(&["reap"]).expect_ok();
    assert!(flag().is_null(), "it is sealed");
    record().expect_ok();
    ops.eod(&["audit", &name]).expect_ok();
}
