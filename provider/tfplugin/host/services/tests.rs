use super::*;

#[tokio::test]
async fn shutdown_answers_and_cancels_the_token() {
    let shutdown = CancellationToken::new();
    let controller = Controller { shutdown: shutdown.clone() };
    assert!(controller.shutdown(Request::new(ShutdownRequest {})).await.is_ok());
    assert!(shutdown.is_cancelled());
}

#[tokio::test]
async fn the_stdio_stream_stays_open_and_ends_with_the_server() {
    let stop = CancellationToken::new();
    let mut stream = Stdio { stop: stop.clone() }.stream_stdio(Request::new(())).await.unwrap().into_inner();
    assert!(futures::poll!(stream.next()).is_pending());
    stop.cancel();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn health_reports_only_the_plugin() {
    let serving = Serving { stop: CancellationToken::new() };
    let check =
        async |service: &str| serving.check(Request::new(HealthCheckRequest { service: service.to_owned() })).await;
    assert_eq!(check("plugin").await.unwrap().into_inner().status(), ServingStatus::Serving);
    assert_eq!(check("").await.unwrap().into_inner().status(), ServingStatus::Serving);
    assert_eq!(check("other").await.unwrap_err().code(), tonic::Code::NotFound);
    let request = Request::new(HealthCheckRequest { service: "other".to_owned() });
    let mut watch = serving.watch(request).await.unwrap().into_inner();
    assert_eq!(watch.next().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    assert!(futures::poll!(watch.next()).is_pending());
}
