use serde_json::json;

use super::*;
use crate::ledger::{CreateRequest, EndRequest, Transitions};

const CREATED: &str = "2026-03-01T12:00:00Z";

fn now() -> Timestamp {
    "2026-03-01T13:00:00Z".parse().unwrap()
}

fn namespace(labels: &Value, annotations: &Value) -> Value {
    let mut all = json!({
        "app.kubernetes.io/managed-by": "eod",
        "environment.on-demand/installation": "acme",
        "environment.on-demand/tier": "full",
        "environment.on-demand/ttl": "24h",
    });
    let mut notes = json!({
        "environment.on-demand/identity": "github.com/acme/shop#7",
        "environment.on-demand/created-at": CREATED,
        "environment.on-demand/provisioned-at": CREATED,
        "environment.on-demand/spec": "{\"quota\":{\"cpu\":\"1\"}}",
    });
    for (target, source) in [(&mut all, labels), (&mut notes, annotations)] {
        for (key, value) in source.as_object().unwrap() {
            target[format!("environment.on-demand/{key}")] = value.clone();
        }
        target.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    }
    json!({ "metadata": {
        "name": "shop-pr-7", "uid": "u1", "resourceVersion": "5", "creationTimestamp": CREATED,
        "labels": all, "annotations": notes,
    } })
}

fn read(namespace: &Value, head: Option<&LedgerHead>) -> EnvironmentReading {
    EnvironmentReading::new(namespace, head, &Tiers::default(), &Prices::default(), now())
}

fn live() -> LedgerHead {
    let request = CreateRequest::new("github.com/acme/shop#7", Tier::Full, MadeBy::Terraform, "run");
    let creating = Transitions::at(now()).create(None, &request).unwrap();
    Transitions::at(now()).provisioned(&creating, 1, "u1").unwrap()
}

#[test]
fn a_complete_environment_is_read_without_problems() {
    let reading = read(&namespace(&json!({}), &json!({})), Some(&live()));
    assert_eq!(reading.problems, []);
    assert_eq!(
        (reading.name.as_str(), reading.uid.as_str(), reading.resource_version.as_str()),
        ("shop-pr-7", "u1", "5")
    );
    assert_eq!(reading.identity.as_ref().unwrap().to_string(), "acme/shop #7");
    assert_eq!(
        (reading.tier, reading.generation, reading.installation.as_deref()),
        (Some(Tier::Full), 1, Some("acme"))
    );
    assert_eq!(reading.expires_at().unwrap().to_string(), "2026-03-02T12:00:00Z");
    assert_eq!(reading.status, Status::Ready);
    assert_eq!(reading.cost_per_day.unwrap().to_string(), "1.94");
    assert!(reading.provisioned && !reading.protected && !reading.terminating && !reading.asleep);
}

#[test]
fn a_rendered_environment_needs_no_provisioned_at() {
    let rendered = json!({ "made-by": "argocd", "provisioned-at": null, "created-at": null });
    let reading = read(&namespace(&json!({}), &rendered), None);
    assert_eq!((reading.made_by, reading.status), (Some(MadeBy::Argocd), Status::Ready));
    let interrupted = json!({ "made-by": "terraform", "provisioned-at": null });
    assert_eq!(read(&namespace(&json!({}), &interrupted), None).status, Status::Pending);
}

#[test]
fn the_ttl_of_the_tier_is_used_if_the_label_is_missing() {
    let reading = read(&namespace(&json!({ "ttl": null }), &json!({})), None);
    assert_eq!(reading.ttl().unwrap().to_string(), "24h");
    assert_eq!(reading.expires_at().unwrap().to_string(), "2026-03-02T12:00:00Z");
    let idle = EnvironmentReading::new(
        &namespace(&json!({ "ttl": null }), &json!({})),
        None,
        &Tiers::default(),
        &Prices::default(),
        "2026-03-02T00:00:00Z".parse().unwrap(),
    );
    assert_eq!(idle.status, Status::Idle);
}

#[test]
fn a_missing_time_and_an_unreadable_time_are_different() {
    let missing = read(&namespace(&json!({}), &json!({ "last-activity-at": null })), None);
    assert_eq!((missing.problems.len(), missing.expires_at().is_some()), (0, true));
    let unreadable = read(&namespace(&json!({}), &json!({ "last-activity-at": "soon" })), None);
    assert!(matches!(unreadable.problems[..], [ReadingProblem::Time(ExpiryError::Time { .. })]));
    assert_eq!(unreadable.expires_at(), None);
}

#[test]
fn damaged_values_are_problems_that_name_their_key() {
    for (labels, annotations, part) in [
        (json!({ "installation": null }), json!({}), "ownership labels"),
        (json!({ "tier": "huge" }), json!({}), "environment.on-demand/tier"),
        (json!({ "tier": null }), json!({}), "environment.on-demand/tier"),
        (json!({ "ttl": "long" }), json!({}), "environment.on-demand/ttl"),
        (json!({}), json!({ "identity": null }), "environment.on-demand/identity"),
        (json!({}), json!({ "identity": "x" }), "environment.on-demand/identity"),
        (json!({}), json!({ "protected": "yes" }), "environment.on-demand/protected"),
        (json!({}), json!({ "made-by": "helm" }), "environment.on-demand/made-by"),
        (json!({}), json!({ "spec": "{" }), "environment.on-demand/spec"),
        (json!({}), json!({ "reap-after": "soon", "reap-reason": "closed" }), "environment.on-demand/reap-after"),
        (json!({}), json!({ "reap-after": CREATED }), "environment.on-demand/reap-reason"),
        (json!({}), json!({ "reap-after": CREATED, "reap-reason": "x" }), "environment.on-demand/reap-reason"),
        (json!({}), json!({ "approved": "{}" }), "environment.on-demand/approved"),
        (json!({}), json!({ "head-sha": "main" }), "environment.on-demand/head-sha"),
        (json!({}), json!({ "deployed-at": "now" }), "environment.on-demand/deployed-at"),
    ] {
        let reading = read(&namespace(&labels, &annotations), None);
        let [problem] = &reading.problems[..] else { panic!("{labels} {annotations}: {:?}", reading.problems) };
        assert!(problem.to_string().contains(part), "{problem}");
    }
    let other = LedgerHead { identity: "github.com/other/shop#7".to_owned(), ..live() };
    let reading = read(&namespace(&json!({}), &json!({})), Some(&other));
    assert_eq!(reading.problems, [ReadingProblem::OtherLedger("github.com/other/shop#7".to_owned())]);
    let tombstone = LedgerHead { phase: LedgerPhase::Ended, ..other };
    let reading = read(&namespace(&json!({}), &json!({})), Some(&tombstone));
    assert_eq!((reading.problems.len(), reading.generation), (0, 0), "the tombstone of another identity is ignored");
    assert_eq!(reading.own_head(Some(&tombstone)), None);
    assert_eq!(read(&json!({}), None).status, Status::Pending, "an empty object does not panic");
}

#[test]
fn deployment_failure_and_protection_decide_about_the_status() {
    for (annotations, status) in [
        (json!({ "deployed-at": CREATED, "deployed-sha": "0123456" }), Status::Active),
        (json!({ "deployed-at": CREATED, "failing": "CrashLoopBackOff: Deployment/web" }), Status::Failed),
        (json!({ "provisioned-at": null, "failing": "quota" }), Status::Failed),
        (json!({ "expires-at": "2026-03-01T14:00:00Z" }), Status::Expiring),
        (json!({ "expires-at": "2026-03-01T14:00:00Z", "protected": "true" }), Status::Ready),
    ] {
        assert_eq!(read(&namespace(&json!({}), &annotations), None).status, status, "{annotations}");
    }
    let staging = read(&namespace(&json!({ "tier": "staging", "ttl": "none" }), &json!({ "protected": null })), None);
    assert!(staging.protected && staging.is_permanent());
    assert_eq!((staging.expires_at(), staging.times.expiry.clone()), (None, Expiry::Never));
}

#[test]
fn an_environment_is_gone_while_its_end_is_running() {
    let request = EndRequest {
        generation: 1,
        uid: Some("u1".to_owned()),
        reason: EndReason::Expired,
        keep_vault: false,
        holder: "reaper".to_owned(),
    };
    let ending = Transitions::at(now()).begin_end(&live(), &request).unwrap();
    assert_eq!(read(&namespace(&json!({}), &json!({})), Some(&ending)).status, Status::Destroyed);
    let successor = LedgerHead { uid: Some("u0".to_owned()), ..ending };
    assert_eq!(read(&namespace(&json!({}), &json!({})), Some(&successor)).status, Status::Ready);
}

#[test]
fn an_approval_is_valid_for_one_end_in_one_generation() {
    let approved = |expires_at: &str, generation: u64| {
        let approval = json!({ "by": "alice", "at": CREATED, "expires_at": expires_at, "generation": generation });
        let annotations = json!({ "approved": approval.to_string() });
        read(&namespace(&json!({}), &annotations), Some(&live())).is_approved()
    };
    assert!(approved("2026-03-02T12:00:00Z", 1));
    assert!(!approved("2026-03-02T12:00:01Z", 1));
    assert!(!approved("2026-03-02T12:00:00Z", 2));
    assert!(!read(&namespace(&json!({}), &json!({})), Some(&live())).is_approved());
}

#[test]
fn a_mark_is_written_and_read_again() {
    let mark = EndMark { reap_after: now(), reason: EndReason::BranchDeleted };
    let written = mark_annotations(Some(mark));
    let annotations: serde_json::Map<String, Value> = written
        .into_iter()
        .map(|(key, value)| (key.trim_start_matches("environment.on-demand/").to_owned(), json!(value)))
        .collect();
    assert_eq!(read(&namespace(&json!({}), &Value::Object(annotations)), None).mark, Some(mark));
    assert!(mark_annotations(None).values().all(Option::is_none));
}
