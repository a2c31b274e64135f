//! Waiting: a named condition, a deadline, and what was seen last.
//!
//! Polling needs only `get` and survives restarts of the API server, which a watch does not.

use std::{future::Future, time::Duration};

use serde_json::Value;

use super::{
    client::{Kubernetes, SYSTEM},
    conditions::summary,
    object::ObjectRef,
};
use crate::{Deadline, Error, ErrorKind, deadline::Stop};

/// The first pause; most waits are short.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How a condition stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WaitStep<T> {
    /// It holds.
    Done(T),
    /// It does not hold yet; the text says how things stand.
    Pending(String),
}

/// Why a wait ended without its condition.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{stop}; last seen: {status}")]
pub struct LastSeen {
    /// What ended the wait.
    pub stop: Stop,
    /// How things stood at the last look.
    pub status: String,
}

impl Kubernetes {
    /// Looks again and again, with growing pauses, until `look` is done, fails, or the call ends. `target` names
    /// what is waited for, ``namespace `shop` to be gone``.
    pub async fn wait<T, F, L>(&self, target: &str, call: &Deadline, mut look: F) -> Result<T, Error>
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
                    ErrorKind::Timeout => return Err(ended(target, Stop::Deadline(call.limit()), status)),
                    ErrorKind::Cancelled => return Err(ended(target, Stop::Cancelled, status)),
                    _ => return Err(error),
                },
            }
            if let Err(stop) = call.pause(pause).await {
                return Err(ended(target, stop, status));
            }
            pause = pause.mul_f64(1.25).min(LONGEST_PAUSE);
        }
    }

    /// Waits until the object is gone. With a uid, an object of the same name that was created since counts as gone
    /// and is returned.
    pub async fn wait_gone(
        &self,
        object: &ObjectRef,
        uid: Option<&str>,
        call: &Deadline,
    ) -> Result<Option<Value>, Error> {
        self.wait(&format!("{object} to be gone"), call, || async move {
            let Some(live) = self.get(object, call).await? else {
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

fn ended(target: &str, stop: Stop, status: String) -> Error {
    Error::new(SYSTEM, "wait for", target, ErrorKind::from(stop)).because(LastSeen { stop, status })
}
