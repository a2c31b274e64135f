//! The limit `max_environments`.
//!
//! Creates that run at once do not see each other before their namespaces exist, so the limit is checked three times:
//! before anything is created, after the namespace was created, and after the create has finished. Environments are
//! ordered by their time of creation and their name, and whoever is beyond the limit deletes the namespace that it has
//! just created.
//!
//! # Guarantees
//! - Creates that end well never leave more environments than allowed, however many run at once.
//!
//! # Caveats
//! - Two creates that finish at the same moment may both give up. The next apply of one of them succeeds.

use eod_clients::Deadline;
use eod_clients::kubernetes::{Deleted, Kubernetes, ObjectRef, Preconditions};
use eod_domain::{Environment, Nonce, labels};
use serde_json::Value;
use tfplugin::Diag;

use super::claim::{ClaimError, TRIES, seen_again};
use super::live;
use super::query;
use crate::explain;
use crate::provider::Context;

/// The limit for one create.
pub(super) struct EnvironmentLimit<'a> {
    kubernetes: &'a Kubernetes,
    environment: &'a Environment,
    call: &'a Deadline,
    max: u64,
}

/// Progress of the create that a check is part of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Progress {
    Claimed,
    Finished,
}

impl<'a> EnvironmentLimit<'a> {
    /// The limit of the provider block. `None` if there is none.
    pub(super) fn of(
        cx: &Context,
        kubernetes: &'a Kubernetes,
        environment: &'a Environment,
        call: &'a Deadline,
    ) -> Option<Self> {
        Some(Self { kubernetes, environment, call, max: cx.max_environments.clone().known()? })
    }

    /// Checks the limit before anything is created.
    ///
    /// # Errors
    /// The limit is reached, or the call failed.
    pub(super) async fn check(&self) -> Result<(), Diag> {
        let count = self.others().await?.len();
        if self.allows(count) { Ok(()) } else { Err(self.too_many(count)) }
    }

    /// Checks the limit for a namespace that was just created. If it is exceeded, the namespace is deleted.
    ///
    /// # Errors
    /// The limit is exceeded, or a call failed.
    pub(super) async fn check_claimed(&self, namespace: &Value, claim: &Nonce) -> Result<(), LimitCheckError> {
        self.keep_or_give_back(namespace, claim, Progress::Claimed).await
    }

    /// Checks the limit for an environment that was just finished. If it is exceeded, the namespace is deleted.
    ///
    /// # Errors
    /// The limit is exceeded, or a call failed.
    pub(super) async fn check_finished(&self, namespace: &Value, claim: &Nonce) -> Result<(), LimitCheckError> {
        self.keep_or_give_back(namespace, claim, Progress::Finished).await
    }

    async fn keep_or_give_back(&self, seen: &Value, claim: &Nonce, progress: Progress) -> Result<(), LimitCheckError> {
        let others = self.others().await.map_err(LimitCheckError::Remains)?;
        let ahead = others.iter().filter(|other| counts_first(other, seen, progress)).count();
        if self.allows(ahead) {
            return Ok(());
        }
        self.give_back(seen, claim).await?;
        Err(LimitCheckError::GivenBack(self.too_many(ahead)))
    }

    /// Deletes the namespace that this create has made, unless another state has claimed it since.
    async fn give_back(&self, seen: &Value, claim: &Nonce) -> Result<(), LimitCheckError> {
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

    fn allows(&self, others: usize) -> bool {
        u64::try_from(others).is_ok_and(|others| others < self.max)
    }

    fn too_many(&self, others: usize) -> Diag {
        Diag::error("Too many environments")
            .detail(format!(
                "Installation `{}` has {others} environments that were created before `{}`, and the provider's \
                 `max_environments` is {}. The environment was not created.",
                self.environment.installation, self.environment.name, self.max
            ))
            .hint("close a pull request that no longer needs its environment, or raise `max_environments`; then apply again")
    }
}

/// Failures of a check after the namespace was created.
pub(super) enum LimitCheckError {
    /// The namespace was deleted again, or belongs to another state.
    GivenBack(Diag),
    /// The namespace still exists.
    Remains(Diag),
}

/// True if another environment counts before ours: it was created earlier, or it was finished while ours is not.
fn counts_first(other: &Value, ours: &Value, progress: Progress) -> bool {
    let is_finished = live::annotation(other, labels::PROVISIONED_AT).is_some();
    (progress == Progress::Claimed && is_finished) || order(other) < order(ours)
}

/// Order of creation. The API server's time has whole seconds, so the name decides within one.
fn order(namespace: &Value) -> (&str, &str) {
    let created = namespace.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or_default();
    (created, live::name(namespace))
}

#[cfg(test)]
mod tests;
