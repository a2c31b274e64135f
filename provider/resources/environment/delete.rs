//! Destroy: deletes only the namespace that this state owns, waits until it is gone, and names the blockers of the
//! deletion.

use eod_clients::kubernetes::{Blockers, Deleted, Kubernetes, ObjectRef, Preconditions};
use eod_clients::{Deadline, Error, ErrorKind};
use eod_domain::{EnvironmentName, NamespaceFacts, Ownership};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;
use tfplugin::{Diag, Diags, RequestContext, State, Text};

use super::claim::TRIES;
use super::ledger::{CALL_LIMIT, DestroyRecord, EnvironmentLedger};
use super::model::Input;
use super::ownership::{installation_name, ownership, remembered};
use super::{EnvironmentResource, arguments, live, refusal};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

/// Maximum duration of the diagnosis of a namespace that still exists at the end of the timeout of the destroy.
const DIAGNOSIS: Duration = Duration::from_secs(20);

/// The error for the destroy of a protected environment. An absent one can be destroyed.
pub(super) fn refused_error(prior: &State<EnvironmentResource>) -> Option<Diag> {
    if prior.input.protected != Some(true) || prior.private.absence.is_some() {
        return None;
    }
    let name = prior.input.name.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(
        Diag::error("The environment is protected")
            .detail(format!("Environment `{name}` is protected, so it is not destroyed."))
            .hint("set `protected = false`, apply, then destroy")
            .at(Input::PROTECTED),
    )
}

/// The namespace that a destroy deletes.
struct DeletionTarget {
    uid: String,
    version: Option<String>,
}

pub(super) async fn delete(
    cx: &Context,
    prior: State<EnvironmentResource>,
    call: &RequestContext,
) -> Result<(), Diags> {
    if let Some(refused) = refused_error(&prior) {
        return Err(refused.into());
    }
    let Some(Text(name)) = prior.input.name.clone() else { return Ok(()) };
    let kubernetes = cx.kubernetes()?;
    let limit = TimeoutsArgs::of_or_default(prior.input.timeouts.as_ref(), Operation::Delete);
    let remote = Deadline::within(limit, call.cancel.clone());
    Destroy { cx, kubernetes, prior: &prior, name: &name, remote: &remote, call }.run().await
}

/// A destroy of one environment.
struct Destroy<'a> {
    cx: &'a Context,
    kubernetes: &'a Kubernetes,
    prior: &'a State<EnvironmentResource>,
    name: &'a EnvironmentName,
    remote: &'a Deadline,
    call: &'a RequestContext,
}

impl Destroy<'_> {
    /// Deletes the namespace and waits until it is gone. The ledger records the begin and the end.
    async fn run(&self) -> Result<(), Diags> {
        let Self { cx, kubernetes, name, remote, call, .. } = *self;
        let reference = ObjectRef::namespace(name.as_str());
        let (mut has_begun, mut record) = (false, None);
        for _ in 0..TRIES {
            let found = kubernetes.get(&reference, remote).await.map_err(|error| explain::remote(&error))?;
            let Some(namespace) = found else {
                let uid = self.prior.output.as_ref().map(|output| output.uid.as_str());
                if !has_begun {
                    record = self.begin(uid).await;
                }
                self.finish(record, uid).await;
                return Ok(());
            };
            let target = deletion_target(cx, self.prior, name.as_str(), &namespace)?;
            let DeletionTarget { uid, version } = match target {
                Ok(target) => target,
                Err(warning) => {
                    call.warn(warning);
                    return Ok(());
                }
            };
            if !has_begun {
                record = self.begin(Some(&uid)).await;
                has_begun = true;
            }
            // The version is a precondition: a claim that was written after the read keeps the namespace.
            let as_seen = Preconditions { uid: Some(uid.clone()), resource_version: version };
            match kubernetes.delete(&reference, &as_seen, remote).await.map_err(|error| explain::remote(&error))? {
                Deleted::Changed => continue,
                Deleted::Gone | Deleted::UidMismatch | Deleted::Accepted | Deleted::InProgress => {}
            }
            return match kubernetes.wait_gone(&reference, Some(&uid), remote).await {
                Ok(_) => {
                    self.finish(record, Some(&uid)).await;
                    Ok(())
                }
                Err(error) if error.kind == ErrorKind::Timeout => {
                    Err(stuck(kubernetes, &reference, &error, cx.now(), call).await.into())
                }
                Err(error) => Err(explain::remote(&error).into()),
            };
        }
        Err(refusal::unsteady_error(name.as_str()).into())
    }

    /// Records the start of the destroy. The record of an environment that others have ended is not changed.
    async fn begin(&self, uid: Option<&str>) -> Option<DestroyRecord> {
        if self.prior.private.absence.is_some() {
            return None;
        }
        self.ledger()?.begin_destroy(&arguments::identity(&self.prior.input), uid).await
    }

    /// Records the end of the destroy.
    async fn finish(&self, record: Option<DestroyRecord>, uid: Option<&str>) {
        if let (Some(ledger), Some(record)) = (self.ledger(), record) {
            ledger.finish_destroy(record, uid).await;
        }
    }

    /// The ledger, with a time limit that starts now. None if the control namespace is not known: the ledger stops no
    /// destroy.
    fn ledger(&self) -> Option<EnvironmentLedger<'_>> {
        EnvironmentLedger::of(self.cx, self.name, &self.remote.at_most(CALL_LIMIT), self.call).ok()
    }
}

/// The namespace to delete, or the warning that it is kept.
///
/// # Errors
/// The namespace belongs to another installation.
fn deletion_target(
    cx: &Context,
    prior: &State<EnvironmentResource>,
    name: &str,
    namespace: &Value,
) -> Result<Result<DeletionTarget, Diag>, Diag> {
    let remembered = remembered(prior);
    match (ownership(cx, &remembered, namespace), live::uid(namespace)) {
        (Ownership::OtherInstallation { theirs }, _) => {
            Err(refusal::other_installation_error(name, &theirs, &installation_name(cx)))
        }
        (Ownership::Superseded, _) => Ok(Err(refusal::not_deleted_warning(name))),
        (Ownership::Another, _) | (_, None) => Ok(Err(refusal::other_namespace_warning(name))),
        // The claim is lost, and there was no refresh that would have restored it.
        (Ownership::Ours | Ownership::Unmarked, Some(_))
            if remembered.uid.is_some()
                && remembered.claims.is_empty()
                && !prior.private.planned
                && NamespaceFacts::read(namespace).ownership.nonce.is_some() =>
        {
            Ok(Err(refusal::unknown_claim_warning(name)))
        }
        // The uid identifies the namespace, even if its ownership labels were changed.
        (Ownership::Ours | Ownership::Unmarked, Some(uid)) => {
            Ok(Ok(DeletionTarget { uid: uid.to_owned(), version: live::version(namespace).map(str::to_owned) }))
        }
    }
}

/// The error for a namespace that still exists after the timeout: the blockers of the deletion, with advice.
async fn stuck(
    kubernetes: &Kubernetes,
    reference: &ObjectRef,
    error: &Error,
    now: Timestamp,
    call: &RequestContext,
) -> Diag {
    let remote = Deadline::within(DIAGNOSIS, call.cancel.clone());
    let diag = Diag::error("The namespace was not deleted in time");
    let last = kubernetes.get(reference, &remote).await.ok().flatten();
    let Some(namespace) = last else { return diag.cause(error) };
    let blockers: Blockers = kubernetes.blockers(&namespace, now, &remote).await;
    let found = if blockers.is_empty() { String::new() } else { format!("{blockers}\n") };
    let advice = explain::kubernetes::blockers(&blockers);
    let hint = if advice.is_empty() {
        format!(
            "read `kubectl get namespace {} -o yaml`; then destroy again to continue to wait, or raise `timeouts.delete`",
            reference.name
        )
    } else {
        format!("{}; then destroy again", advice.join("; "))
    };
    diag.detail(found).cause(error).hint(hint)
}
