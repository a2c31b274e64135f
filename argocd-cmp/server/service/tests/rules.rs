//! What a plugin owes repo-server: one test for each rule of the notes.

use std::collections::BTreeSet;

use eod_proto::argocd as wire;
use tonic::Code;

use super::kit::*;
use crate::service::Capacity;

#[tokio::test(flavor = "multi_thread")]
async fn accepting_is_never_starved_by_rendering() {
    let running = Setup::default().start();
    let chart = Asked::of(&CHART);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (chart, socket) = (chart.clone(), running.socket());
            tokio::spawn(
                async move { client(&socket).await.generate_manifest(tokio_stream::iter(chart.messages())).await },
            )
        })
        .collect();
    running.helm.started(2).await;
    // Every turn is taken and does not end; a new connection is served all the same.
    running.client().await.check_plugin_configuration(()).await.unwrap();
    running.helm.may_end();
    for call in calls {
        assert!(!call.await.unwrap().unwrap().into_inner().manifests.is_empty());
    }
}

/// A small render is made where its connection is served, and another thread takes the connections over.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_small_render_keeps_nobody_else_waiting() {
    let running = Setup::default().start();
    running.helm.hold();
    let asked = Asked::of(&[("app/a.yaml", CONFIG)]);
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let (asked, socket) = (asked.clone(), running.socket());
            tokio::spawn(async move { asked.generate_at(&socket).await })
        })
        .collect();
    running.helm.held(2).await;
    running.client().await.check_plugin_configuration(()).await.unwrap();
    running.helm.may_end();
    for call in calls {
        assert!(!call.await.unwrap().unwrap().is_empty());
    }
}

/// What may take long, or comes late, is not made in place: its call goes on and can be answered or given up.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_take_long_does_not_hold_its_own_call() {
    let running = Setup::default().start();
    running.helm.hold();
    let mut late = tonic::Request::new(tokio_stream::iter(Asked::of(&[("app/a.yaml", CONFIG)]).messages()));
    late.metadata_mut().insert("grpc-timeout", "4S".parse().unwrap());
    let status = running.client().await.generate_manifest(late).await.unwrap_err();
    assert!(status.message().contains("the time was over while rendering"), "{status:?}");

    let text = "#".repeat(90_000);
    let names: Vec<_> = (0..12).map(|number| format!("app/{number}.txt")).collect();
    let large: Vec<_> =
        names.iter().map(|name| (name.as_str(), text.as_str())).chain([("app/a.yaml", CONFIG)]).collect();
    let asked = Asked::of(&large);
    assert!(asked.archive.len() < 256 << 10, "it is small while it is packed");
    let socket = running.socket();
    let call = tokio::spawn(async move { asked.generate_at(&socket).await });
    running.helm.held(2).await;
    call.abort();
    wait(|| running.number("eod_cmp_running") == "0").await;
    running.helm.may_end();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_that_go_makes_of_a_path_is_taken_because_of_the_at() {
    use tonic::transport::Uri;
    // grpc-go escapes the slashes of the socket's path and nothing else of it. What an `@` follows is a user's name to
    // HTTP/2, where a percent sign may stand; without one the caller is cut off before any of our code runs.
    for path in ["home%2Fargocd%2Fcmp-server%2Fplugins%2F", "%2Fhome%2Fargocd%2F"] {
        assert!(format!("http://{path}eod-v1.sock").parse::<Uri>().is_err(), "{path}");
        let running = Setup::default().start();
        let origin = format!("http://{path}eod@v1.sock").parse::<Uri>().unwrap();
        let mut client = client_of(&running.socket(), origin).await;
        client.check_plugin_configuration(()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_is_drained_before_a_refusal() {
    let running = Setup::default().start();
    let large = noise(3 << 20);
    let good = Asked::of(&[("app/a.yaml", CONFIG), ("other/large.bin", &large)]);
    // Far more than fits on the way, so that whoever answers early breaks the sender.
    assert!(good.archive.len() > 1 << 20);
    let hostile = Asked { archive: packed(&[("app/a.yaml", CONFIG), ("app/a.yaml", &large)]), ..good.clone() };
    let mut wrong_order = good.messages();
    wrong_order.swap(0, 1);
    let mut twice = good.messages();
    twice.insert(2, good.metadata());
    let mut nothing = good.messages();
    nothing.insert(1, wire::AppStreamRequest::default());
    let mut short = good.messages();
    short.truncate(short.len() / 2);
    let mut long = good.messages();
    long.extend((0..2000).map(|_| piece(&[7; 1024])));
    let rows: [(&str, Vec<wire::AppStreamRequest>, &str); 7] = [
        ("a hostile archive", hostile.messages(), "stands in the archive twice"),
        ("pieces first", wrong_order, "came before the metadata"),
        ("metadata twice", twice, "the metadata came twice"),
        ("an empty message", nothing, "a message says nothing"),
        ("too few bytes", short, "bytes, and "),
        ("too many bytes", long, "bytes, and "),
        ("nothing at all", Vec::new(), "ended before the metadata came"),
    ];
    for (what, messages, expected) in rows {
        let all = messages.len();
        let (sender, stream) = stream();
        let mut client = running.client().await;
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
        assert_eq!(sent, all, "{what}: everything was taken");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_are_told_so_and_not_cut_off() {
    let capacity = Capacity { small: 1, large: 1, calls: 1 };
    let running = Setup { capacity, ..Setup::default() }.start();
    let chart = Asked::of(&CHART);
    let first = {
        let (chart, mut client) = (chart.clone(), running.client().await);
        tokio::spawn(async move { client.generate_manifest(tokio_stream::iter(chart.messages())).await })
    };
    running.helm.started(1).await;
    let large = Asked::of(&[("app/a.yaml", CONFIG), ("x", &noise(2 << 20))]);
    let status = large.generate(&running).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("remedy: "), "{}", status.message());
    running.helm.may_end();
    first.await.unwrap().unwrap();
    large.generate(&running).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_told_so_and_not_cut_off() {
    let nobody = 4_000_000_000;
    let running = Setup { users: BTreeSet::from([nobody]), ..Setup::default() }.start();
    let asked = Asked::of(&[("app/a.yaml", CONFIG), ("x", &noise(2 << 20))]);
    let status = asked.generate(&running).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("--peer-uid"), "{}", status.message());
    let status = running.client().await.check_plugin_configuration(()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_text_comes_before_the_callers_deadline() {
    let running = Setup::default().start();
    let mut request = tonic::Request::new(tokio_stream::iter(Asked::of(&CHART).messages()));
    request.metadata_mut().insert("grpc-timeout", "4S".parse().unwrap());
    let status = running.client().await.generate_manifest(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains("the time was over while waiting for helm or kustomize"), "{status:?}");
    running.helm.stopped(1).await;
    assert_eq!(running.number(r#"eod_cmp_calls_total{method="GenerateManifest",outcome="late"}"#), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_stands_still_gets_our_text_too() {
    let running = Setup::default().start();
    let asked = Asked::of(&[("app/a.yaml", CONFIG), ("x", &noise(2 << 20))]);
    let (sender, stream) = stream();
    let mut request = tonic::Request::new(stream);
    request.metadata_mut().insert("grpc-timeout", "4S".parse().unwrap());
    let mut client = running.client().await;
    let call = tokio::spawn(async move { client.generate_manifest(request).await });
    for message in asked.messages().into_iter().take(5) {
        sender.send(message).await.unwrap();
    }
    let status = call.await.unwrap().unwrap_err();
    assert!(status.message().contains("receiving the archive"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_stops_when_the_caller_goes() {
    let capacity = Capacity { small: 1, large: 1, calls: 10 };
    let running = Setup { capacity, ..Setup::default() }.start();
    let (chart, mut client) = (Asked::of(&CHART), running.client().await);
    let call = tokio::spawn(async move { client.generate_manifest(tokio_stream::iter(chart.messages())).await });
    running.helm.started(1).await;
    call.abort();
    running.helm.stopped(1).await;
    // The only turn came back.
    Asked::of(&[("app/a.yaml", CONFIG)]).generate(&running).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bug_is_an_answer() {
    let running = Setup::default().start();
    running.helm.panics();
    for _ in 0..3 {
        let status = Asked::of(&CHART).generate(&running).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains("this is a bug in eod-cmp"), "{status:?}");
    }
    Asked::of(&[("app/a.yaml", CONFIG)]).generate(&running).await.unwrap();
}
