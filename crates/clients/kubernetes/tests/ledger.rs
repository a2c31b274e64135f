//! Requests and failures of the ledger store, and the time of the server. The stories have a real API server.

use eod_domain::{
    EnvironmentName, Tier, labels,
    ledger::{
        Actor, CreateRequest, EndReason, Event, EventKind, HISTORY_BYTES_MAX, HistoryRow, LedgerHead, MadeBy,
        Transitions,
    },
};
use serde_json::{Value, json};

use super::fake::{FakeApiServer, Reply, deadline, not_found, status};
use crate::ErrorKind;
use crate::kubernetes::{HistoryProblem, LedgerConfigMaps, LedgerProblem};

const HEAD_PATH: &str = "/api/v1/namespaces/eod-system/configmaps/acme.shop-pr-1";

fn environment() -> EnvironmentName {
    "shop-pr-1".parse().unwrap()
}

fn head() -> LedgerHead {
    let request = CreateRequest::new("github.com/acme/shop#1", Tier::Full, MadeBy::Terraform, "run-1");
    Transitions::at("2026-08-01T10:00:00Z".parse().unwrap()).create(None, &request).unwrap()
}

fn event() -> Event {
    Event::new("2026-08-01T10:00:00Z".parse().unwrap(), 1, EventKind::CreateStarted, Actor::Terraform)
}

fn ledgers(fake: &FakeApiServer) -> LedgerConfigMaps {
    LedgerConfigMaps::new(fake.client(), "eod-system", "acme".parse().unwrap(), "eod")
}

/// A ConfigMap as the server returns it, from the body of a create.
fn stored(body: &Value) -> Value {
    let mut object = body.clone();
    object["metadata"]["uid"] = "u1".into();
    object["metadata"]["resourceVersion"] = "7".into();
    object
}

#[tokio::test]
async fn create_writes_labels_head_and_event_in_one_request() {
    let fake = FakeApiServer::new(|_, seen| Reply::Json(201, stored(&seen.body)));
    let ledger = ledgers(&fake).create(&environment(), &head(), &[event()], &deadline(60)).await.unwrap();
    assert_eq!((ledger.uid.as_str(), ledger.resource_version.as_str()), ("u1", "7"));
    assert_eq!(ledger.head.unwrap(), head());
    assert_eq!(ledger.loose[0].event, event());
    let log = fake.log();
    assert_eq!(fake.lines(), ["POST /api/v1/namespaces/eod-system/configmaps"]);
    let written = &log[0].body["metadata"]["labels"];
    assert_eq!(written[labels::MANAGED_BY], "eod");
    assert_eq!(written[labels::INSTALLATION], "acme");
    assert_eq!(written[labels::ENV], "shop-pr-1");
    assert_eq!(written[labels::LEDGER], "environment");
}

#[tokio::test]
async fn missing_control_namespace_is_created() {
    let missing = || {
        Reply::Json(
            404,
            json!({ "kind": "Status", "code": 404, "reason": "NotFound", "message": "namespaces \"eod-system\" not found",
                "details": { "name": "eod-system", "kind": "namespaces" } }),
        )
    };
    let fake = FakeApiServer::new(move |number, seen| match number {
        0 => missing(),
        1 => status(409, "AlreadyExists", "another run was faster"),
        _ => Reply::Json(201, stored(&seen.body)),
    });
    ledgers(&fake).create(&environment(), &head(), &[], &deadline(60)).await.unwrap();
    let posts = ["POST /api/v1/namespaces/eod-system/configmaps", "POST /api/v1/namespaces"];
    assert_eq!(fake.lines(), [posts[0], posts[1], posts[0]]);
    let written = fake.log()[1].body["metadata"]["labels"].clone();
    assert_eq!(written, json!({ "app.kubernetes.io/part-of": "eod" }), "no ownership labels of an environment");
}

#[tokio::test(start_paused = true)]
async fn lost_response_of_a_stored_write_is_a_success() {
    let fake = FakeApiServer::new(|_, seen| match seen.method.as_str() {
        "POST" => Reply::Break,
        _ => not_found("acme.shop-pr-1"),
    });
    let error = ledgers(&fake).create(&environment(), &head(), &[], &deadline(60)).await.unwrap_err();
    assert!(error.outcome_unknown(), "not stored");

    let body = std::sync::Arc::new(std::sync::Mutex::new(Value::Null));
    let fake = FakeApiServer::new(move |_, seen| match seen.method.as_str() {
        "POST" => {
            *body.lock().unwrap() = stored(&seen.body);
            Reply::Break
        }
        _ => Reply::Json(200, body.lock().unwrap().clone()),
    });
    ledgers(&fake).create(&environment(), &head(), &[event()], &deadline(60)).await.unwrap();
    assert_eq!(fake.lines(), ["POST /api/v1/namespaces/eod-system/configmaps".to_owned(), format!("GET {HEAD_PATH}")]);
}

#[tokio::test(start_paused = true)]
async fn lost_response_of_another_write_stays_a_conflict() {
    let foreign = stored(&json!({ "metadata": { "name": "acme.shop-pr-1" }, "data": {} }));
    let fake = FakeApiServer::new(move |number, seen| match (number, seen.method.as_str()) {
        (0, _) => Reply::Break,
        (_, "PATCH") => status(409, "Conflict", "the object has been modified"),
        _ => Reply::Json(200, foreign.clone()),
    });
    let error = ledgers(&fake).replace(&environment(), "7", &head(), &[event()], &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
}

#[tokio::test]
async fn replace_sends_the_resource_version_and_append_does_not() {
    let fake = FakeApiServer::new(|_, seen| Reply::Json(200, stored(&seen.body)));
    ledgers(&fake).replace(&environment(), "7", &head(), &[], &deadline(60)).await.unwrap();
    ledgers(&fake).append(&environment(), &[event()], &deadline(60)).await.unwrap();
    let log = fake.log();
    assert_eq!(fake.lines(), [format!("PATCH {HEAD_PATH}"), format!("PATCH {HEAD_PATH}")]);
    assert_eq!(log[0].body["metadata"]["resourceVersion"], "7");
    assert_eq!(log[1].body.as_object().unwrap().keys().collect::<Vec<_>>(), ["data"]);
    assert_eq!(log[1].header("content-type"), "application/merge-patch+json");
    let key = log[1].body["data"].as_object().unwrap().keys().next().unwrap().clone();
    assert!(key.starts_with("loose.1785578400000-"), "{key}");
}

#[tokio::test]
async fn ledger_without_its_labels_is_foreign_and_an_unreadable_event_is_reported() {
    let text = head().to_json().unwrap();
    let fake = FakeApiServer::new(move |number, _| {
        let mut object = stored(&json!({
            "metadata": { "name": "acme.shop-pr-1", "annotations": { labels::HEAD: text } },
            "data": { "events": "", "loose.1-a": "{", "note": "by hand" },
        }));
        if number > 0 {
            object["metadata"]["labels"] = json!({
                labels::MANAGED_BY: "eod", labels::INSTALLATION: "acme", labels::ENV: "shop-pr-1", labels::LEDGER: "environment",
            });
        }
        if number > 1 {
            object["metadata"]["annotations"] = Value::Null;
        }
        Reply::Json(200, object)
    });
    let ledgers = ledgers(&fake);
    let foreign = ledgers.get(&environment(), &deadline(60)).await.unwrap().unwrap();
    assert!(matches!(foreign.head, Err(LedgerProblem::Foreign)));
    let ours = ledgers.get(&environment(), &deadline(60)).await.unwrap().unwrap();
    assert_eq!(ours.head.unwrap(), head());
    assert_eq!(ours.unreadable[0].key, "loose.1-a");
    let empty = ledgers.get(&environment(), &deadline(60)).await.unwrap().unwrap();
    assert!(matches!(empty.head, Err(LedgerProblem::NoHead)));
}

#[tokio::test]
async fn heads_are_listed_page_by_page_without_data() {
    let item = |name: &str, head: &str| {
        json!({ "metadata": { "name": format!("acme.{name}"), "uid": "u", "resourceVersion": "1",
            "labels": { labels::MANAGED_BY: "eod", labels::INSTALLATION: "acme", labels::ENV: name, labels::LEDGER: "environment" },
            "annotations": { labels::HEAD: head } } })
    };
    let text = head().to_json().unwrap();
    let fake = FakeApiServer::new(move |number, _| {
        let (items, next) = if number == 0 {
            (vec![item("shop-pr-1", &text)], Value::from("t1"))
        } else {
            (vec![item("shop-pr-2", "{}")], Value::Null)
        };
        let metadata = json!({ "continue": next });
        Reply::Json(200, json!({ "kind": "PartialObjectMetadataList", "metadata": metadata, "items": items }))
    });
    let ledgers = ledgers(&fake);
    let first = ledgers.heads(None, &deadline(60)).await.unwrap();
    assert_eq!(first.heads[0].environment, "shop-pr-1");
    assert_eq!(*first.heads[0].head.as_ref().unwrap(), head());
    let second = ledgers.heads(first.next.as_deref(), &deadline(60)).await.unwrap();
    assert!(matches!(second.heads[0].head, Err(LedgerProblem::Head(_))));
    assert_eq!(second.next, None);
    let log = fake.log();
    assert_eq!(log.len(), 2);
    assert!(log[0].header("accept").starts_with("application/json;as=PartialObjectMetadataList"));
    assert!(log[1].query.ends_with("&continue=t1"), "{}", log[1].query);
}

#[tokio::test]
async fn text_is_created_without_and_replaced_with_a_version() {
    let fake = FakeApiServer::new(|_, seen| match seen.method.as_str() {
        "GET" => Reply::Json(
            200,
            json!({ "metadata": { "resourceVersion": "7", "labels": {
                labels::INSTALLATION: "acme", labels::LEDGER: labels::LEDGER_SUMMARY,
            } }, "data": { "text": "run 1" } }),
        ),
        _ => Reply::Json(200, seen.body.clone()),
    });
    let ledgers = ledgers(&fake);
    ledgers.write_text("acme.reaper", labels::LEDGER_SUMMARY, None, "run 1", &deadline(60)).await.unwrap();
    let text = ledgers.text("acme.reaper", labels::LEDGER_SUMMARY, &deadline(60)).await.unwrap().unwrap();
    assert_eq!((text.text.as_str(), text.resource_version.as_str(), text.is_ours), ("run 1", "7", true));
    ledgers.write_text("acme.reaper", labels::LEDGER_SUMMARY, Some("7"), "run 2", &deadline(60)).await.unwrap();
    let log = fake.log();
    assert_eq!(log[0].body["metadata"]["labels"][labels::LEDGER], "summary");
    assert_eq!(log[2].body, json!({ "metadata": { "resourceVersion": "7" }, "data": { "text": "run 2" } }));
    let history = ledgers.text("acme.reaper", labels::LEDGER_HISTORY, &deadline(60)).await.unwrap().unwrap();
    assert!(!history.is_ours);
}

fn row(name: &str) -> HistoryRow {
    HistoryRow {
        name: name.parse().unwrap(),
        generation: 1,
        identity: "github.com/acme/shop#1".to_owned(),
        owner: None,
        tier: Tier::Full,
        created: None,
        seconds_to_provisioned: None,
        seconds_to_deployed: None,
        seconds_to_ready: None,
        end_began: Some("2026-08-01T09:58:00Z".parse().unwrap()),
        ended: "2026-08-01T10:00:00Z".parse().unwrap(),
        reason: EndReason::Destroyed,
        pushes: 0,
        cost_micros: 0,
    }
}

/// A ConfigMap of the history with this text.
fn history(kind: &str, text: &str) -> Reply {
    let labels = json!({ labels::INSTALLATION: "acme", labels::LEDGER: kind });
    Reply::Json(200, json!({ "metadata": { "resourceVersion": "7", "labels": labels }, "data": { "text": text } }))
}

#[tokio::test]
async fn history_row_is_added_once_to_the_month_of_its_end() {
    let known = format!("{}\n", serde_json::to_string(&row("shop-pr-1")).unwrap());
    let fake = FakeApiServer::new(move |_, seen| match seen.method.as_str() {
        "GET" => history(labels::LEDGER_HISTORY, &known),
        _ => Reply::Json(200, seen.body.clone()),
    });
    let ledgers = ledgers(&fake);
    ledgers.add_history(&row("shop-pr-1"), &deadline(60)).await.unwrap();
    ledgers.add_history(&row("shop-pr-2"), &deadline(60)).await.unwrap();
    let month = "/api/v1/namespaces/eod-system/configmaps/acme.history.2026-08";
    let lines = fake.lines();
    assert_eq!(lines, [format!("GET {month}"), format!("GET {month}"), format!("PATCH {month}")]);
    let written = &fake.log().pop().unwrap().body;
    assert_eq!(written["metadata"]["resourceVersion"], "7");
    assert_eq!(written["data"]["text"].as_str().unwrap().lines().count(), 2);
}

#[tokio::test]
async fn full_part_of_the_history_is_followed_by_a_new_one() {
    let fake = FakeApiServer::new(move |_, seen| match (seen.method.as_str(), seen.path.ends_with("-2")) {
        ("GET", false) => history(labels::LEDGER_HISTORY, &"x".repeat(HISTORY_BYTES_MAX)),
        ("GET", true) => not_found("acme.history-2"),
        _ => Reply::Json(201, seen.body.clone()),
    });
    ledgers(&fake).add_history(&row("shop-pr-1"), &deadline(60)).await.unwrap();
    let written = fake.log().pop().unwrap();
    assert_eq!(
        (written.method.as_str(), &written.body["metadata"]["name"]),
        ("POST", &json!("acme.history.2026-08-2"))
    );
}

#[tokio::test]
async fn history_row_of_the_month_before_is_not_added_again() {
    let known = format!("{}\n", serde_json::to_string(&row("shop-pr-1")).unwrap());
    let fake = FakeApiServer::new(move |_, seen| match (seen.method.as_str(), seen.path.rsplit('.').next()) {
        ("GET", Some("2026-08")) => history(labels::LEDGER_HISTORY, &known),
        ("GET", _) => not_found("acme.history"),
        _ => Reply::Json(201, seen.body.clone()),
    });
    // The run that wrote the row was stopped before it wrote the end.
    let again = |name: &str| HistoryRow { ended: "2026-09-01T00:10:00Z".parse().unwrap(), ..row(name) };
    ledgers(&fake).add_history(&again("shop-pr-1"), &deadline(60)).await.unwrap();
    assert!(fake.log().iter().all(|seen| seen.method == "GET"), "{:?}", fake.lines());
    ledgers(&fake).add_history(&again("shop-pr-2"), &deadline(60)).await.unwrap();
    assert_eq!(fake.log().pop().unwrap().method, "POST");
}

#[tokio::test]
async fn foreign_history_is_not_changed() {
    let fake = FakeApiServer::new(move |_, _| history(labels::LEDGER_SUMMARY, "theirs"));
    let error = ledgers(&fake).add_history(&row("shop-pr-1"), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(matches!(error.cause(), Some(HistoryProblem::Foreign)), "{}", error.chain());
    assert_eq!(fake.log().len(), 1);
}

#[tokio::test]
async fn expired_token_of_a_page_is_an_error() {
    let fake = FakeApiServer::new(|_, _| status(410, "Expired", "the continue token is too old"));
    ledgers(&fake).heads(Some("t1"), &deadline(60)).await.unwrap_err();
    assert_eq!(fake.log().len(), 1);
}

#[tokio::test]
async fn time_of_the_server_is_the_date_of_its_last_response() {
    let fake = FakeApiServer::new(|number, _| match number {
        0 => Reply::Raw(200, &[("date", "Sat, 01 Aug 2026 10:00:00 GMT")], "{}"),
        1 => Reply::Raw(403, &[("date", "Sat, 01 Aug 2026 10:00:05 GMT")], "{}"),
        _ => Reply::Raw(200, &[("date", "yesterday")], "{}"),
    });
    let client = fake.client();
    assert_eq!(client.server_time(), None);
    client.get(&super::fake::shop(), &deadline(60)).await.unwrap();
    assert_eq!(client.server_time().unwrap().server.to_string(), "2026-08-01T10:00:00Z");
    client.get(&super::fake::shop(), &deadline(60)).await.unwrap_err();
    client.get(&super::fake::shop(), &deadline(60)).await.unwrap();
    let last = client.server_time().unwrap();
    assert_eq!(last.server.to_string(), "2026-08-01T10:00:05Z");
    assert_eq!(last.skew(), last.local.duration_since(last.server));
}
