use std::cell::Cell;

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

/// Backend with calls that fail after this time.
struct FailingBackend {
    after: Duration,
    kind: CallErrorKind,
    calls: Cell<usize>,
}

impl FailingBackend {
    async fn fail<T>(&self) -> Result<T, CallError> {
        self.calls.set(self.calls.get() + 1);
        tokio::time::sleep(self.after).await;
        Err(CallError::new(self.kind, "cannot list secrets: status 503"))
    }
}

impl Backend for FailingBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Vault
    }

    fn find<'a>(&'a self, _: &'a EnvironmentName) -> BoxFuture<'a, Result<Vec<BackendItem>, CallError>> {
        Box::pin(self.fail())
    }

    fn end<'a>(&'a self, _: &'a BackendItem) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.fail())
    }

    fn sweep<'a>(&'a self, _: Option<&'a PageToken>) -> BoxFuture<'a, Result<ListPage<BackendItem>, CallError>> {
        Box::pin(self.fail())
    }
}

/// Number of calls that reach a backend of a run with a hundred environments, and the last error.
async fn calls(after: Duration, kind: CallErrorKind) -> (usize, CallError) {
    let backend = LimitedBackend::new(FailingBackend { after, kind, calls: Cell::new(0) }, LIMIT);
    let mut last = None;
    for number in 0..100 {
        let name = format!("shop-pr-{number}").parse().unwrap();
        last = backend.find(&name).await.err();
    }
    assert!(backend.sweep(None).await.is_err());
    (backend.backend.calls.get(), last.unwrap())
}

#[tokio::test(start_paused = true)]
async fn backend_that_does_not_respond_is_called_once_in_a_run() {
    let (calls, error) = calls(LIMIT, CallErrorKind::Unknown).await;
    assert_eq!((calls, error.kind), (1, CallErrorKind::Unavailable));
    let expected = "vault is not called any more in this run: its failed calls have taken 20 s; the last one: cannot list \
                    secrets: status 503";
    assert_eq!(error.message, expected);
}

#[tokio::test(start_paused = true)]
async fn backend_that_responds_slowly_with_errors_is_called_until_the_limit() {
    assert_eq!(calls(Duration::from_secs(3), CallErrorKind::Unavailable).await.0, 4);
}

#[tokio::test(start_paused = true)]
async fn failures_without_a_loss_of_time_and_refusals_do_not_stop_the_calls() {
    assert_eq!(calls(Duration::ZERO, CallErrorKind::Unavailable).await.0, 101);
    assert_eq!(calls(LIMIT, CallErrorKind::Denied).await.0, 101);
}

#[tokio::test(start_paused = true)]
async fn other_systems_are_called_after_one_does_not_respond() {
    let limit = FailureLimit::new(LIMIT);
    let slow = async {
        tokio::time::sleep(LIMIT).await;
        Err::<(), _>(CallError::new(CallErrorKind::Unknown, "timed out"))
    };
    assert!(limit.run("git.acme.internal", slow).await.is_err());
    assert!(limit.run("git.acme.internal", async { Ok(()) }).await.is_err());
    assert!(limit.run("github.com", async { Ok(()) }).await.is_ok());
}
