//! Copies that were removed with their environment: absent, but still in the state.
//!
//! # Guarantees
//! - An absent copy makes no diff as long as its environment is ended.
//! - The update in which `environment` is unknown, which is the return of the environment, creates the copy again.

use eod_clients::Deadline;
use eod_clients::kubernetes::LedgerSnapshot;
use eod_domain::EnvironmentName;
use eod_domain::ledger::LedgerHead;
use tfplugin::{Attr, Diag, DraftOf, RequestContext, State};

use super::VaultClone;
use super::model::{Input, Output};
use crate::provider::Context;

/// True if the ledger says that the environment of a removed copy is ended; warns if it is. A ledger that cannot be read is a
/// warning: the copy then counts as lost.
pub(super) async fn is_ended(
    cx: &Context,
    prior: &State<VaultClone>,
    remote: &Deadline,
    call: &RequestContext,
) -> bool {
    let environment = prior.input.environment.to_string();
    // Any DNS label can be the environment of a copy, and a provider for Vault alone has no cluster.
    let (Ok(name), Ok(ledgers)) = (environment.parse::<EnvironmentName>(), cx.ledgers()) else { return false };
    let head = match ledgers.get(&name, remote).await {
        Ok(Some(LedgerSnapshot { head: Ok(head), .. })) => head,
        Ok(Some(LedgerSnapshot { head: Err(problem), .. })) => {
            call.warn(unknown_end(&name, &problem.to_string()));
            return false;
        }
        Ok(None) => return false,
        Err(error) => {
            call.warn(unknown_end(&name, &error.chain().to_string()));
            return false;
        }
    };
    let is_ended = head.is_absent();
    if is_ended {
        call.warn(ended(&name, &head, prior));
    }
    is_ended
}

/// Plans the return of an absent copy: its computed attributes are unknown.
pub(super) fn plan_return(draft: &mut DraftOf<'_, VaultClone>) {
    if draft.is_create() {
        return;
    }
    draft.private.returns = draft.private.absent && draft.planned(Input::ENVIRONMENT).is_unknown();
    if draft.private.returns {
        draft.set(Output::KEYS, Attr::Unknown);
        draft.set(Output::SECRET_REF, Attr::Unknown);
        draft.set(Output::CREATED_AT, Attr::Unknown);
    }
}

fn ended(name: &EnvironmentName, head: &LedgerHead, prior: &State<VaultClone>) -> Diag {
    let copy = prior.output.as_ref().map(|output| output.id.as_str()).unwrap_or_default();
    let reason = head.reason.map(|reason| format!(" with reason `{reason}`")).unwrap_or_default();
    Diag::warning(format!("The copy was removed with its environment: {copy}"))
        .detail(format!(
            "Environment `{name}` was ended{reason}, and its copy `{copy}` no longer exists. The copy stays in the state. It is \
             created again when the environment comes back."
        ))
        .hint(
            "set `environment = eod_environment.<name>.id`, so that both come back in one run; with `.name` the copy comes back \
             one apply later",
        )
}

fn unknown_end(name: &EnvironmentName, problem: &str) -> Diag {
    Diag::warning(format!("The ledger of environment {name} cannot be read"))
        .detail(format!(
            "A copy of secrets of the environment no longer exists, and its ledger cannot be read: {problem}. The copy counts as \
             lost, so the plan creates it again."
        ))
        .hint("allow this run to read ConfigMaps in the control namespace, or plan again when the API server answers")
}
