//! The limit `max_environments`.
//!
//! Concurrent creates do not see each other before their namespaces exist, so the limit is checked before anything is
//! created, after the namespace was created, before the create is recorded as finished, and after it. Environments are
//! ordered by creation time and name, and a create beyond the limit deletes the namespace that it has just created. The
//! environment then waits in a queue, which the ledgers record, and a free place goes to the first in the queue.
//!
//! # Guarantees
//! - Successful creates never leave more environments than allowed, however many run at once.
//! - With one clock of the API servers there are never more finished environments than allowed: a create is finished
//!   only after the second of its claim is over, so that no later claim comes before it in the order.

use eod_clients::Deadline;
use eod_clients::kubernetes::{Deleted, Kubernetes, ObjectRef, Preconditions};
use eod_domain::ledger::ClaimedPlace;
use eod_domain::{Environment, Nonce, labels};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tfplugin::Diag;

use super::claim::{ClaimError, TRIES, seen_again};
use super::ledger::{CreateRecord, EnvironmentLedger, ListedLedger, Waiting, WaitingPlace};
use super::live;
use super::query;
use crate::explain;
use crate::provider::Context;

/// Resolution of the times of creation that the API server writes.
const CREATION_RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

/// The limit for one create.
pub(super) struct EnvironmentLimit<'a> {
    cx: &'a Context,
    kubernetes: &'a Kubernetes,
    environment: &'a Environment,
    ledger: &'a EnvironmentLedger<'a>,
    call: &'a Deadline,
    max: u64,
    waiting: Waiting,
    /// True if the configuration requests the return of an ended environment.
    lifted: bool,
}

/// Progress of the create that a check is part of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Progress {
    Claimed,
    Finished,
}

impl<'a> EnvironmentLimit<'a> {
    /// The limit of the provider block, checked before anything is created. `None` if there is none. `lifted` is true if the
    /// configuration requests the return of an ended environment.
    ///
    /// # Errors
    /// The limit is reached, and the environment waits; or a call failed.
    pub(super) async fn check(
        cx: &'a Context,
        kubernetes: &'a Kubernetes,
        environment: &'a Environment,
        ledger: &'a EnvironmentLedger<'a>,
        lifted: bool,
        call: &'a Deadline,
    ) -> Result<Option<Self>, Diag> {
        let Some(max) = cx.max_environments.clone().known() else { return Ok(None) };
        let waiting = ledger.waiting().await?;
        let limit = Self { cx, kubernetes, environment, ledger, call, max, waiting, lifted };
        let own = (cx.server_now(), environment.name.clone());
        match limit.queue_place(&own, Progress::Claimed).await? {
            None => Ok(Some(limit)),
            Some(place) => {
                let place = ledger.queue(environment, lifted, None, &limit.waiting, place).await;
                Err(limit.too_many_error(place))
            }
        }
    }

    /// Ledger of the environment, as listed with the queue.
    pub(super) fn listed_ledger(&self) -> ListedLedger {
        self.waiting.own()
    }

    /// Checks the limit for a namespace that was just created. If it is exceeded, the namespace is deleted.
    ///
    /// # Errors
    /// The limit is exceeded, or a call failed.
    pub(super) async fn check_claimed(
        &self,
        namespace: &Value,
        claim: &Nonce,
        record: &CreateRecord,
    ) -> Result<(), LimitCheckError> {
        self.keep_or_delete_again(namespace, claim, record, Progress::Claimed).await
    }

    /// Checks the limit for an environment that is complete except for its last write. Waits until the second of its
    /// claim (`claimed_at` on this machine) is over: until then, other creates may come before it in the order.
    ///
    /// # Errors
    /// The limit is exceeded, or a call failed.
    pub(super) async fn check_settled(
        &self,
        namespace: &Value,
        claim: &Nonce,
        record: &CreateRecord,
        claimed_at: Timestamp,
    ) -> Result<(), LimitCheckError> {
        let elapsed = self.cx.now().duration_since(claimed_at);
        let left = CREATION_RESOLUTION.saturating_sub(elapsed).clamp(SignedDuration::ZERO, CREATION_RESOLUTION);
        // An interruption is reported by the next call.
        let _ = self.call.pause(left.unsigned_abs()).await;
        self.keep_or_delete_again(namespace, claim, record, Progress::Claimed).await
    }

    /// Checks the limit for an environment that was just finished. If it is exceeded, the namespace is deleted.
    ///
    /// # Errors
    /// The limit is exceeded, or a call failed.
    pub(super) async fn check_finished(
        &self,
        namespace: &Value,
        claim: &Nonce,
        record: &CreateRecord,
    ) -> Result<(), LimitCheckError> {
        self.keep_or_delete_again(namespace, claim, record, Progress::Finished).await
    }

    async fn keep_or_delete_again(
        &self,
        seen: &Value,
        claim: &Nonce,
        record: &CreateRecord,
        progress: Progress,
    ) -> Result<(), LimitCheckError> {
        let own = place(seen).unwrap_or_else(|| (self.cx.server_now(), self.environment.name.clone()));
        let found = self.queue_place(&own, progress).await.map_err(LimitCheckError::Remains)?;
        let Some(place) = found else { return Ok(()) };
        self.delete_again(seen, claim).await?;
        let place = self.ledger.queue(self.environment, self.lifted, Some(record), &self.waiting, place).await;
        Err(LimitCheckError::GivenBack(self.too_many_error(place)))
    }

    /// Place in the queue, if the environment has to wait.
    async fn queue_place(&self, own: &ClaimedPlace, progress: Progress) -> Result<Option<WaitingPlace>, Diag> {
        let others = self.others().await?;
        let mut claimed: Vec<_> = others.iter().filter_map(|other| counted_place(other, progress)).collect();
        claimed.push(own.clone());
        Ok(self.waiting.place(own, &claimed, self.max, self.cx.server_now()))
    }

    /// Deletes the namespace that this create has created, unless another state has claimed it since.
    async fn delete_again(&self, seen: &Value, claim: &Nonce) -> Result<(), LimitCheckError> {
        let name = self.environment.name.as_str();
        let mut namespace = seen.clone();
        for _ in 0..TRIES {
            let as_seen = Preconditions {
                uid: live::uid(&namespace).map(str::to_owned),
                resource_version: live::version(&namespace).map(str::to_owned),
            };
            let deleted = self.kubernetes.delete(&ObjectRef::namespace(name), &as_seen, self.call).await;
            match deleted.map_err(|error| LimitCheckError::Remains(explain::remote(&error)))? {
                Deleted::Changed => {}
                Deleted::Accepted | Deleted::Gone | Deleted::InProgress | Deleted::UidMismatch => return Ok(()),
            }
            match seen_again(self.kubernetes, self.environment, &namespace, claim, self.call).await {
                Ok(found) => namespace = found,
                Err(ClaimError::Gone) => return Ok(()),
                Err(error @ ClaimError::Superseded) => return Err(LimitCheckError::GivenBack(error.diag(name))),
                Err(error) => return Err(LimitCheckError::Remains(error.diag(name))),
            }
        }
        Err(LimitCheckError::Remains(ClaimError::Unsteady.diag(name)))
    }

    /// The other environments of the installation that are not being deleted.
    async fn others(&self) -> Result<Vec<Value>, Diag> {
        let all = query::namespaces(query::selector(&self.environment.installation));
        let mut found = self.kubernetes.list(&all, self.call).await.map_err(|error| explain::remote(&error))?;
        found.retain(|other| live::name(other) != self.environment.name.as_str() && !live::is_terminating(other));
        Ok(found)
    }

    fn too_many_error(&self, place: WaitingPlace) -> Diag {
        let WaitingPlace { position, waiting } = place;
        let name = &self.environment.name;
        Diag::error("Too many environments")
            .detail(format!(
                "Installation `{}` has no free place for `{name}`: the provider's `max_environments` is {}. The environment \
                 was not created. It waits as number {position} of {waiting} in the queue, and loses its place if it is not \
                 applied again within an hour.",
                self.environment.installation, self.max
            ))
            .hint("apply again later; or close a pull request that no longer needs its environment, or raise `max_environments`")
    }
}

/// Results of a failed check after the namespace was created.
pub(super) enum LimitCheckError {
    /// The namespace was deleted again, or belongs to another state.
    GivenBack(Diag),
    /// The namespace still exists.
    Remains(Diag),
}

/// Place of another environment. A finished one counts before all that are not finished.
fn counted_place(other: &Value, progress: Progress) -> Option<ClaimedPlace> {
    let (created, name) = place(other)?;
    let is_finished = live::annotation(other, labels::PROVISIONED_AT).is_some();
    let counts_first = progress == Progress::Claimed && is_finished;
    Some((if counts_first { Timestamp::MIN } else { created }, name))
}

/// Place in the order of creation. The API server's time has whole seconds, so the name decides within one.
fn place(namespace: &Value) -> Option<ClaimedPlace> {
    let created = namespace.pointer("/metadata/creationTimestamp").and_then(Value::as_str)?.parse().ok()?;
    Some((created, live::environment_name(namespace)?))
}

#[cfg(test)]
mod tests;
