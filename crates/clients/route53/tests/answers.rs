//! Refusals, lost answers, answers of others, and the end of a deadline.

use std::time::Duration;

use eod_domain::dns::ChangeAction;
use eod_testkit::route53::{Route53Answer, Route53Fault};
use tokio_util::sync::CancellationToken;

use super::fake::{Fake, address, deadline};
use crate::{
    Deadline, Error, ErrorKind,
    retry::RetryPolicy,
    route53::{AwsAccess, AwsSettings, ChangeState, Route53, Route53Limits, Route53Problem, Route53Refusal},
    server::{ConnectionFailure, ConnectionProblem},
};

/// Error of a listing of the zones, if all calls get this answer.
async fn listing(answer: Route53Answer) -> (Error, usize) {
    let fake = Fake::new();
    fake.service.inject(|action, _| action == "ListHostedZones", usize::MAX, Route53Fault::Answer(answer));
    let error = fake.client().zones(&deadline()).await.unwrap_err();
    (error, fake.service.calls().len())
}

#[tokio::test(start_paused = true)]
async fn refusals_have_code_and_message_and_are_not_repeated() {
    for (status, code, kind) in [
        (403, "AccessDenied", ErrorKind::Denied),
        (403, "ExpiredToken", ErrorKind::Unauthenticated),
        (403, "InvalidClientTokenId", ErrorKind::Unauthenticated),
        (400, "InvalidInput", ErrorKind::Invalid),
    ] {
        let (error, calls) = listing(Route53Answer::error(status, code, "a reason")).await;
        assert_eq!((error.kind, calls), (kind, 1), "{code}");
        assert_eq!(Route53Refusal::of(&error).unwrap().code, code);
        let expected = format!("cannot list hosted zones: Route 53 answered {status} {code} (a reason)");
        assert_eq!(error.chain(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn answer_of_a_proxy_is_repeated_and_then_reported() {
    let page = "<html><body>Bad Gateway</body></html>";
    let (error, calls) = listing(Route53Answer::text(502, page)).await;
    assert!(matches!(error.kind, ErrorKind::Timeout | ErrorKind::Unavailable) && calls > 5, "{calls}");
    assert!(error.chain().contains("the response with status 502 is not from Route 53"), "{}", error.chain());
    let (error, calls) = listing(Route53Answer::text(200, page)).await;
    assert_eq!((error.kind, calls), (ErrorKind::Unavailable, 1), "{}", error.chain());
    assert!(matches!(Route53Problem::of(&error), Some(Route53Problem::NotRoute53 { status: 200 })));

    let fake = Fake::new();
    let answer = Route53Fault::Answer(Route53Answer::text(503, ""));
    fake.service.inject(|_, _| true, 2, answer);
    assert_eq!(fake.client().zones(&deadline()).await.unwrap().len(), 1);
    assert_eq!(fake.service.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn changes_are_applied_and_refused_with_a_kind() {
    let fake = Fake::new();
    let client = fake.client();
    let create = address(ChangeAction::Create, "*.acme.example", "192.0.2.1");
    let receipt = client.change(&fake.zone, &[&create], &deadline()).await.unwrap();
    assert_eq!(receipt.state, ChangeState::Pending);
    let again = client.change(&fake.zone, &[&create], &deadline()).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown()), (ErrorKind::AlreadyExists, false));
    let stale = address(ChangeAction::Delete, "*.acme.example", "192.0.2.2");
    let stale = client.change(&fake.zone, &[&stale], &deadline()).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Conflict);
    let delete = address(ChangeAction::Delete, "*.acme.example", "192.0.2.1");
    client.change(&fake.zone, &[&delete], &deadline()).await.unwrap();
    assert!(fake.service.records(fake.zone.as_str()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn change_with_a_lost_answer_is_repeated_and_its_refusal_is_uncertain() {
    let fake = Fake::new();
    fake.service.inject(|action, _| action == "ChangeResourceRecordSets", 1, Route53Fault::LostAnswer);
    let create = address(ChangeAction::Create, "a.acme.example", "192.0.2.1");
    let error = fake.client().change(&fake.zone, &[&create], &deadline()).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown()), (ErrorKind::AlreadyExists, true));
    assert_eq!(fake.service.records(fake.zone.as_str()).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn change_is_in_sync_after_polls_at_5_10_and_10_seconds() {
    let fake = Fake::new();
    let client = fake.client();
    let create = address(ChangeAction::Create, "a.acme.example", "192.0.2.1");
    let receipt = client.change(&fake.zone, &[&create], &deadline()).await.unwrap();
    let short = Deadline::within(Duration::from_secs(12), CancellationToken::new());
    let error = client.wait_until_in_sync(&receipt, &short).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    let expected =
        format!("cannot wait for change `{}` to be INSYNC; its state is PENDING: timed out after 12 s", receipt.id);
    assert_eq!(error.chain(), expected);
    client.wait_until_in_sync(&receipt, &deadline()).await.unwrap();
    let polls: Vec<_> =
        fake.service.calls().into_iter().filter(|call| call.action == "GetChange").map(|call| call.at).collect();
    let pauses: Vec<u64> = polls.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    assert_eq!(pauses, [12, 10, 10], "{polls:?}");
    let unknown = crate::route53::ChangeId::of_response("/change/C0");
    assert_eq!(client.change_state(&unknown, &deadline()).await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn deadline_and_cancellation_end_the_attempts() {
    let fake = Fake::new();
    let throttled = Route53Fault::Answer(Route53Answer::error(400, "Throttling", "Rate exceeded"));
    fake.service.inject(|_, _| true, usize::MAX, throttled);
    let started = tokio::time::Instant::now();
    let error = fake.client().zones(&deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(started.elapsed() <= Duration::from_secs(120));
    assert!(error.chain().contains("400 Throttling (Rate exceeded)"), "{}", error.chain());

    let cancel = CancellationToken::new();
    let deadline = Deadline::within(Duration::from_secs(100), cancel.clone());
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        cancel.cancel();
    });
    let started = tokio::time::Instant::now();
    assert_eq!(fake.client().zones(&deadline).await.unwrap_err().kind, ErrorKind::Cancelled);
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn unreachable_endpoint_is_named_with_its_cause() {
    let fake = Fake::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = AwsSettings { route53_endpoint: Some(url.clone()), ..fake.settings.clone() };
    let retry = RetryPolicy { unreachable: Duration::ZERO, ..Route53Limits::default().retry };
    let limits = Route53Limits { retry, ..Route53Limits::default() };
    let client = Route53::new(AwsAccess::new(settings).unwrap(), limits);
    let error = client.zones(&deadline()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{}", error.chain());
    assert_eq!(ConnectionFailure::of(&error).unwrap().problem, ConnectionProblem::Unreachable);
    assert!(error.chain().contains(&format!("Route 53 at {url} cannot be reached")), "{}", error.chain());
    assert!(error.chain().contains("refused"), "{}", error.chain());
}
