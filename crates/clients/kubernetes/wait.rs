//! Waits for a named condition until a deadline, and reports the last status.
//!
//! Polling needs only `get` and works during a restart of the API server, unlike a watch.

use std::{future::Future, time::Duration};

use serde_json::Value;

use super::{client::Kubernetes, conditions::summary, object::ObjectRef, request::SYSTEM};
use crate::{Deadline, Error, ErrorKind, deadline::Interruption};

/// First pause. Most waits are short.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Maximum pause.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Status of a condition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WaitStep<T> {
    /// The condition is true.
    Done(T),
    /// The condition is not true yet; the text is the last status.
    Pending(String),
}

/// End of a wait before its condition was true.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}; last status: {status}")]
pub struct LastSeen {
    /// Reason for the end of the wait.
    pub reason: Interruption,
    /// Last status of the condition.
    pub status: String,
}

impl Kubernetes {
    /// Calls `look` with growing pauses until it returns [`WaitStep::Done`]. `target` names the condition, such as
    /// ``namespace `shop` to be gone``.
    ///
    /// # Errors
    ///
    /// `look` failed, or the deadline expired or was cancelled, see [`LastSeen`].
    pub async fn wait<T, F, L>(&self, target: &str, deadline: &Deadline, mut look: F) -> Result<T, Error>
    where
        F: FnMut() -> L,
        L: Future<Output = Result<WaitStep<T>, Error>>,
    {
        let mut status = "nothing yet".to_owned();
        let mut pause = FIRST_PAUSE;
        loop {
            match look().await {
                Ok(WaitStep::Done(done)) => return Ok(done),
                Ok(WaitStep::Pending(seen)) => status = seen,
                Err(error) => match error.kind {
                    ErrorKind::Timeout => return Err(ended(target, Interruption::TimedOut(deadline.limit()), status)),
                    ErrorKind::Cancelled => return Err(ended(target, Interruption::Cancelled, status)),
                    _ => return Err(error),
                },
            }
            if let Err(reason) = deadline.pause(pause).await {
                return Err(ended(target, reason, status));
            }
            pause = pause.mul_f64(1.25).min(MAX_PAUSE);
        }
    }

    /// Waits until the object does not exist. An object of the same name with another uid than `uid` ends the wait as
    /// well and is returned.
    ///
    /// # Errors
    ///
    /// A request failed, or the deadline expired or was cancelled, see [`LastSeen`].
    pub async fn wait_gone(
        &self,
        object: &ObjectRef,
        uid: Option<&str>,
        deadline: &Deadline,
    ) -> Result<Option<Value>, Error> {
        self.wait(&format!("{object} to be gone"), deadline, || async move {
            let Some(live) = self.get(object, deadline).await? else {
                return Ok(WaitStep::Done(None));
            };
            let live_uid = live.pointer("/metadata/uid").and_then(Value::as_str);
            match uid {
                Some(uid) if live_uid != Some(uid) => Ok(WaitStep::Done(Some(live))),
                _ => Ok(WaitStep::Pending(summary(&live))),
            }
        })
        .await
    }
}

fn ended(target: &str, reason: Interruption, status: String) -> Error {
    Error::new(SYSTEM, "wait for", target, ErrorKind::from(reason)).because(LastSeen { reason, status })
}
