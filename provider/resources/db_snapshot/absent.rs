//! Databases that were removed with their environment: absent, but still in the state.
//!
//! # Guarantees
//! - An absent database makes no diff as long as its environment is ended.
//! - An update with an unknown `environment`, which is the return of the environment, creates the database again.
//!   Terraform plans it a second time when the environment is known; then its ledger shows that the environment exists.

use eod_clients::Deadline;
use eod_domain::ledger::LedgerHead;
use eod_domain::vault::EnvironmentLabel;
use tfplugin::{Attr, Diag, DraftOf, RequestContext, State, Text};

use super::DbSnapshot;
use super::model::{Input, Output};
use crate::environment_head::environment_head;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

/// True if the ledger shows that the environment of a removed database is ended; warns if it is. A ledger that cannot be
/// read is a warning: the database then counts as lost.
pub(super) async fn is_ended(
    cx: &Context,
    prior: &State<DbSnapshot>,
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
            call.warn(unreadable_warning(environment, &problem).detail(
                "The database of the environment no longer exists. It counts as lost, so the plan creates it again.",
            ));
            false
        }
    }
}

/// True if the ledger shows that the environment is ended or is being ended. No warning is given.
pub(super) async fn is_ending(cx: &Context, prior: &State<DbSnapshot>, remote: &Deadline) -> bool {
    let head = environment_head(cx, &prior.input.environment.0, remote).await;
    head.is_ok_and(|head| head.is_some_and(|head| head.is_absent()))
}

/// Plans the return of an absent database: its computed attributes are unknown.
pub(super) async fn plan_return(cx: &Context, draft: &mut DraftOf<'_, DbSnapshot>, call: &RequestContext) {
    draft.private.returns = false;
    if draft.is_create() || !draft.private.absent {
        return;
    }
    draft.private.returns =
        match draft.planned(Input::ENVIRONMENT) {
            Attr::Known(Text(environment)) => {
                let timeouts = draft.planned(Input::TIMEOUTS).known();
                let limit = TimeoutsArgs::of_or_default(timeouts.as_ref(), Operation::Read);
                let remote = Deadline::within(limit, call.cancel.clone());
                match environment_head(cx, &environment, &remote).await {
                    Ok(head) => head.is_some_and(|head| !head.is_absent()),
                    Err(problem) => {
                        call.warn(unreadable_warning(&environment, &problem).detail(
                            "The database was removed with its environment. The plan does not create it again.",
                        ));
                        false
                    }
                }
            }
            Attr::Null | Attr::Unknown => true,
        };
    if draft.private.returns {
        draft.set(Output::ID, Attr::Unknown);
        draft.set(Output::SECRET_REF, Attr::Unknown);
        draft.set(Output::GOLDEN_VERSION, Attr::Unknown);
        draft.set(Output::STRATEGY, Attr::Unknown);
        draft.set(Output::SCOPE, Attr::Unknown);
        draft.set(Output::MASKED_ROWS, Attr::Unknown);
        draft.set(Output::MASKING_SECONDS, Attr::Unknown);
        draft.set(Output::CLONE_SECONDS, Attr::Unknown);
        draft.set(Output::REPORT_DIGEST, Attr::Unknown);
        draft.set(Output::CREATED_AT, Attr::Unknown);
        draft.set(Output::STATUS, Attr::Unknown);
    }
}

fn ended_warning(name: &EnvironmentLabel, head: &LedgerHead, prior: &State<DbSnapshot>) -> Diag {
    let database = prior.output.as_ref().map(|output| output.id.as_str()).unwrap_or_default();
    let reason = head.reason.map(|reason| format!(" with reason `{reason}`")).unwrap_or_default();
    Diag::warning(format!("The database was removed with its environment: {database}"))
        .detail(format!(
            "Environment `{name}` was ended{reason}, and its database `{database}` no longer exists. The database stays in the state. \
             It is created again when the environment returns."
        ))
        .hint(
            "set `environment = eod_environment.<name>.id`, so that one run creates both again; with `.name` the database is \
             created one apply later",
        )
}

fn unreadable_warning(name: &EnvironmentLabel, problem: &str) -> Diag {
    Diag::warning(format!("The ledger of environment {name} cannot be read: {problem}"))
        .hint("allow this run to read ConfigMaps in the control namespace, or plan again when the API server answers")
}
