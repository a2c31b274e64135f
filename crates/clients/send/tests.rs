use std::cell::Cell;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::server::AddressOrigin;

struct Write;

impl RemoteRequest for Write {
    fn operation(&self) -> &'static str {
        "write"
    }

    fn target(&self) -> &'static str {
        "thing"
    }

    fn counter(&self) -> &'static str {
        "POST"
    }

    fn is_idempotent(&self) -> bool {
        true
    }

    fn writes(&self) -> bool {
        true
    }
}

#[derive(Debug, thiserror::Error)]
#[error("status {0}")]
struct Status(u16);

impl SystemFailure for Status {
    fn symptom(&self) -> Symptom {
        Symptom::Answered { code: self.0, retry_after: None }
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }

    fn status(&self) -> Option<u16> {
        Some(self.0)
    }

    fn may_be_stored(&self) -> bool {
        self.0 >= 500
    }

    fn into_source(self) -> BoxError {
        Box::new(self)
    }
}

fn sender() -> Sender {
    Sender::new("Test", 2, RetryPolicy::default())
}

fn deadline(seconds: u64) -> Deadline {
    Deadline::within(Duration::from_secs(seconds), CancellationToken::new())
}

fn address() -> ServerAddress {
    ServerAddress { server: "the test", url: Some("http://t".into()), origin: AddressOrigin::Settings }
}

/// Sends `Write` with one outcome per attempt; the error's chain and the unknown outcome.
async fn failed(seconds: u64, outcomes: impl Fn(usize) -> AttemptFailure<Status>) -> (String, bool) {
    let attempts = Cell::new(0);
    let attempt = || {
        let number = attempts.replace(attempts.get() + 1);
        std::future::ready(Err::<(), _>(outcomes(number)))
    };
    let failed = sender().send(&Write, &deadline(seconds), attempt).await.unwrap_err();
    let error = failed.into_error("Test", &Write);
    (error.chain(), error.outcome_unknown())
}

#[tokio::test(start_paused = true)]
async fn an_earlier_attempt_that_may_be_stored_is_remembered() {
    let (chain, unknown) = failed(60, |number| AttemptFailure::System(Status([503, 400][number.min(1)]))).await;
    assert_eq!((chain.as_str(), unknown), ("cannot write thing: status 400", true));
    let (_, unknown) = failed(60, |_| AttemptFailure::System(Status(400))).await;
    assert!(!unknown);
}

#[tokio::test(start_paused = true)]
async fn an_expired_deadline_names_the_last_failure() {
    let (chain, _) = failed(1, |_| AttemptFailure::System(Status(503))).await;
    assert_eq!(chain, "cannot write thing: timed out after 1.0 s; the last attempt failed: status 503");
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_server_is_named_instead_of_the_time_limit() {
    let unreachable = |_| ConnectionFailure::new(&address(), ConnectionProblem::Unreachable, "refused").into();
    let (chain, unknown) = failed(1, unreachable).await;
    assert_eq!(
        (chain.as_str(), unknown),
        ("cannot write thing: the test at http://t cannot be reached: refused", false)
    );
}

#[tokio::test(start_paused = true)]
async fn an_exchange_without_response_ends_at_its_own_limit() {
    let work = std::future::pending::<Result<(), AttemptFailure<Status>>>();
    let sender = sender();
    let failure = sender.exchange(&Write, &address(), &deadline(3600), work).await.unwrap_err();
    assert_eq!(failure.to_string(), "the test at http://t gave no response within 60 s");
    assert_eq!(sender.counts().get("POST"), Some(&1));
}
