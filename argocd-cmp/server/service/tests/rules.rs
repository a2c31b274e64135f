//! Guarantees of the service to repo-server, one test each.

use std::collections::BTreeSet;
use std::sync::Arc;

use eod_proto::argocd as wire;
use tonic::Code;

use super::kit::*;
use crate::service::Capacity;

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_accepted_while_all_renders_run() {
    let server = Setup::default().start();
    let chart = TestRequest::of(&CHART);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (chart, socket) = (chart.clone(), server.socket());
            tokio::spawn(
                async move { client(&socket).await.generate_manifest(tokio_stream::iter(chart.messages())).await },
            )
        })
        .collect();
    server.helm.started(2).await;
    // Every permit is in use; a new connection is served nevertheless.
    server.client().await.check_plugin_configuration(()).await.unwrap();
    server.helm.may_end();
    for call in calls {
        assert!(!call.await.unwrap().unwrap().into_inner().manifests.is_empty());
    }
}

/// `--renders N` limits small and large archives together.
#[tokio::test(flavor = "multi_thread")]
async fn number_of_renders_at_once_is_limited() {
    const RENDERS: usize = 2;
    const CALLS: usize = 5;
    let server = Setup::default().start();
    let small = TestRequest::of(&CHART);
    let noise = noise(1 << 20);
    let large = TestRequest::of(&[CHART[0], CHART[1], ("x", &noise)]);
    assert!(large.archive.len() > 256 << 10, "it is received in parts");
    let calls: Vec<_> = [&small, &large]
        .into_iter()
        .flat_map(|request| std::iter::repeat_n(request.clone(), CALLS))
        .map(|request| {
            let socket = server.socket();
            tokio::spawn(async move { request.generate_at(&socket).await })
        })
        .collect();
    // Every call either has one of the permits and has started helm, or waits for a permit.
    let (service, helm) = (server.service.clone(), Arc::clone(&server.helm));
    wait(move || {
        let (renders, archives) = service.waiting();
        renders + archives + helm.number_of_starts() == 2 * CALLS
    })
    .await;
    assert_eq!((server.helm.number_of_starts(), server.helm.most_active()), (RENDERS, RENDERS));
    server.helm.may_end();
    for call in calls {
        assert!(!call.await.unwrap().unwrap().is_empty());
    }
    assert_eq!(server.helm.most_active(), RENDERS);
}

/// A small render runs on the thread of its connection, and another thread takes over the connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn inline_render_does_not_block_other_calls() {
    let server = Setup::default().start();
    server.helm.hold();
    let request = TestRequest::of(&[("app/a.yaml", CONFIG)]);
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let (request, socket) = (request.clone(), server.socket());
            tokio::spawn(async move { request.generate_at(&socket).await })
        })
        .collect();
    server.helm.held(2).await;
    server.client().await.check_plugin_configuration(()).await.unwrap();
    server.helm.may_end();
    for call in calls {
        assert!(!call.await.unwrap().unwrap().is_empty());
    }
}

/// A render that is large or has little time left does not run inline, so its call can time out or be cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn long_render_does_not_block_its_own_call() {
    let server = Setup::default().start();
    server.helm.hold();
    let mut late = tonic::Request::new(tokio_stream::iter(TestRequest::of(&[("app/a.yaml", CONFIG)]).messages()));
    late.metadata_mut().insert("grpc-timeout", "4S".parse().unwrap());
    let status = server.client().await.generate_manifest(late).await.unwrap_err();
    assert!(status.message().contains("timed out after 4 s while rendering"), "{status:?}");

    let text = "#".repeat(90_000);
    let names: Vec<_> = (0..12).map(|number| format!("app/{number}.txt")).collect();
    let large: Vec<_> =
        names.iter().map(|name| (name.as_str(), text.as_str())).chain([("app/a.yaml", CONFIG)]).collect();
    let request = TestRequest::of(&large);
    assert!(request.archive.len() < 256 << 10, "the compressed archive is small");
    let socket = server.socket();
    let call = tokio::spawn(async move { request.generate_at(&socket).await });
    server.helm.held(2).await;
    call.abort();
    wait(|| server.number("eod_cmp_running") == "0").await;
    server.helm.may_end();
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_of_grpc_go_is_accepted_because_of_the_at_sign() {
    use tonic::transport::Uri;
    // grpc-go escapes only the slashes of the socket's path. HTTP/2 accepts a percent sign only in the user information
    // before an `@`; without an `@` the connection is reset before the service sees the call.
    for path in ["home%2Fargocd%2Fcmp-server%2Fplugins%2F", "%2Fhome%2Fargocd%2F"] {
        assert!(format!("http://{path}eod-v1.sock").parse::<Uri>().is_err(), "{path}");
        let server = Setup::default().start();
        let origin = format!("http://{path}eod@v1.sock").parse::<Uri>().unwrap();
        let mut client = client_of(&server.socket(), origin).await;
        client.check_plugin_configuration(()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_is_read_to_its_end_before_an_error() {
    let server = Setup::default().start();
    let large = noise(3 << 20);
    let good = TestRequest::of(&[("app/a.yaml", CONFIG), ("other/large.bin", &large)]);
    // More bytes than the buffers can hold, so an early reply would break the sender.
    assert!(good.archive.len() > 1 << 20);
    let hostile = TestRequest { archive: packed(&[("app/a.yaml", CONFIG), ("app/a.yaml", &large)]), ..good.clone() };
    let mut wrong_order = good.messages();
    wrong_order.swap(0, 1);
    let mut twice = good.messages();
    twice.insert(2, good.metadata());
    let mut nothing = good.messages();
    nothing.insert(1, wire::AppStreamRequest::default());
    let mut short = good.messages();
    short.truncate(short.len() / 2);
    let mut long = good.messages();
    long.extend((0..2000).map(|_| part(&[7; 1024])));
    let rows: [(&str, Vec<wire::AppStreamRequest>, &str); 7] = [
        ("a hostile archive", hostile.messages(), "duplicate entry"),
        ("parts first", wrong_order, "expected the metadata first"),
        ("metadata twice", twice, "the metadata were sent twice"),
        ("an empty message", nothing, "got an empty message"),
        ("too few bytes", short, "declared "),
        ("too many bytes", long, "declared "),
        ("nothing at all", Vec::new(), "got the end of the stream"),
    ];
    for (what, messages, expected) in rows {
        let all = messages.len();
        let (sender, stream) = stream();
        let mut client = server.client().await;
        let call = tokio::spawn(async move { client.generate_manifest(stream).await });
        let mut sent = 0;
        for message in messages {
            if sender.send(message).await.is_err() {
                break;
            }
            sent += 1;
        }
        drop(sender);
        let status = call.await.unwrap().unwrap_err();
        assert!(status.message().contains(expected), "{what}: {status:?}");
        assert_eq!(sent, all, "{what}: all messages were received");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn call_above_the_limit_gets_a_status() {
    let capacity = Capacity { renders: 1, archives: 1, calls: 1 };
    let server = Setup { capacity, ..Setup::default() }.start();
    let chart = TestRequest::of(&CHART);
    let first = {
        let (chart, mut client) = (chart.clone(), server.client().await);
        tokio::spawn(async move { client.generate_manifest(tokio_stream::iter(chart.messages())).await })
    };
    server.helm.started(1).await;
    let large = TestRequest::of(&[("app/a.yaml", CONFIG), ("x", &noise(2 << 20))]);
    let status = large.generate(&server).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("remedy: "), "{}", status.message());
    server.helm.may_end();
    first.await.unwrap().unwrap();
    large.generate(&server).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_user_gets_a_status() {
    let other_user = 4_000_000_000;
    let server = Setup { users: BTreeSet::from([other_user]), ..Setup::default() }.start();
    let request = TestRequest::of(&[("app/a.yaml", CONFIG), ("x", &noise(2 << 20))]);
    let status = request.generate(&server).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("--peer-uid"), "{}", status.message());
    let status = server.client().await.check_plugin_configuration(()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn timeout_is_reported_before_the_callers_deadline() {
    let server = Setup::default().start();
    let mut request = tonic::Request::new(tokio_stream::iter(TestRequest::of(&CHART).messages()));
    request.metadata_mut().insert("grpc-timeout", "4S".parse().unwrap());
    let status = server.client().await.generate_manifest(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains("timed out after 4 s while waiting for helm or kustomize"), "{status:?}");
    server.helm.stopped(1).await;
    assert_eq!(server.number(r#"eod_cmp_calls_total{method="GenerateManifest",outcome="late"}"#), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn stalled_sender_gets_a_timeout() {
    let server = Setup::default().start();
    let sent = TestRequest::of(&[("app/a.yaml", CONFIG), ("x", &noise(2 << 20))]);
    let (sender, stream) = stream();
    let mut request = tonic::Request::new(stream);
    request.metadata_mut().insert("grpc-timeout", "4S".parse().unwrap());
    let mut client = server.client().await;
    let call = tokio::spawn(async move { client.generate_manifest(request).await });
    for message in sent.messages().into_iter().take(5) {
        sender.send(message).await.unwrap();
    }
    let status = call.await.unwrap().unwrap_err();
    assert!(status.message().contains("receiving the archive"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_stops_when_the_caller_disconnects() {
    let capacity = Capacity { renders: 1, archives: 1, calls: 10 };
    let server = Setup { capacity, ..Setup::default() }.start();
    let (chart, mut client) = (TestRequest::of(&CHART), server.client().await);
    let call = tokio::spawn(async move { client.generate_manifest(tokio_stream::iter(chart.messages())).await });
    server.helm.started(1).await;
    call.abort();
    server.helm.stopped(1).await;
    // The only permit was released.
    TestRequest::of(&[("app/a.yaml", CONFIG)]).generate(&server).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_is_reported_as_a_bug() {
    let server = Setup::default().start();
    server.helm.panics();
    for _ in 0..3 {
        let status = TestRequest::of(&CHART).generate(&server).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains("bug in eod-cmp"), "{status:?}");
    }
    TestRequest::of(&[("app/a.yaml", CONFIG)]).generate(&server).await.unwrap();
}
