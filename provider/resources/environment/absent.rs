//! Environments that were ended outside of their configuration: absent, but still in the state.
//!
//! # Guarantees
//! - An absent environment makes no diff until the configuration requests its return.
//! - A plan of a return and its apply decide by the same rule.

use eod_clients::Deadline;
use eod_domain::ledger::{ReturnChange, ReturnReason, return_reason};
use eod_domain::{
    Absence, Environment, EnvironmentName, NamespacePresence, OnExpired, RefreshDecision, RememberedLife, Status,
    refresh_decision,
};
use serde_json::{Value, json};
use tfplugin::{Applied, Attr, Diag, Diags, DraftOf, Field, Key, ModelOf, RequestContext, Resource as _, State, Text};

use super::create::CreateReason;
use super::ledger::EnvironmentLedger;
use super::model::{Input, Output, Private};
use super::{EnvironmentResource, arguments, cost};
use crate::provider::Context;

/// Result of a refresh of an environment without a living namespace.
pub(super) enum AbsenceRefresh {
    /// The environment is absent and stays in the state.
    Absent(State<EnvironmentResource>),
    /// The environment was ended, or its return was interrupted; it leaves the state.
    Leaves,
    /// The environment was not ended; the state is the prior one.
    NotEnded(State<EnvironmentResource>),
}

/// Reads the ledger to find out if an environment without a living namespace was ended, and warns if it was.
///
/// # Errors
/// The ledger cannot be read, so an end cannot be distinguished from a loss.
pub(super) async fn refresh(
    cx: &Context,
    prior: State<EnvironmentResource>,
    presence: NamespacePresence,
    remote: &Deadline,
    call: &RequestContext,
) -> Result<AbsenceRefresh, Diags> {
    let (Some(Text(name)), Some(output)) = (prior.input.name.clone(), prior.output.clone()) else {
        // A failed create has no life that could have been ended.
        return Ok(AbsenceRefresh::NotEnded(prior));
    };
    let head = EnvironmentLedger::of(cx, &name, remote, call)?.head().await?;
    let identity = arguments::identity(&prior.input);
    let life =
        RememberedLife { identity: &identity, uid: Some(&output.uid), absence: prior.private.absence.as_deref() };
    let on_expired = prior.input.on_expired.as_ref().map(|Text(on_expired)| *on_expired).unwrap_or_default();
    match refresh_decision(presence, &life, head.as_ref(), on_expired) {
        RefreshDecision::Absent(absence) => {
            call.warn(ended_warning(&name, &absence, on_expired));
            Ok(AbsenceRefresh::Absent(absent(prior, output, absence)))
        }
        RefreshDecision::Leaves(Some(absence)) => {
            call.warn(ended_warning(&name, &absence, on_expired));
            Ok(AbsenceRefresh::Leaves)
        }
        RefreshDecision::Returning => {
            call.warn(returning_warning(&name));
            Ok(AbsenceRefresh::Leaves)
        }
        RefreshDecision::Lives | RefreshDecision::Replace | RefreshDecision::Leaves(None) => {
            Ok(AbsenceRefresh::NotEnded(prior))
        }
    }
}

/// The error for an update of an environment that was ended after its plan. None if it was not ended.
pub(super) async fn ended_since_plan_error(
    cx: &Context,
    prior: &State<EnvironmentResource>,
    remote: &Deadline,
) -> Option<Diag> {
    let (Some(Text(name)), Some(output)) = (&prior.input.name, &prior.output) else { return None };
    // The update has failed already. A ledger that cannot be read adds nothing to its error.
    let no_warnings = RequestContext::default();
    let head = EnvironmentLedger::of(cx, name, remote, &no_warnings).ok()?.head().await.ok()?;
    let identity = arguments::identity(&prior.input);
    let life = RememberedLife { identity: &identity, uid: Some(&output.uid), absence: None };
    match refresh_decision(NamespacePresence::Gone, &life, head.as_ref(), OnExpired::KeepAbsent) {
        RefreshDecision::Absent(absence) => Some(
            Diag::error("The environment ended while this plan was made")
                .detail(format!(
                    "Environment `{name}` was ended at {} with reason `{}`. Nothing was changed.",
                    absence.ended_at, absence.reason
                ))
                .hint("plan again: the refresh records the end"),
        ),
        _ => None,
    }
}

/// Plans the computed attributes of an absent environment: unknown if it may return, else unchanged.
pub(super) fn plan_return(draft: &mut DraftOf<'_, EnvironmentResource>) {
    let Some(absence) = draft.private.absence.take() else { return };
    if draft.is_create() {
        return;
    }
    if may_return(draft, &absence) {
        unknown(draft, Output::ID);
        unknown(draft, Output::UID);
        unknown(draft, Output::CREATED_AT);
        unknown(draft, Output::STATUS);
        unknown(draft, Output::LAST_ACTIVITY_AT);
        unknown(draft, Output::EXPIRES_AT);
        unknown(draft, Output::ENDED_AT);
        unknown(draft, Output::ENDED_REASON);
    } else {
        draft.keep(Output::STATUS);
        draft.keep(Output::LAST_ACTIVITY_AT);
        draft.keep(Output::EXPIRES_AT);
    }
    draft.private.absence = Some(absence);
}

/// True if the configuration brings the environment back, or may do so once it is known.
fn may_return(draft: &DraftOf<'_, EnvironmentResource>, absence: &Absence) -> bool {
    let (sha, extension) = (draft.config(Input::HEAD_SHA), draft.config(Input::EXTENSION));
    let on_expired = draft.config(Input::ON_EXPIRED);
    if sha.is_unknown() || extension.is_unknown() || on_expired.is_unknown() {
        return true;
    }
    let sha = sha.known();
    let change = ReturnChange {
        head_sha: sha.as_ref().map(|Text(sha)| sha),
        extended: draft.changed(Input::EXTENSION) && extension.known().is_some_and(|text| !text.is_empty()),
        recreate: on_expired.known() == Some(Text(OnExpired::Recreate)),
    };
    return_reason(&absence.tombstone, &change).is_some()
}

/// Kind of the return that an update makes; none if the environment stays absent.
pub(super) fn return_of(absence: &Absence, before: &Input, after: &Input) -> Option<CreateReason> {
    let is_extended =
        before.extension != after.extension && after.extension.as_ref().is_some_and(|text| !text.is_empty());
    let change = ReturnChange {
        head_sha: after.head_sha.as_ref().map(|Text(sha)| sha),
        extended: is_extended,
        recreate: after.on_expired == Some(Text(OnExpired::Recreate)),
    };
    return_reason(&absence.tombstone, &change).map(|reason| match reason {
        ReturnReason::Commit | ReturnReason::Lifted => CreateReason::Recorded,
        ReturnReason::Extension | ReturnReason::Recreate => CreateReason::Requested,
    })
}

/// Result of an update that does not bring the environment back: its arguments are recorded in the state only.
pub(super) fn unchanged(
    cx: &Context,
    prior: State<EnvironmentResource>,
    environment: &Environment,
) -> Result<Applied<EnvironmentResource>, Diag> {
    let output = prior.output.ok_or_else(|| Diag::bug("an absent environment has no attributes"))?;
    let output = Output {
        effective_labels: environment.namespace_labels(),
        cost_per_day_usd: cost::per_day(cx, environment),
        drift: Vec::new(),
        ..output
    };
    Ok(Applied { output, private: prior.private })
}

/// A state of the current version. States of older providers have no `on_expired`, and its default is not a change.
pub(super) fn upgraded(from: i64, mut state: Value) -> Result<Value, Diags> {
    if from != EnvironmentResource::VERSION {
        return Err(Diag::error("State of an unknown version")
            .detail(format!(
                "{} writes version {}, the state has {from}.",
                EnvironmentResource::TYPE,
                EnvironmentResource::VERSION
            ))
            .into());
    }
    let name = Input::ON_EXPIRED.name();
    if let Some(attributes) = state.as_object_mut()
        && attributes.get(name).is_none_or(Value::is_null)
    {
        attributes.insert(name.to_owned(), json!(OnExpired::default()));
    }
    Ok(state)
}

/// The state of an absent environment.
fn absent(prior: State<EnvironmentResource>, output: Output, absence: Absence) -> State<EnvironmentResource> {
    let output = Output {
        status: Status::Destroyed.to_string(),
        ended_at: Some(absence.ended_at.to_string()),
        ended_reason: Some(absence.reason.to_string()),
        drift: Vec::new(),
        ..output
    };
    let Private { nonce, next_nonce, generation, .. } = prior.private;
    let absence = Some(Box::new(absence));
    let private = Private { nonce, next_nonce, generation, absence, ..Private::default() };
    State { input: prior.input, output: Some(output), private }
}

/// The warning about an environment that was ended.
fn ended_warning(name: &EnvironmentName, absence: &Absence, on_expired: OnExpired) -> Diag {
    let Absence { ended_at, reason, tombstone } = absence;
    let diag = Diag::warning(format!("Environment {name} has ended"));
    match on_expired {
        OnExpired::KeepAbsent => diag
            .detail(format!(
                "Environment `{name}` was ended at {ended_at} with reason `{reason}`. It stays in the state as absent, and \
                 nothing is created."
            ))
            .hint(format!(
                "to bring it back, push a commit (`head_sha`), change `extension`, set `on_expired = \"recreate\"`, reopen or \
                 label the pull request, or run `eod wake {name}`"
            )),
        OnExpired::Recreate => diag
            .detail(format!(
                "Environment `{name}` was ended at {ended_at} with reason `{reason}`. It leaves the state, because \
                 `on_expired` is `recreate`."
            ))
            .hint(if reason.refuses_same_commit() && !tombstone.lifted {
                format!(
                    "after reason `{reason}`, a create with the same commit is refused: push a commit, reopen the pull request, \
                     or run `eod wake {name}`, then apply"
                )
            } else {
                "apply to create it again, or set `on_expired = \"keep_absent\"`".to_owned()
            }),
    }
}

/// The warning about a create after this life that is not finished.
fn returning_warning(name: &EnvironmentName) -> Diag {
    Diag::warning(format!("The return of environment {name} was interrupted"))
        .detail(format!(
            "The namespace of the state does not exist. The ledger of environment `{name}` has the phase `creating`: a run \
             started to create it again and has not finished. The environment leaves the state, and the plan shows a create."
        ))
        .hint("apply: this continues the interrupted create. If another run is still active, wait until it has ended")
}

fn unknown<M, T>(draft: &mut DraftOf<'_, EnvironmentResource>, key: Key<M, T>)
where
    M: ModelOf<Input, Output>,
    T: Field,
{
    draft.set(key, Attr::Unknown);
}

#[cfg(test)]
mod tests;
