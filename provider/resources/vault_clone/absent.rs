//! Copies that were removed with their environment: absent, but still in the state.
//!
//! # Guarantees
//! - An absent copy makes no diff as long as its environment is ended.
//! - An update with an unknown `environment`, which is the return of the environment, creates the copy again.
//!   Terraform plans it a second time when the environment is known; then its ledger shows that the environment exists.

use eod_clients::Deadline;
use eod_domain::ledger::LedgerHead;
use eod_domain::vault::EnvironmentLabel;
use tfplugin::{Attr, Diag, DraftOf, RequestContext, State, Text};

use super::VaultClone;
use super::model::{Input, Output};
use crate::environment_head::environment_head;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

/// True if the ledger shows that the environment of a removed copy is ended; warns if it is. A ledger that cannot be
/// read is a warning: the copy then counts as lost.
pub(super) async fn is_ended(
    cx: &Context,
    prior: &State<VaultClone>,
    remote: &Deadline,
    call: &RequestContext,
) -> bool {
    let environment = &prior.input.environment.0;
    match environment_head(cx, environment, remote).await {
        Ok(Some(head)) if head.is_absent() => {
            call.warn(ended_warning(environment, &head, prior));
            true
        }
        Ok(_) => false,
        Err(problem) => {
            call.warn(unknown_end_warning(environment, &problem));
            false
        }
    }
}

/// True if the environment has a ledger that shows its end or return.
pub(super) async fn can_return(cx: &Context, prior: &State<VaultClone>, remote: &Deadline) -> bool {
    matches!(environment_head(cx, &prior.input.environment.0, remote).await, Ok(Some(_)))
}

/// Plans the return of an absent copy: its computed attributes are unknown.
pub(super) async fn plan_return(cx: &Context, draft: &mut DraftOf<'_, VaultClone>, call: &RequestContext) {
    draft.private.returns = false;
    if draft.is_create() || !draft.private.absent {
        return;
    }
    draft.private.returns = match draft.planned(Input::ENVIRONMENT) {
        Attr::Known(Text(environment)) => {
            let timeouts = draft.planned(Input::TIMEOUTS).known();
            let limit = TimeoutsArgs::of_or_default(timeouts.as_ref(), Operation::Read);
            let remote = Deadline::within(limit, call.cancel.clone());
            match environment_head(cx, &environment, &remote).await {
                Ok(head) => head.is_some_and(|head| !head.is_absent()),
                Err(problem) => {
                    call.warn(unknown_return_warning(&environment, &problem));
                    false
                }
            }
        }
        Attr::Null | Attr::Unknown => true,
    };
    if draft.private.returns {
        draft.set(Output::KEYS, Attr::Unknown);
        draft.set(Output::SECRET_REF, Attr::Unknown);
        draft.set(Output::CREATED_AT, Attr::Unknown);
    }
}

fn ended_warning(name: &EnvironmentLabel, head: &LedgerHead, prior: &State<VaultClone>) -> Diag {
    let copy = prior.output.as_ref().map(|output| output.id.as_str()).unwrap_or_default();
    let reason = head.reason.map(|reason| format!(" with reason `{reason}`")).unwrap_or_default();
    Diag::warning(format!("The copy was removed with its environment: {copy}"))
        .detail(format!(
            "Environment `{name}` was ended{reason}, and its copy `{copy}` no longer exists. The copy stays in the state. It is \
             created again when the environment returns."
        ))
        .hint(
            "set `environment = eod_environment.<name>.id`, so that one run creates both again; with `.name` the copy is \
             created one apply later",
        )
}

fn unknown_return_warning(name: &EnvironmentLabel, problem: &str) -> Diag {
    Diag::warning(format!("The ledger of environment {name} cannot be read"))
        .detail(format!(
            "The copy of secrets was removed with its environment, and the ledger of the environment cannot be read: {problem}. \
             The plan does not create the copy again."
        ))
        .hint("allow this run to read ConfigMaps in the control namespace, or plan again when the API server answers")
}

fn unknown_end_warning(name: &EnvironmentLabel, problem: &str) -> Diag {
    Diag::warning(format!("The ledger of environment {name} cannot be read"))
        .detail(format!(
            "A copy of secrets of the environment no longer exists, and its ledger cannot be read: {problem}. The copy counts as \
             lost, so the plan creates it again."
        ))
        .hint("allow this run to read ConfigMaps in the control namespace, or plan again when the API server answers")
}
