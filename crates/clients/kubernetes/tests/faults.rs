//! Slow, broken and unreachable servers: the cases that kube 5 handles differently.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Deadline, Error, ErrorKind,
    kubernetes::{
        ApplyOptions, Rejection,
        tests::fake::{FakeApiServer, Reply, deadline, shop, status},
    },
};

const SLOW_DOWN: &[(&str, &str)] = &[("retry-after", "1")];
const NEXT_HOUR: &[(&str, &str)] = &[("retry-after", "3600")];

fn fine() -> Reply {
    Reply::Json(200, json!({ "kind": "Namespace", "metadata": { "name": "shop" } }))
}

/// Reads once; the result and the time it took.
async fn read(fake: &FakeApiServer, seconds: u64) -> (Result<Option<Value>, Error>, Duration) {
    let started = Instant::now();
    let result = fake.client().get(&shop(), &deadline(seconds)).await;
    (result, started.elapsed())
}

async fn create(fake: &FakeApiServer) -> Error {
    fake.client().create(&shop(), &json!({}), "eod-test", &deadline(600)).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn throttled_requests_are_retried() {
    let fake = FakeApiServer::new(|number, _| if number < 3 { Reply::Raw(429, SLOW_DOWN, "") } else { fine() });
    let (result, took) = read(&fake, 60).await;
    assert!(result.unwrap().is_some());
    assert_eq!(fake.log().len(), 4);
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_of_an_hour_is_limited() {
    let fake = FakeApiServer::new(|_, _| Reply::Raw(429, NEXT_HOUR, ""));
    let (result, took) = read(&fake, 45).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(Rejection::of(&error).map(|rejection| rejection.code), Some(429));
    assert!(took <= Duration::from_secs(45), "{took:?}");
    assert_eq!(fake.log().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn retries_of_an_unready_server_end() {
    let fake = FakeApiServer::new(|_, _| status(503, "ServiceUnavailable", "not ready"));
    let (result, took) = read(&fake, 3600).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(error.chain(), "cannot read namespace `shop`: not ready (503 ServiceUnavailable)");
    assert_eq!(fake.log().len(), 11);
    assert!(took < Duration::from_secs(120), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_etcd_leader_is_retried() {
    let fake = FakeApiServer::new(|number, _| if number < 3 { status(500, "InternalError", "etcd") } else { fine() });
    assert!(read(&fake, 60).await.0.unwrap().is_some());
    let fake = FakeApiServer::new(|_, _| status(500, "InternalError", "etcd"));
    assert_eq!(read(&fake, 60).await.0.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(fake.log().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn html_of_a_proxy_is_classified_by_its_status() {
    let fake = FakeApiServer::new(|_, _| Reply::Raw(502, &[], "<html>canary</html>"));
    let error = read(&fake, 600).await.0.unwrap_err();
    assert_eq!(
        (error.kind, Rejection::of(&error).map(|rejection| rejection.code)),
        (ErrorKind::Unavailable, Some(502))
    );
    assert!(!format!("{error:?} {}", error.chain()).contains("canary"));
}

#[tokio::test(start_paused = true)]
async fn a_server_without_response_ends_at_the_deadline() {
    let fake = FakeApiServer::new(|_, _| Reply::Hang);
    let (result, took) = read(&fake, 5).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(error.chain(), "cannot read namespace `shop`: timed out after 5.0 s");
    assert_eq!(took, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_is_sent_again() {
    let fake = FakeApiServer::new(|number, _| if number == 0 { Reply::Hang } else { fine() });
    assert!(read(&fake, 600).await.0.unwrap().is_some());
    assert_eq!(fake.log().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_may_be_stored_is_sent_once() {
    let fake = FakeApiServer::new(|_, _| status(504, "Timeout", "request did not complete"));
    let error = create(&fake).await;
    assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Unavailable, true));
    assert_eq!(fake.lines(), ["POST /api/v1/namespaces"]);

    let fake = FakeApiServer::new(|_, _| Reply::Break);
    let error = create(&fake).await;
    assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Unavailable, true));
    assert_eq!(fake.log().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_certainly_not_stored_is_sent_again() {
    let fake = FakeApiServer::new(|number, _| match number {
        0 => Reply::Raw(429, SLOW_DOWN, ""),
        1 => Reply::Refuse,
        _ => status(409, "AlreadyExists", "it is there"),
    });
    let error = create(&fake).await;
    assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::AlreadyExists, false));
    assert_eq!(fake.log().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn broken_connections_and_cut_off_responses_are_retried() {
    let fake = FakeApiServer::new(|number, _| match number {
        0 => Reply::Break,
        1 => Reply::Raw(200, &[], r#"{"kind": "Namespa"#),
        _ => fine(),
    });
    assert!(read(&fake, 60).await.0.unwrap().is_some());
    let fake = FakeApiServer::new(|_, _| Reply::Break);
    assert_eq!(read(&fake, 60).await.0.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(fake.log().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn attempts_to_reach_a_server_take_twenty_seconds_once() {
    let fake = FakeApiServer::new(|_, _| Reply::Refuse);
    let client = fake.client();
    let started = Instant::now();
    let error = client.get(&shop(), &deadline(3600)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.chain().contains("the API server cannot be reached: connection refused"), "{}", error.chain());
    let took = started.elapsed();
    assert!(took > Duration::from_secs(5) && took <= Duration::from_secs(20), "{took:?}");

    let (asked, started) = (fake.log().len(), Instant::now());
    assert_eq!(client.get(&shop(), &deadline(3600)).await.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!((fake.log().len() - asked, started.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn server_that_is_available_again_is_used() {
    let fake = FakeApiServer::new(|number, _| if number < 4 { Reply::Refuse } else { fine() });
    assert!(read(&fake, 60).await.0.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn cancellation_ends_a_request_and_a_pause_at_once() {
    for reply in [|| Reply::Hang, || Reply::Raw(429, NEXT_HOUR, "")] {
        let fake = FakeApiServer::new(move |_, _| reply());
        let cancel = CancellationToken::new();
        let (client, deadline, started) =
            (fake.client(), Deadline::within(Duration::from_secs(3600), cancel.clone()), Instant::now());
        let options = ApplyOptions { manager: "eod-test", force: false };
        let (object, content) = (shop(), json!({}));
        let write = client.apply(&object, &content, options, &deadline);
        let stop = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(write, stop);
        assert_eq!(result.unwrap_err().kind, ErrorKind::Cancelled);
        assert_eq!((started.elapsed(), fake.log().len()), (Duration::from_secs(2), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_interrupted_in_flight_has_an_unknown_outcome() {
    let fake = FakeApiServer::new(|_, _| Reply::Hang);
    let error = fake.client().create(&shop(), &json!({}), "eod-test", &deadline(5)).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::Timeout, true));
    let error = fake.client().get(&shop(), &deadline(5)).await.unwrap_err();
    assert!(!error.outcome_unknown());
}

#[tokio::test(start_paused = true)]
async fn sixteen_requests_are_in_flight_at_most() {
    let fake = FakeApiServer::new(|_, _| Reply::Late(Duration::from_millis(100), json!({ "kind": "Namespace" })));
    let (client, deadline) = (fake.client(), deadline(60));
    let reads = (0..100).map(|_| client.get(&SHOP, &deadline));
    for result in futures::future::join_all(reads).await {
        assert!(result.unwrap().is_some());
    }
    assert_eq!((fake.log().len(), fake.peak()), (100, 16));
    assert_eq!(client.calls().get("get"), Some(&100));
}

static SHOP: std::sync::LazyLock<crate::kubernetes::ObjectRef> = std::sync::LazyLock::new(shop);

#[tokio::test(start_paused = true)]
async fn a_pause_does_not_hold_a_permit() {
    // Sixteen throttled calls sleep; the seventeenth is sent at once.
    let fake = FakeApiServer::new(
        |_, seen| if seen.path.ends_with("/slow") { Reply::Raw(429, NEXT_HOUR, "") } else { fine() },
    );
    let (client, deadline) = (fake.client(), deadline(3600));
    let slow = crate::kubernetes::ObjectRef::namespace("slow");
    let throttled = futures::future::join_all((0..16).map(|_| client.get(&slow, &deadline)));
    let quick = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let started = Instant::now();
        client.get(&SHOP, &deadline).await.unwrap();
        started.elapsed()
    };
    tokio::select! {
        _ = throttled => panic!("throttled calls end first"),
        took = quick => assert_eq!(took, Duration::ZERO),
    }
}
