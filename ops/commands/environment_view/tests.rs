use clap::Parser as _;
use eod_domain::ledger::{CreateRequest, EndRequest, Transitions};
use eod_domain::{Prices, Tiers};

use super::*;
use crate::arguments::EodCommandLine;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn namespace(annotations: &Value) -> Value {
    let mut all = json!({
        labels::IDENTITY: "github.com/acme/shop#1",
        labels::CREATED_AT: "2026-08-01T08:00:00Z",
        labels::PROVISIONED_AT: "2026-08-01T08:00:10Z",
        labels::LAST_ACTIVITY_AT: "2026-08-01T08:00:00Z",
        labels::EXPIRES_AT: "2026-08-01T12:00:00Z",
        labels::HEAD_SHA: "1111111aaaa",
        labels::OWNER: "alice",
        labels::SPEC: r#"{"services":["api"]}"#,
    });
    for (key, value) in annotations.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({ "metadata": {
        "name": "shop-pr-1", "uid": "u1", "resourceVersion": "7", "creationTimestamp": "2026-08-01T08:00:00Z",
        "labels": {
            labels::MANAGED_BY: "eod", labels::INSTALLATION: "acme", labels::ENV: "shop-pr-1",
            labels::TIER: "lightweight", labels::TTL: "4h",
        },
        "annotations": all,
    } })
}

fn view(annotations: &Value, now: &str) -> EnvironmentView {
    let namespace = namespace(annotations);
    let reading = EnvironmentReading::new(&namespace, None, &Tiers::default(), &Prices::default(), time(now));
    let settings = settings();
    let view = EnvironmentView::living(&namespace, &reading, None, settings.domain.as_ref());
    view.with_arguments(&namespace, &reading, &settings)
}

fn settings() -> OpsSettings {
    let line = EodCommandLine::try_parse_from(["eod", "list"]).unwrap();
    let variables = BTreeMap::from([("EOD_DOMAIN".to_owned(), "preview.acme.internal".to_owned())]);
    OpsSettings::read(&line.common, &variables).unwrap()
}

const NOON: &str = "2026-08-01T09:48:00Z";

#[test]
fn living_environment_has_all_columns() {
    let view = view(&json!({ labels::DEPLOYED_SHA: "2222222" }), NOON);
    assert_eq!(view.commit(), "1111111*");
    assert_eq!(view.runs(), "2222222");
    assert_eq!(view.age(time(NOON)), "1h48m");
    assert_eq!(view.ends(time(NOON)), "in 2h12m");
    assert_eq!(view.cost(), "$2.41");
    assert_eq!(view.url().unwrap(), "https://shop-pr-1.preview.acme.internal");
    let json = view.json();
    assert_eq!(json["hosts"]["api"], "shop-pr-1-api.preview.acme.internal");
    assert_eq!((&json["pull_request"], &json["repository"]), (&json!(1), &json!("acme/shop")));
    assert_eq!((&json["ended_at"], &json["queue"], &json["left"]), (&Value::Null, &Value::Null, &json!([])));
}

#[test]
fn json_has_the_arguments_and_the_complete_sizes() {
    let spec = r#"{"services":["api"],"quota":{"pods":7},"access":[{"kind":"User","name":"alice","role":"view"}]}"#;
    let json = view(&json!({ labels::SPEC: spec }), NOON).json();
    assert_eq!((&json["quota"]["pods"], &json["quota"]["cpu"]), (&json!(7), &json!("2")));
    assert_eq!(json["limits"]["max_cpu"], "2");
    assert_eq!(json["network"]["isolation"], "strict");
    assert_eq!(json["access"][0]["role"], "view");
    assert_eq!(json["services"], json!(["api"]));
    let values = [&json["mesh"], &json["labels"], &json["pod_security"], &json["on_expired"]];
    assert_eq!(values, [&Value::Null, &Value::Null, &json!("baseline"), &json!("keep_absent")]);
    assert!(json["effective_labels"].as_object().unwrap().contains_key(labels::TIER));
}

#[test]
fn environment_without_readable_arguments_has_all_keys() {
    let json = view(&json!({ labels::SPEC: "{" }), NOON).json();
    assert_eq!(json["tier"], "lightweight");
    assert!(json.as_object().unwrap().contains_key("drift"));
    assert!(!json["problems"].as_array().unwrap().is_empty());
}

#[test]
fn same_commit_in_two_lengths_has_no_star() {
    assert_eq!(view(&json!({ labels::DEPLOYED_SHA: "1111111" }), NOON).commit(), "1111111");
}

#[test]
fn end_of_every_kind_has_its_text() {
    let ends = |label: &str, value: &str, annotations: &Value| {
        let mut namespace = namespace(annotations);
        namespace["metadata"]["labels"][label] = value.into();
        let reading = EnvironmentReading::new(
            &namespace,
            None,
            &Tiers::default(),
            &Prices::default(),
            time("2026-08-01T13:00:00Z"),
        );
        EnvironmentView::living(&namespace, &reading, None, None).ends(time("2026-08-01T13:00:00Z"))
    };
    assert_eq!(ends(labels::TIER, "compliance", &json!({})), "awaits approval");
    assert_eq!(ends(labels::TTL, "none", &json!({ labels::EXPIRES_AT: null })), "never");
    assert_eq!(ends(labels::TIER, "full", &json!({ labels::EXPIRES_AT: "2026-08-01T16:12:00Z" })), "in 3h12m");
}

#[test]
fn end_says_protected_now_unreadable_and_the_later_time_of_a_mark() {
    let ends = |annotations: Value, now: &str| view(&annotations, now).ends(time(now));
    assert_eq!(ends(json!({ labels::PROTECTED: "true" }), NOON), "protected");
    assert_eq!(ends(json!({}), "2026-08-01T13:00:00Z"), "now");
    assert_eq!(ends(json!({ labels::EXPIRES_AT: "soon" }), NOON), "unreadable");
    let mark = json!({ labels::REAP_AFTER: "2026-08-01T13:00:00Z", labels::REAP_REASON: "expired" });
    assert_eq!(ends(mark, "2026-08-01T12:30:00Z"), "in 30m");
}

fn request() -> CreateRequest {
    CreateRequest::new("github.com/acme/shop#1", Tier::Full, MadeBy::Terraform, "run")
}

#[test]
fn steps_of_a_running_end_and_the_rest_of_a_destroy_are_wrong_only_after_a_failure() {
    let transitions = Transitions::at(time(NOON));
    let live = transitions.create(None, &request()).unwrap();
    let live = transitions.provisioned(&live, 1, "u1").unwrap();
    let end = EndRequest {
        generation: 1,
        uid: Some("u1".to_owned()),
        reason: EndReason::Destroyed,
        keep_vault: false,
        holder: "terraform".to_owned(),
    };
    let ending = transitions.begin_end(&live, &end).unwrap();
    let view = EnvironmentView::absent("shop-pr-1", &ending, None);
    assert!(!view.left.is_empty() && !view.is_left_wrong, "a running end has steps that are not done yet");
    let mut failed = ending.clone();
    failed.steps.insert(EndStep::Dns, StepOutcome::Failed);
    assert!(EnvironmentView::absent("shop-pr-1", &failed, None).is_left_wrong);
    let mut expired = LedgerHead { phase: LedgerPhase::Ended, reason: Some(EndReason::Expired), ..ending.clone() };
    assert!(EnvironmentView::absent("shop-pr-1", &expired, None).is_left_wrong, "a finished end has left steps");
    expired.steps.clear();
    assert!(!EnvironmentView::absent("shop-pr-1", &expired, None).is_left_wrong);
    let mut ended = transitions.finish_destroy(&ending, 1, "terraform").unwrap();
    let view = EnvironmentView::absent("shop-pr-1", &ended, None);
    assert!(!view.left.is_empty() && !view.is_left_wrong, "{:?}", view.left);
    ended.steps.insert(EndStep::Vault, StepOutcome::Failed);
    assert!(EnvironmentView::absent("shop-pr-1", &ended, None).is_left_wrong);
}

#[test]
fn absent_environments_are_ended_or_queued() {
    let request = request();
    let queued = Transitions::at(time(NOON)).queue(None, &request).unwrap();
    let place = QueuePlace { position: 3, waiting: 5 };
    let view = EnvironmentView::absent("shop-pr-1", &queued, Some(place));
    assert!(view.is_hidden());
    assert_eq!(view.ends(time(NOON)), "queued 3 of 5");
    let ended = LedgerHead { phase: LedgerPhase::Ended, since: time("2026-08-01T07:48:00Z"), ..queued };
    assert_eq!(EnvironmentView::absent("shop-pr-1", &ended, None).ends(time(NOON)), "ended 2h ago");
    assert_eq!(view.json()["queue"], json!({ "position": 3, "waiting": 5 }));
}
