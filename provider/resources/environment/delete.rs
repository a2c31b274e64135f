//! Destroy: only what we made, completely, and with the reason when it hangs.

use eod_clients::kubernetes::{Blockers, Deleted, Kubernetes, ObjectRef, Preconditions};
use eod_clients::{Deadline, Error, ErrorKind};
use eod_domain::Ownership;
use jiff::Timestamp;
use std::time::Duration;
use tfplugin::{Diag, Diags, RequestContext, State};

use super::EnvironmentResource;
use super::live;
use super::model::Input;
use super::ownership::{belongs_to, ownership, remembered};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

/// How long finding out what blocks a namespace may take, when its own time is already over.
const DIAGNOSIS: Duration = Duration::from_secs(20);

/// The refusal of a destroy that must not happen.
pub(super) fn refused(prior: &State<EnvironmentResource>) -> Option<Diag> {
    if prior.input.protected != Some(true) {
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

pub(super) async fn delete(
    cx: &Context,
    prior: State<EnvironmentResource>,
    call: &RequestContext,
) -> Result<(), Diags> {
    if let Some(refused) = refused(&prior) {
        return Err(refused.into());
    }
    let Some(name) = prior.input.name.as_ref().map(ToString::to_string) else { return Ok(()) };
    let kubernetes = cx.kubernetes()?;
    let limit = TimeoutsArgs::of_or_default(prior.input.timeouts.as_ref(), Operation::Delete);
    let remote = Deadline::within(limit, call.cancel.clone());
    let reference = ObjectRef::namespace(name.as_str());
    let found = kubernetes.get(&reference, &remote).await.map_err(|error| explain::remote(&error))?;
    let Some(namespace) = found else { return Ok(()) };
    let uid = match (ownership(cx, &remembered(&prior), &namespace), live::uid(&namespace)) {
        // The uid says that it is the one, whatever others have done to its marks.
        (Ownership::Ours | Ownership::Unmarked, Some(uid)) => uid,
        (Ownership::OtherInstallation { theirs }, _) => return Err(belongs_to(cx, &namespace, &theirs).into()),
        (Ownership::Another, _) | (_, None) => {
            call.warn(Diag::warning("A namespace was left alone").detail(format!(
                "Namespace `{name}` is not the one that this configuration made, so it is not deleted."
            )));
            return Ok(());
        }
    };
    let only_this = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
    match kubernetes.delete(&reference, &only_this, &remote).await.map_err(|error| explain::remote(&error))? {
        Deleted::Gone | Deleted::UidMismatch => return Ok(()),
        Deleted::Accepted | Deleted::InProgress | Deleted::Changed => {}
    }
    match kubernetes.wait_gone(&reference, Some(uid), &remote).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind == ErrorKind::Timeout => {
            Err(stuck(kubernetes, &reference, &error, cx.now(), call).await.into())
        }
        Err(error) => Err(explain::remote(&error).into()),
    }
}

/// What holds the namespace, and what to do about it.
async fn stuck(
    kubernetes: &Kubernetes,
    reference: &ObjectRef,
    error: &Error,
    now: Timestamp,
    call: &RequestContext,
) -> Diag {
    let remote = Deadline::within(DIAGNOSIS, call.cancel.clone());
    let diag = Diag::error("The namespace does not go away");
    let last = kubernetes.get(reference, &remote).await.ok().flatten();
    let Some(namespace) = last else { return diag.cause(error) };
    let blockers: Blockers = kubernetes.blockers(&namespace, now, &remote).await;
    let found = if blockers.is_empty() { String::new() } else { format!("{blockers}\n") };
    let advice = explain::kubernetes::blockers(&blockers);
    let hint = if advice.is_empty() {
        "destroy again to go on waiting, or raise `timeouts.delete`".to_owned()
    } else {
        format!("{}; then destroy again", advice.join("; "))
    };
    diag.detail(found).cause(error).hint(hint)
}
